import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { notFound } from '../../../kernel/errors.ts';
import type { Secret } from '../secret.ts';
import { hasCode } from './errors.ts';

// A secret has two names at Secrets Manager: its own, and its ARN, which ends in six characters of its id.

type Named = Pick<Secret, 'id' | 'name'>;

const tailOf = (id: string): string => id.slice(-6);

export const arnOf = ({ region, accountNumber }: AwsContext, { id, name }: Named): string =>
  `arn:aws:secretsmanager:${region}:${accountNumber}:secret:${name}-${tailOf(id)}`;

/** What every answer says of the secret that it is about. */
export const naming = (context: AwsContext, secret: Named): { readonly ARN: string; readonly Name: string } => ({
  ARN: arnOf(context, secret),
  Name: secret.name,
});

const ARN = /^arn:aws:secretsmanager:([a-z0-9-]+):(\d{12}):secret:(.+)$/;
/** What our other doors take for a part of an id too. */
const PART_OF_ID = /^[0-9a-f-]{8,}$/i;

async function find(context: AwsContext, name: string): Promise<Secret | undefined> {
  try {
    const secret = (await context.execute('secrets.get', { id: name })) as Secret;
    return secret.name === name ? secret : undefined;
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND') || hasCode(error, 'INVALID_INPUT')) return undefined;
    throw error;
  }
}

/**
 * What our operations call the secret that a SecretId names: its name, its whole ARN or its ARN without the last six characters. Throws NOT_FOUND
 * for an ARN of another account or region, and where no secret is meant.
 */
export async function secretIn(context: AwsContext, secretId: string): Promise<string> {
  const [, region, account, rest = secretId] = ARN.exec(secretId) ?? [];
  const isArn = region !== undefined;
  if (!isArn && !PART_OF_ID.test(secretId)) return secretId;
  if (!isArn || (region === context.region && account === context.accountNumber)) {
    const [, name, tail] = (isArn && /^(.+)-([0-9a-f]{6})$/.exec(rest)) || [];
    const whole = name === undefined ? undefined : await find(context, name);
    if (whole && tailOf(whole.id) === tail) return whole.id;
    const other = await find(context, rest);
    if (other) return other.id;
  } else {
    // Who may read no secret is told that, whatever the ARN.
    await context.execute('secrets.list', { limit: 1 });
  }
  throw notFound('secret', secretId.slice(0, 300));
}
