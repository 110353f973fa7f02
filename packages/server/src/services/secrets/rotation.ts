import { conflict } from '../../kernel/errors.ts';
import { randomBelow } from '../../kernel/ids.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { Call } from '../../kernel/service.ts';
import { randomPassword } from './password.ts';
import { createPgSecretRepository } from './secret-repository.pg.ts';
import { DEFAULT_ROTATION_LENGTH, type SecretRow } from './secret.ts';
import { openValue, readValue, type SecretValue } from './value.ts';
import { CURRENT } from './version.ts';
import { storeVersion } from './versions.ts';

const DAY_MS = 86_400_000;

/** When a secret is rotated next, if the last time is now. */
export const nextRotation = (now: Date, days: number): Date => new Date(now.getTime() + days * DAY_MS);

/** The members of a JSON object that has a password; undefined: the text is none. */
function credentialsIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && typeof (value as { password?: unknown }).password === 'string')
      return value as Readonly<Record<string, unknown>>;
  } catch {
    // Not JSON: the whole text is the password.
  }
  return undefined;
}

/** The text with a new password: in its place in a JSON object, else as the whole. */
export function withPassword(text: string, password: string): string {
  const credentials = credentialsIn(text);
  return credentials ? JSON.stringify({ ...credentials, password }) : password;
}

type Inside = Pick<Call, 'sql' | 'tenantId' | 'userId' | 'now' | 'newId'>;

/**
 * Stores a random password as the current value of a secret whose row the transaction has locked. Throws CONFLICT if its value is bytes. The same
 * version id again changes nothing.
 */
export async function rotate(
  call: Inside,
  sealer: Sealer,
  secret: SecretRow,
  versionId?: string,
): Promise<{ readonly row: SecretRow; readonly isNew: boolean }> {
  const { sql, tenantId, now } = call;
  const secrets = createPgSecretRepository(sql);
  if (versionId !== undefined && (await secrets.findSealed(tenantId, secret.id, { id: versionId })))
    return { row: secret, isNew: false };
  await storeVersion(call, sealer, secret, await nextValue(call, sealer, secret), { id: versionId });
  await secrets.touch(tenantId, secret.id, now);
  const { rotation_days: days } = secret;
  return {
    row: await secrets.noteRotation(secret.id, days === null ? null : nextRotation(now, days), now),
    isNew: true,
  };
}

async function nextValue({ sql, tenantId }: Inside, sealer: Sealer, secret: SecretRow): Promise<SecretValue> {
  const length = secret.rotation_length ?? DEFAULT_ROTATION_LENGTH;
  // What programs paste into a URL or a shell without quoting it.
  const password = randomPassword({ length, exclude_punctuation: true }, randomBelow);
  const current = await createPgSecretRepository(sql).findSealed(tenantId, secret.id, { stage: CURRENT });
  if (!current) return readValue(password);
  if (current.is_binary)
    throw conflict(
      `the value of secret '${secret.name}' is bytes, and rotation makes a password; put a new value yourself: cloud secrets put ${secret.name}`,
    );
  return readValue(withPassword(openValue(sealer, tenantId, secret.id, current).value, password));
}
