import type { Secret } from '../secret.ts';
import type { SecretAction } from './action.ts';
import { naming, secretIn } from './names.ts';

export const cancelRotateSecret: SecretAction<'CancelRotateSecret'> = async (input, context) => {
  const id = await secretIn(context, input.SecretId);
  return naming(context, (await context.execute('secrets.cancelRotation', { id })) as Secret);
};
