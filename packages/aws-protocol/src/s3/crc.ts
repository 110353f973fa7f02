/**
 * CRC-32C and CRC-64/NVME by slicing-by-8: eight tables of 256, eight bytes a step. Node's zlib has CRC-32 only.
 * Polynomials (reflected): 0x82f63b78; 0x9a6c9329ac4bc9b5.
 */

const C = tables32(0x82f63b78);

function tables32(polynomial: number): Uint32Array[] {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    (tables[0] as Uint32Array)[i] = value;
  }
  for (let t = 1; t < 8; t++) {
    const before = tables[t - 1] as Uint32Array;
    for (let i = 0; i < 256; i++) {
      const value = before[i] as number;
      (tables[t] as Uint32Array)[i] = (value >>> 8) ^ ((tables[0] as Uint32Array)[value & 255] as number);
    }
  }
  return tables;
}

export function crc32c(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = C as unknown as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let crc = ~before;
  let at = 0;
  const end = bytes.length - 8;
  for (; at <= end; at += 8) {
    const low =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    crc =
      (t7[low & 255] as number) ^
      (t6[(low >>> 8) & 255] as number) ^
      (t5[(low >>> 16) & 255] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[at] as number)) & 255] as number);
  return ~crc >>> 0;
}

/** The 64-bit tables as two halves, since 64-bit integers are slow in JavaScript. */
const LOW = Array.from({ length: 8 }, () => new Int32Array(256));
const HIGH = Array.from({ length: 8 }, () => new Int32Array(256));
{
  const polyHigh = 0x9a6c9329 | 0;
  const polyLow = 0xac4bc9b5 | 0;
  for (let i = 0; i < 256; i++) {
    let high = 0;
    let low = i;
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (odd) {
        low ^= polyLow;
        high ^= polyHigh;
      }
    }
    (LOW[0] as Int32Array)[i] = low;
    (HIGH[0] as Int32Array)[i] = high;
  }
  for (let t = 1; t < 8; t++) {
    for (let i = 0; i < 256; i++) {
      const low = (LOW[t - 1] as Int32Array)[i] as number;
      const high = (HIGH[t - 1] as Int32Array)[i] as number;
      (LOW[t] as Int32Array)[i] = ((low >>> 8) | (high << 24)) ^ ((LOW[0] as Int32Array)[low & 255] as number);
      (HIGH[t] as Int32Array)[i] = (high >>> 8) ^ ((HIGH[0] as Int32Array)[low & 255] as number);
    }
  }
}

export function crc64Nvme(): { update(bytes: Uint8Array): void; digest(): Buffer } {
  const [l0, l1, l2, l3, l4, l5, l6, l7] = LOW as unknown as Int32Array[] & { [n: number]: Int32Array };
  const [h0, h1, h2, h3, h4, h5, h6, h7] = HIGH as unknown as Int32Array[] & { [n: number]: Int32Array };
  let low = -1;
  let high = -1;
  return {
    update(bytes) {
      let a = low;
      let b = high;
      let at = 0;
      const end = bytes.length - 8;
      for (; at <= end; at += 8) {
        a ^=
          (bytes[at] as number) |
          ((bytes[at + 1] as number) << 8) |
          ((bytes[at + 2] as number) << 16) |
          ((bytes[at + 3] as number) << 24);
        b ^=
          (bytes[at + 4] as number) |
          ((bytes[at + 5] as number) << 8) |
          ((bytes[at + 6] as number) << 16) |
          ((bytes[at + 7] as number) << 24);
        const i7 = a & 255;
        const i6 = (a >>> 8) & 255;
        const i5 = (a >>> 16) & 255;
        const i4 = a >>> 24;
        const i3 = b & 255;
        const i2 = (b >>> 8) & 255;
        const i1 = (b >>> 16) & 255;
        const i0 = b >>> 24;
        a =
          (l7 as Int32Array)[i7]! ^
          (l6 as Int32Array)[i6]! ^
          (l5 as Int32Array)[i5]! ^
          (l4 as Int32Array)[i4]! ^
          (l3 as Int32Array)[i3]! ^
          (l2 as Int32Array)[i2]! ^
          (l1 as Int32Array)[i1]! ^
          (l0 as Int32Array)[i0]!;
        b =
          (h7 as Int32Array)[i7]! ^
          (h6 as Int32Array)[i6]! ^
          (h5 as Int32Array)[i5]! ^
          (h4 as Int32Array)[i4]! ^
          (h3 as Int32Array)[i3]! ^
          (h2 as Int32Array)[i2]! ^
          (h1 as Int32Array)[i1]! ^
          (h0 as Int32Array)[i0]!;
      }
      for (; at < bytes.length; at++) {
        const i = (a ^ (bytes[at] as number)) & 255;
        a = ((a >>> 8) | (b << 24)) ^ (l0 as Int32Array)[i]!;
        b = (b >>> 8) ^ (h0 as Int32Array)[i]!;
      }
      low = a;
      high = b;
    },
    digest() {
      const out = Buffer.alloc(8);
      out.writeInt32BE(~high, 0);
      out.writeInt32BE(~low, 4);
      return out;
    },
  };
}
