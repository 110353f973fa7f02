import type { Secret } from '../secret.ts';
import type { SecretAction } from './action.ts';
import { naming, secretIn } from './names.ts';

/** No secret has one: roles say who may. */
export const getResourcePolicy: SecretAction<'GetResourcePolicy'> = async (input, context) => {
  const id = await secretIn(context, input.SecretId);
  return naming(context, (await context.execute('secrets.get', { id })) as Secret);
};
