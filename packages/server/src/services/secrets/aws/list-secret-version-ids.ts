import type { PageOf } from '../../../kernel/operation.ts';
import type { Secret } from '../secret.ts';
import type { SecretVersion } from '../version.ts';
import type { SecretAction } from './action.ts';
import { naming, secretIn } from './names.ts';

export const listSecretVersionIds: SecretAction<'ListSecretVersionIds'> = async (input, context) => {
  const id = await secretIn(context, input.SecretId);
  const secret = (await context.execute('secrets.get', { id })) as Secret;
  const { items, nextCursor } = (await context.execute('secrets.versions', {
    id,
    limit: input.MaxResults ?? 100,
    ...(input.NextToken ? { cursor: input.NextToken } : {}),
  })) as PageOf<SecretVersion>;
  return {
    ...naming(context, secret),
    Versions: items
      .filter(({ stages }) => stages.length > 0 || input.IncludeDeprecated === true)
      .map((version) => ({
        VersionId: version.id,
        VersionStages: [...version.stages],
        CreatedDate: new Date(version.created_at),
      })),
    ...(nextCursor === undefined ? {} : { NextToken: nextCursor }),
  };
};
