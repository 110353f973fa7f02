import type { SecretAction } from './action.ts';
import { secretIn } from './names.ts';

export const untagResource: SecretAction<'UntagResource'> = async (input, context) => {
  await context.execute('secrets.removeLabels', { id: await secretIn(context, input.SecretId), keys: input.TagKeys });
};
