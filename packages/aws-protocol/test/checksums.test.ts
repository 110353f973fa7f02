import { describe, expect, it } from 'vitest';
import { crc32c, crc64Nvme } from '../src/s3/crc.ts';

function crc64(...parts: Uint8Array[]): string {
  const crc = crc64Nvme();
  for (const part of parts) crc.update(part);
  return crc.digest().toString('hex');
}

/** A bit at a time, as the definition has it. */
function bitwise(bytes: Uint8Array, polynomial: bigint, width: bigint): bigint {
  const all = (1n << width) - 1n;
  let crc = all;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return crc ^ all;
}

describe('checksums that Node does not have', () => {
  it('CRC-32C gives the check value of the catalogue and the examples of RFC 3720, B.4', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
  });

  it('CRC-64/NVME gives the check value of the catalogue and the examples of the NVM command set', () => {
    expect(crc64(Buffer.from('123456789'))).toBe('ae8b14860a799888');
    expect(crc64(Buffer.alloc(4096))).toBe('6482d367eb22b64e');
    expect(crc64(Buffer.alloc(4096, 0xff))).toBe('c0ddba7302eca3ac');
  });

  it('agree with their definitions at every alignment and length, in one part or two', () => {
    const memory = new Uint8Array(128).map((_, i) => (i * 197 + 31) & 255);
    for (let offset = 0; offset < 5; offset++) {
      for (let length = 0; length < 70; length++) {
        const bytes = memory.subarray(offset, offset + length);
        const short = Number(bitwise(bytes, 0x82f63b78n, 32n));
        const long = bitwise(bytes, 0x9a6c9329ac4bc9b5n, 64n).toString(16).padStart(16, '0');
        expect([offset, length, crc32c(bytes), crc64(bytes)]).toEqual([offset, length, short, long]);
        const cut = (length * 7) % (length + 1);
        const parts = [bytes.subarray(0, cut), bytes.subarray(cut)] as const;
        expect(crc32c(parts[1], crc32c(parts[0]))).toBe(short);
        expect(crc64(...parts)).toBe(long);
      }
    }
  });
});
