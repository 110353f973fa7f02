import { createHmac, hash, timingSafeEqual } from 'node:crypto';

const BLOCK = 64;

/**
 * An HMAC-SHA256 key with its two padded blocks made once. Two one-shot hashes take 5 us; `createHmac` took 25 us a call
 * in Node 24, most of it in wrapping the key.
 */
export class HmacKey {
  readonly bytes: Buffer;
  readonly #inner = Buffer.alloc(BLOCK, 0x36);
  #message = Buffer.alloc(0);
  readonly #outer = Buffer.alloc(BLOCK + 32, 0x5c);

  constructor(bytes: Buffer) {
    if (bytes.length > BLOCK) throw new RangeError('an HMAC key of more than 64 bytes');
    this.bytes = bytes;
    for (let i = 0; i < bytes.length; i++) {
      this.#inner[i] = (bytes[i] as number) ^ 0x36;
      this.#outer[i] = (bytes[i] as number) ^ 0x5c;
    }
  }

  hex(text: string): string {
    const length = BLOCK + Buffer.byteLength(text);
    // What one key signs is nearly always of one length. A buffer a call would be work for the garbage collector.
    if (this.#message.length !== length) {
      this.#message = Buffer.alloc(length);
      this.#inner.copy(this.#message);
    }
    this.#message.write(text, BLOCK);
    this.#outer.write(hash('sha256', this.#message, 'binary'), BLOCK, 'binary');
    return hash('sha256', this.#outer, 'hex');
  }
}

/** What a key is derived for. */
export interface KeyScope {
  /** Tells it and its access key from all others. */
  readonly id: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** Letters of a scope with its access key: a region may be as long as a header, and those of AWS have 150 in all. */
const LONGEST_KEPT = 512;

/** Keys derived for one day, region and service, kept because deriving one costs four HMACs. */
export class SigningKeys {
  readonly #kept = new Map<string, { secret: string; key: HmacKey }>();
  readonly #size: number;

  /** `size`: how many keys `keep` holds; the one least recently used goes first. */
  constructor(size = 2000) {
    this.#size = size;
  }

  get({ id, date, region, service }: KeyScope, secret: string): HmacKey {
    const known = this.#kept.get(id);
    if (known && known.secret === secret) {
      if (this.#kept.size * 2 > this.#size) {
        this.#kept.delete(id);
        this.#kept.set(id, known);
      }
      return known.key;
    }
    return new HmacKey(deriveKey(secret, date, region, service));
  }

  /**
   * Keeps a key that `get` gave, once a signature by it was found good: a caller who only knows the name of an access key makes the server
   * keep nothing and throw out nothing.
   */
  keep({ id }: KeyScope, secret: string, key: HmacKey): void {
    if (id.length > LONGEST_KEPT || this.#kept.get(id)?.key === key) return;
    this.#kept.delete(id);
    this.#kept.set(id, { secret, key });
    if (this.#kept.size > this.#size) this.#kept.delete(this.#kept.keys().next().value as string);
  }
}

export function deriveKey(secret: string, date: string, region: string, service: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request');
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function hmacHex(key: string | Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

const left64 = Buffer.alloc(64);
const right64 = Buffer.alloc(64);

/** `sameText` of two digests: 64 letters of ASCII each. */
export function sameDigest(a: string, b: string): boolean {
  if (a.length !== 64 || b.length !== 64) return false;
  left64.write(a, 'latin1');
  right64.write(b, 'latin1');
  return timingSafeEqual(left64, right64);
}

/** Compares in a time that depends on the lengths only. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
