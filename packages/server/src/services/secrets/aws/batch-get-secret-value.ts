import type { Static } from 'typebox';
import { CloudError, invalidInput } from '../../../kernel/errors.ts';
import type { PageOf } from '../../../kernel/operation.ts';
import type { RevealedSecret } from '../operations.ts';
import type { Secret } from '../secret.ts';
import type { SecretAction } from './action.ts';
import { SECRET_CODES } from './errors.ts';
import { filtersIn } from './filters.ts';
import { secretIn } from './names.ts';
import { shownValue } from './values.ts';

/** Secrets of one call, as at AWS. Each is read, and audited, by itself. */
const MOST = 20;

const CODES: Readonly<Record<string, string>> = { ...SECRET_CODES, NOT_FOUND: 'ResourceNotFoundException' };

export const batchGetSecretValue: SecretAction<'BatchGetSecretValue'> = async (input, context) => {
  const { SecretIdList: ids = [], Filters: filters = [] } = input;
  if (ids.length > 0 === filters.length > 0)
    throw invalidInput('Either SecretIdList or Filters must be given, and not both.');
  if (ids.length > MOST) throw invalidInput(`SecretIdList: at most ${MOST} secrets are allowed`);
  let named: readonly string[] = ids;
  let nextToken: string | undefined;
  if (ids.length === 0) {
    const page = (await context.execute('secrets.list', {
      limit: input.MaxResults ?? MOST,
      deleting: false,
      ...filtersIn(filters),
      ...(input.NextToken ? { cursor: input.NextToken } : {}),
    })) as PageOf<Secret>;
    named = page.items.map(({ id }) => id);
    nextToken = page.nextCursor;
  }
  const SecretValues = [];
  const Errors = [];
  for (const name of named) {
    try {
      const id = ids.length === 0 ? name : await secretIn(context, name);
      const revealed = (await context.execute('secrets.reveal', { id })) as Static<typeof RevealedSecret>;
      SecretValues.push(shownValue(context, revealed));
    } catch (error) {
      const code = error instanceof CloudError ? CODES[error.code] : undefined;
      if (code === undefined) throw error;
      Errors.push({ SecretId: name, ErrorCode: code, Message: (error as CloudError).message });
    }
  }
  return { SecretValues, Errors, ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
};
