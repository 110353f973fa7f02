import { invalidInput } from '../../../kernel/errors.ts';
import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';
import { changePolicy } from './policies.ts';

export const removePermission: SqsAction<'RemovePermission'> = async (input, context) => {
  const { Label: label } = input;
  await changePolicy(queueNameIn(input.QueueUrl, context), context, (policy) => {
    const rest = policy?.Statement.filter(({ Sid }) => Sid !== label) ?? [];
    if (rest.length === (policy?.Statement.length ?? 0))
      throw invalidInput(
        `Value ${label.slice(0, 100)} for parameter Label is invalid. Reason: can't find label on existing policy.`,
      );
    return rest.length > 0 ? { ...policy!, Statement: rest } : undefined;
  });
};
