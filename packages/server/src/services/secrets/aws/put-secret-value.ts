import { invalidInput } from '../../../kernel/errors.ts';
import type { StoredVersion } from '../version.ts';
import type { SecretAction } from './action.ts';
import { naming, secretIn } from './names.ts';
import { tokenIn, valueIn } from './values.ts';

export const putSecretValue: SecretAction<'PutSecretValue'> = async (input, context) => {
  const value = valueIn(input);
  if (Object.keys(value).length === 0) throw invalidInput('You must provide either SecretString or SecretBinary.');
  const id = await secretIn(context, input.SecretId);
  const version = (await context.execute('secrets.put', {
    id,
    ...value,
    ...tokenIn(input),
    ...(input.VersionStages?.length ? { stages: input.VersionStages } : {}),
  })) as StoredVersion;
  const secret = { id: version.secret_id, name: version.secret_name };
  return { ...naming(context, secret), VersionId: version.id, VersionStages: [...version.stages] };
};
