import { invalidInput } from '../../../kernel/errors.ts';
import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';
import { changePolicy } from './policies.ts';

/** AWS writes a list of one as its one. */
const oneOrAll = (list: readonly string[]) => (list.length === 1 ? list[0]! : list);

export const addPermission: SqsAction<'AddPermission'> = async (input, context) => {
  const { Label: label } = input;
  await changePolicy(queueNameIn(input.QueueUrl, context), context, (policy, { arn }) => {
    if (policy?.Statement.some(({ Sid }) => Sid === label))
      throw invalidInput(`Value ${label.slice(0, 100)} for parameter Label is invalid. Reason: Already exists.`);
    return {
      ...(policy ?? { Version: '2012-10-17', Id: `${arn}/SQSDefaultPolicy` }),
      Statement: [
        ...(policy?.Statement ?? []),
        {
          Sid: label,
          Effect: 'Allow',
          Principal: { AWS: oneOrAll(input.AWSAccountIds.map((account) => `arn:aws:iam::${account}:root`)) },
          Action: oneOrAll(input.Actions.map((action) => `SQS:${action}`)),
          Resource: arn,
        },
      ],
    };
  });
};
