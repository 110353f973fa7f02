import { createHash, hash, randomBytes, randomFillSync, randomInt } from 'node:crypto';

/** Random bytes are drawn 4 KiB at a time: a call for 16 costs as much, and every request makes several ids. */
const pool = Buffer.alloc(4096);
let drawn = pool.length;
function takeRandom(bytes: number): Buffer {
  if (drawn + bytes > pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  drawn += bytes;
  return Buffer.from(pool.subarray(drawn - bytes, drawn));
}

/** A UUIDv7 (RFC 9562 section 5.7): 48 bits of milliseconds, then random bits, so that new rows land together in an index. */
export function newId(nowMs: number = Date.now()): string {
  const bytes = takeRandom(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => UUID.test(text);

/** EC2's form of an id: a prefix and the last 17 hex digits, 66 random bits of them. The column `ec2_id` of a table holds the same. */
export const ec2Id = (prefix: string, id: string): string => `${prefix}-${id.replaceAll('-', '').slice(-17)}`;

export const isEc2Id = (prefix: string, text: string): boolean =>
  text.startsWith(`${prefix}-`) && /^[0-9a-f]{17}$/.test(text.slice(prefix.length + 1));

/** `bytes` random bytes as lower-case hex. */
export const newSecret = (bytes: number): string => randomBytes(bytes).toString('hex');

/** As {@link newSecret}, for what only has to differ from others, at a fraction of the cost. */
export const randomHex = (bytes: number): string => takeRandom(bytes).toString('hex');

/** A uniform random integer in [0, max). */
export const randomBelow = (max: number): number => randomInt(max);

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The digest that SQS's clients check; no secret depends on it. */
export const md5Hex = (data: string | Uint8Array): string => hash('md5', data, 'hex');

/** A random 12-digit account number that does not start with 0, as AWS tools expect in an ARN. */
export const newAccountNumber = (): string => String(randomInt(100_000_000_000, 1_000_000_000_000));

/** An AWS-shaped key pair: `AKIA`, or `ASIA` for a temporary one, + 16 of base32, and 40 characters of secret. */
export function newAwsKeyPair(prefix: 'AKIA' | 'ASIA' = 'AKIA'): { accessKeyId: string; secretAccessKey: string } {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const id = Array.from(randomBytes(16), (byte) => alphabet[byte % 32]).join('');
  return { accessKeyId: `${prefix}${id}`, secretAccessKey: randomBytes(30).toString('base64url') };
}

/** Whether a text has the form of an access key id of ours. */
export const isAwsAccessKeyId = (text: string): boolean => /^A[KS]IA[A-Z2-7]{16}$/.test(text);

/** What AWS clients send beside the signature of a temporary key. */
export const newAwsSessionToken = (): string => randomBytes(96).toString('base64url');

/** A new API key, `thecloud_` and 32 hex digits, with the hash that is stored and the beginning that is shown. */
export function newApiKey(): { key: string; hash: string; prefix: string } {
  const key = `thecloud_${newSecret(16)}`;
  return { key, hash: sha256Hex(key), prefix: key.slice(0, 13) };
}
