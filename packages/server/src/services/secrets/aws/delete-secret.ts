import { systemClock } from '../../../kernel/clock.ts';
import type { Secret } from '../secret.ts';
import type { SecretAction } from './action.ts';
import { naming, secretIn } from './names.ts';

export const deleteSecret: SecretAction<'DeleteSecret'> = async (input, context) => {
  const isForced = input.ForceDeleteWithoutRecovery === true;
  const secret = (await context.execute('secrets.get', { id: await secretIn(context, input.SecretId) })) as Secret;
  await context.execute('secrets.delete', {
    id: secret.id,
    ...(isForced ? { force: true } : {}),
    ...(input.RecoveryWindowInDays === undefined ? {} : { recovery_days: input.RecoveryWindowInDays }),
  });
  if (isForced) return { ...naming(context, secret), DeletionDate: new Date(systemClock.now()) };
  const left = (await context.execute('secrets.get', { id: secret.id })) as Secret;
  return { ...naming(context, secret), DeletionDate: new Date(left.deletes_at!) };
};
