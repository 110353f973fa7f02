import type { PageOf } from '../../../kernel/operation.ts';
import { newId } from '../../../kernel/ids.ts';
import type { AwsContext } from '../../../kernel/aws-actions.ts';
import type { Secret } from '../secret.ts';
import type { SecretVersion } from '../version.ts';
import type { SecretAction } from './action.ts';
import { hasCode, SecretsManagerError, unsupported } from './errors.ts';
import { naming } from './names.ts';
import { labelsIn } from './tags.ts';
import { valueIn } from './values.ts';

/** The key that AWS has for who brings none. */
const OWN_KEY = /^(?:alias\/aws\/secretsmanager)?$/;

export function refuseKey(key: string | undefined): void {
  if (key !== undefined && !OWN_KEY.test(key))
    throw unsupported(
      'KmsKeyId: there are no keys of your own; values are encrypted under a key of the tenant. Leave it out.',
    );
}

export const createSecret: SecretAction<'CreateSecret'> = async (input, context) => {
  refuseKey(input.KmsKeyId);
  if (input.AddReplicaRegions?.length)
    throw unsupported('AddReplicaRegions: there is one region, so nothing can be replicated. Leave it out.');
  const value = valueIn(input);
  const hasValue = Object.keys(value).length > 0;
  const versionId = input.ClientRequestToken ?? newId();
  try {
    const secret = (await context.execute('secrets.create', {
      name: input.Name,
      ...value,
      ...(hasValue ? { version_id: versionId } : {}),
      ...(input.Description ? { description: input.Description } : {}),
      ...(input.Tags?.length ? { labels: labelsIn(input.Tags) } : {}),
    })) as Secret;
    return { ...naming(context, secret), ...(hasValue ? { VersionId: versionId } : {}) };
  } catch (error) {
    if (!hasCode(error, 'CONFLICT')) throw error;
    return answerAgain(context, input.Name, value, input.ClientRequestToken, error.message);
  }
};

/** The same call sent again, by its token, creates nothing more. */
async function answerAgain(
  context: AwsContext,
  name: string,
  value: Readonly<Record<string, unknown>>,
  token: string | undefined,
  message: string,
) {
  const secret = (await context.execute('secrets.get', { id: name })) as Secret;
  if (secret.deletes_at !== undefined)
    throw new SecretsManagerError(
      'InvalidRequestException',
      `You can't create this secret because a secret with this name is already scheduled for deletion: '${name}'. Restore it, or delete it with ForceDeleteWithoutRecovery.`,
    );
  const versions = (await context.execute('secrets.versions', { id: secret.id, limit: 1000 })) as PageOf<SecretVersion>;
  if (token === undefined || !versions.items.some(({ id }) => id === token))
    throw new SecretsManagerError('ResourceExistsException', message);
  // Refused if it has another value.
  await context.execute('secrets.put', { id: secret.id, ...value, version_id: token });
  return { ...naming(context, secret), VersionId: token };
}
