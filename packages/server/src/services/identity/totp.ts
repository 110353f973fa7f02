import { createHmac, timingSafeEqual } from 'node:crypto';
import { newSecret } from '../../kernel/ids.ts';

/** Seconds of a time step, and digits of a code: what every authenticator app assumes (RFC 6238, section 5.2). */
const STEP_SECONDS = 30;
const DIGITS = 6;
/** Bytes of a secret: as long as SHA-1's result (RFC 4226, section 4, R6). */
const SECRET_BYTES = 20;
/** Steps before and after the present one whose code is good too, for clocks that are apart and people who type (RFC 6238, section 5.2). */
const WINDOW = 1;

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, section 6, without padding, as authenticator apps read it. */
export function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (char) => BASE32.indexOf(char).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
}

/** A new secret, in base32. */
export const newTotpSecret = (): string => base32(Buffer.from(newSecret(SECRET_BYTES), 'hex'));

/** The number of the time step at this time (milliseconds since the epoch). */
export const stepAt = (nowMs: number): number => Math.floor(nowMs / 1000 / STEP_SECONDS);

/** The code of a time step: HOTP (RFC 4226, section 5.3) of the step's number. `secret` is in base32. */
export function codeOfStep(secret: string, step: number, digits: number = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const offset = mac.at(-1)! & 0x0f;
  return String((mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits).padStart(digits, '0');
}

/** The time step, the present one or one beside it, whose code this is. Undefined: of none. */
export function stepOfCode(secret: string, code: string, nowMs: number): number | undefined {
  const now = stepAt(nowMs);
  const given = Buffer.from(code);
  for (let step = now - WINDOW; step <= now + WINDOW; step++) {
    const wanted = Buffer.from(codeOfStep(secret, step));
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) return step;
  }
  return undefined;
}

/** What an authenticator app reads, often from a QR code (Google Authenticator's key URI format). */
export const totpUri = (secret: string, account: string): string =>
  `otpauth://totp/${encodeURIComponent(`The Cloud:${account}`)}?${new URLSearchParams({ secret, issuer: 'The Cloud' }).toString().replaceAll('+', '%20')}`;
