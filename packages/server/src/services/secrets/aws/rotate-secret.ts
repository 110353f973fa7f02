import { newId } from '../../../kernel/ids.ts';
import type { Secret } from '../secret.ts';
import type { SecretAction } from './action.ts';
import { unsupported } from './errors.ts';
import { naming, secretIn } from './names.ts';

/** Days between two rotations. */
function daysIn(
  rules: {
    readonly AutomaticallyAfterDays?: number | undefined;
    readonly ScheduleExpression?: string | undefined;
    readonly Duration?: string | undefined;
  } = {},
): number | undefined {
  if (rules.Duration !== undefined)
    throw unsupported('RotationRules.Duration: a rotation begins within a minute of its time. Leave it out.');
  if (rules.ScheduleExpression === undefined) return rules.AutomaticallyAfterDays;
  const [, days] = /^rate\((\d{1,4}) days?\)$/.exec(rules.ScheduleExpression) ?? [];
  if (days === undefined)
    throw unsupported(
      `RotationRules.ScheduleExpression: '${rules.ScheduleExpression.slice(0, 100)}' is not supported; use rate(10 days), or AutomaticallyAfterDays`,
    );
  return Number(days);
}

export const rotateSecret: SecretAction<'RotateSecret'> = async (input, context) => {
  if (input.RotationLambdaARN)
    throw unsupported(
      'RotationLambdaARN: there are no functions that rotate secrets. Leave it out: the platform makes a random password.',
    );
  const days = daysIn(input.RotationRules);
  const id = await secretIn(context, input.SecretId);
  let secret: Secret | undefined;
  if (days !== undefined) secret = (await context.execute('secrets.setRotation', { id, days })) as Secret;
  if (input.RotateImmediately === false && secret) return naming(context, secret);
  const version = input.ClientRequestToken ?? newId();
  secret = (await context.execute('secrets.rotate', { id, version_id: version })) as Secret;
  return { ...naming(context, secret), VersionId: version };
};
