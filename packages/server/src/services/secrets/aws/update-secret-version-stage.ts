import type { Secret } from '../secret.ts';
import type { SecretAction } from './action.ts';
import { naming, secretIn } from './names.ts';

export const updateSecretVersionStage: SecretAction<'UpdateSecretVersionStage'> = async (input, context) => {
  const secret = (await context.execute('secrets.moveStage', {
    id: await secretIn(context, input.SecretId),
    stage: input.VersionStage,
    move_to: input.MoveToVersionId ?? null,
    // Without it, the stage must be at no version.
    remove_from: input.RemoveFromVersionId ?? null,
  })) as Secret;
  return naming(context, secret);
};
