/**
 * CRC-32C and CRC-64/NVME by slicing: 16 and 8 bytes a step, each byte with a table of its own. Node's zlib has CRC-32
 * only. Polynomials (reflected): 0x82f63b78; 0x9a6c9329ac4bc9b5.
 *
 * The bytes are taken as 32-bit words through a view, and the tables lie one behind the other in one array: measured,
 * that is three to four times as fast as bytes put together and tables apart.
 */

/** Table t of a CRC begins at 256 * t. */
const T = new Int32Array(16 * 256);
/** The 64-bit tables as two halves, since 64-bit integers are slow in JavaScript. */
const LOW = new Int32Array(8 * 256);
const HIGH = new Int32Array(8 * 256);

for (let i = 0; i < T.length; i++) {
  if (i >= 256) {
    const before = T[i - 256] as number;
    T[i] = (before >>> 8) ^ (T[before & 255] as number);
    continue;
  }
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  T[i] = value;
}
for (let i = 0; i < LOW.length; i++) {
  if (i >= 256) {
    const low = LOW[i - 256] as number;
    const high = HIGH[i - 256] as number;
    LOW[i] = ((low >>> 8) | (high << 24)) ^ (LOW[low & 255] as number);
    HIGH[i] = (high >>> 8) ^ (HIGH[low & 255] as number);
    continue;
  }
  let low = i;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (odd) {
      low ^= 0xac4bc9b5;
      high ^= 0x9a6c9329;
    }
  }
  LOW[i] = low;
  HIGH[i] = high;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Where the first aligned word begins, and the words from there on; none on a machine that would read them reversed. */
function wordsOf(bytes: Uint8Array): { start: number; words: Int32Array } {
  const start = Math.min(-bytes.byteOffset & 3, bytes.length);
  const count = LITTLE_ENDIAN ? (bytes.length - start) >>> 2 : 0;
  return { start, words: count === 0 ? EMPTY : new Int32Array(bytes.buffer, bytes.byteOffset + start, count) };
}
const EMPTY = new Int32Array(0);

/** `before`: the CRC of the bytes before these. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const { start, words } = wordsOf(bytes);
  let crc = ~before;
  let at = 0;
  for (; at < start; at++) crc = (crc >>> 8) ^ T[(crc ^ bytes[at]!) & 255]!;
  const end = words.length & ~3;
  for (let i = 0; i < end; i += 4) {
    const a = crc ^ words[i]!;
    const b = words[i + 1]!;
    const c = words[i + 2]!;
    const d = words[i + 3]!;
    crc =
      T[3840 + (a & 255)]! ^
      T[3584 + ((a >>> 8) & 255)]! ^
      T[3328 + ((a >>> 16) & 255)]! ^
      T[3072 + (a >>> 24)]! ^
      T[2816 + (b & 255)]! ^
      T[2560 + ((b >>> 8) & 255)]! ^
      T[2304 + ((b >>> 16) & 255)]! ^
      T[2048 + (b >>> 24)]! ^
      T[1792 + (c & 255)]! ^
      T[1536 + ((c >>> 8) & 255)]! ^
      T[1280 + ((c >>> 16) & 255)]! ^
      T[1024 + (c >>> 24)]! ^
      T[768 + (d & 255)]! ^
      T[512 + ((d >>> 8) & 255)]! ^
      T[256 + ((d >>> 16) & 255)]! ^
      T[d >>> 24]!;
  }
  for (at += end * 4; at < bytes.length; at++) crc = (crc >>> 8) ^ T[(crc ^ bytes[at]!) & 255]!;
  return ~crc >>> 0;
}

/** `digest` gives the eight bytes of the value, big endian. Sixteen bytes a step were measured slower here. */
export function crc64Nvme(): { update(bytes: Uint8Array): void; digest(): Buffer } {
  let low = -1;
  let high = -1;
  return {
    update(bytes) {
      const { start, words } = wordsOf(bytes);
      let l = low;
      let h = high;
      let at = 0;
      for (; at < start; at++) {
        const i = (l ^ bytes[at]!) & 255;
        l = ((l >>> 8) | (h << 24)) ^ LOW[i]!;
        h = (h >>> 8) ^ HIGH[i]!;
      }
      const end = words.length & ~1;
      for (let i = 0; i < end; i += 2) {
        const a = l ^ words[i]!;
        const b = h ^ words[i + 1]!;
        const i7 = 1792 + (a & 255);
        const i6 = 1536 + ((a >>> 8) & 255);
        const i5 = 1280 + ((a >>> 16) & 255);
        const i4 = 1024 + (a >>> 24);
        const i3 = 768 + (b & 255);
        const i2 = 512 + ((b >>> 8) & 255);
        const i1 = 256 + ((b >>> 16) & 255);
        const i0 = b >>> 24;
        l = LOW[i7]! ^ LOW[i6]! ^ LOW[i5]! ^ LOW[i4]! ^ LOW[i3]! ^ LOW[i2]! ^ LOW[i1]! ^ LOW[i0]!;
        h = HIGH[i7]! ^ HIGH[i6]! ^ HIGH[i5]! ^ HIGH[i4]! ^ HIGH[i3]! ^ HIGH[i2]! ^ HIGH[i1]! ^ HIGH[i0]!;
      }
      for (at += end * 4; at < bytes.length; at++) {
        const i = (l ^ bytes[at]!) & 255;
        l = ((l >>> 8) | (h << 24)) ^ LOW[i]!;
        h = (h >>> 8) ^ HIGH[i]!;
      }
      low = l;
      high = h;
    },
    digest() {
      const out = Buffer.alloc(8);
      out.writeInt32BE(~high, 0);
      out.writeInt32BE(~low, 4);
      return out;
    },
  };
}
