import type { SecretAction } from './action.ts';
import { secretIn } from './names.ts';
import { labelsIn } from './tags.ts';

export const tagResource: SecretAction<'TagResource'> = async (input, context) => {
  const labels = labelsIn(input.Tags);
  await context.execute('secrets.setLabels', { id: await secretIn(context, input.SecretId), labels });
};
