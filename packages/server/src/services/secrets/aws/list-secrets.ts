import type { PageOf } from '../../../kernel/operation.ts';
import type { Secret } from '../secret.ts';
import type { SecretAction } from './action.ts';
import { described } from './described.ts';
import { unsupported } from './errors.ts';
import { filtersIn } from './filters.ts';

export const listSecrets: SecretAction<'ListSecrets'> = async (input, context) => {
  if (input.SortOrder === 'asc')
    throw unsupported("SortOrder: secrets are listed the newest first; 'asc' is not supported.");
  const { items, nextCursor } = (await context.execute('secrets.list', {
    limit: input.MaxResults ?? 100,
    deleting: input.IncludePlannedDeletion === true,
    ...filtersIn(input.Filters),
    ...(input.NextToken ? { cursor: input.NextToken } : {}),
  })) as PageOf<Secret>;
  return {
    SecretList: items.map((secret) => described(context, secret)),
    ...(nextCursor === undefined ? {} : { NextToken: nextCursor }),
  };
};
