import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32c, crc64Nvme } from './crc.ts';

export type ChecksumName = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256' | 'sha512' | 'md5';
export const CHECKSUMS: readonly ChecksumName[] = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256', 'sha512', 'md5'];

export interface Checksum {
  update(bytes: Uint8Array): void;
  /** Base64 of the big-endian value, as S3 writes checksums. */
  digest(): string;
}

export function createChecksum(name: ChecksumName): Checksum {
  if (name === 'crc32') return new Crc32Like(crc32);
  if (name === 'crc32c') return new Crc32Like(crc32c);
  if (name === 'crc64nvme') return new Crc64();
  return new Digest(name);
}

class Crc32Like implements Checksum {
  readonly #step: (bytes: Uint8Array, before: number) => number;
  #value = 0;
  constructor(step: (bytes: Uint8Array, before: number) => number) {
    this.#step = step;
  }
  update(bytes: Uint8Array): void {
    this.#value = this.#step(bytes, this.#value);
  }
  digest(): string {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(this.#value >>> 0);
    return out.toString('base64');
  }
}

class Crc64 implements Checksum {
  readonly #crc = crc64Nvme();
  update(bytes: Uint8Array): void {
    this.#crc.update(bytes);
  }
  digest(): string {
    return this.#crc.digest().toString('base64');
  }
}

class Digest implements Checksum {
  readonly #hash: Hash;
  constructor(name: string) {
    this.#hash = createHash(name);
  }
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }
  digest(): string {
    return this.#hash.digest('base64');
  }
}
