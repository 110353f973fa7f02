import type { Secret } from '../secret.ts';
import type { StoredVersion } from '../version.ts';
import type { SecretAction } from './action.ts';
import { refuseKey } from './create-secret.ts';
import { naming, secretIn } from './names.ts';
import { tokenIn, valueIn } from './values.ts';

export const updateSecret: SecretAction<'UpdateSecret'> = async (input, context) => {
  refuseKey(input.KmsKeyId);
  const value = valueIn(input);
  const id = await secretIn(context, input.SecretId);
  const hasValue = Object.keys(value).length > 0;
  let secret: Pick<Secret, 'id' | 'name'> | undefined;
  if (input.Description !== undefined)
    secret = (await context.execute('secrets.update', { id, description: input.Description })) as Secret;
  if (!hasValue) return naming(context, secret ?? ((await context.execute('secrets.get', { id })) as Secret));
  const stored = (await context.execute('secrets.put', { id, ...value, ...tokenIn(input) })) as StoredVersion;
  return { ...naming(context, { id: stored.secret_id, name: stored.secret_name }), VersionId: stored.id };
};
