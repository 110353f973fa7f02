import type { PageOf } from '../../../kernel/operation.ts';
import type { Secret } from '../secret.ts';
import type { SecretVersion } from '../version.ts';
import type { SecretAction } from './action.ts';
import { described } from './described.ts';
import { secretIn } from './names.ts';

export const describeSecret: SecretAction<'DescribeSecret'> = async (input, context) => {
  const id = await secretIn(context, input.SecretId);
  const secret = (await context.execute('secrets.get', { id })) as Secret;
  const { items } = (await context.execute('secrets.versions', { id, limit: 1000 })) as PageOf<SecretVersion>;
  const staged = items.filter(({ stages }) => stages.length > 0);
  return {
    ...described(context, secret),
    VersionIdsToStages: Object.fromEntries(staged.map((version) => [version.id, [...version.stages]])),
  };
};
