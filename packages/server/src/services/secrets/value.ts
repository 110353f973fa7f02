import { invalidInput } from '../../kernel/errors.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { LIMITS } from './secret.ts';
import { encodingOf, type SealedVersionRow } from './version.ts';

/** A value as it is sealed. */
export interface SecretValue {
  /** The text, or base64 of the bytes. */
  readonly text: string;
  readonly isBinary: boolean;
  /** Bytes of the value itself. */
  readonly size: number;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Throws INVALID_INPUT, without the value, for one that is too long or no base64. */
export function readValue(value: string, encoding: 'text' | 'base64' = 'text'): SecretValue {
  const isBinary = encoding === 'base64';
  if (isBinary && !BASE64.test(value))
    throw invalidInput('value is not base64 (A-Z, a-z, 0-9, + and /, filled with = to groups of four)');
  const size = Buffer.byteLength(value, isBinary ? 'base64' : 'utf8');
  if (size > LIMITS.value) throw invalidInput(`value has ${size} bytes; at most ${LIMITS.value} are allowed`);
  return { text: value, isBinary, size };
}

/** What a value is sealed for: one secret of one tenant. */
const purposeOf = (secretId: string): string => `secret ${secretId}`;

export const sealValue = (
  sealer: Pick<Sealer, 'seal'>,
  tenantId: string,
  secretId: string,
  { text }: SecretValue,
): string => sealer.seal(tenantId, purposeOf(secretId), text);

export const openValue = (
  sealer: Pick<Sealer, 'open'>,
  tenantId: string,
  secretId: string,
  version: SealedVersionRow,
): { readonly value: string; readonly encoding: 'text' | 'base64' } => ({
  value: sealer.open(tenantId, purposeOf(secretId), version.sealed),
  encoding: encodingOf(version),
});
