import { crc32 } from 'node:zlib';
import { Malformed } from './malformed.ts';

/** One message of `application/vnd.amazon.eventstream`. */
export interface EventMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * Frame: total length, headers length, CRC of both, headers, body, CRC of all before it; big endian. Header values are
 * written as strings (type 7), the only type that AWS services send for the headers used here.
 */
export function encodeEvent(headers: Readonly<Record<string, string>>, body: Uint8Array): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const nameBytes = Buffer.from(name);
    const valueBytes = Buffer.from(value);
    const head = Buffer.alloc(1 + nameBytes.length + 3);
    head[0] = nameBytes.length;
    nameBytes.copy(head, 1);
    head[1 + nameBytes.length] = 7;
    head.writeUInt16BE(valueBytes.length, 2 + nameBytes.length);
    parts.push(head, valueBytes);
  }
  const headerBytes = Buffer.concat(parts);
  const total = 16 + headerBytes.length + body.length;
  const frame = Buffer.allocUnsafe(total);
  frame.writeUInt32BE(total, 0);
  frame.writeUInt32BE(headerBytes.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  headerBytes.copy(frame, 12);
  frame.set(body, 12 + headerBytes.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, total - 4)), total - 4);
  return frame;
}

/** Reads one whole frame; for tests and for servers that read event streams from elsewhere. */
export function decodeEvent(frame: Uint8Array): EventMessage {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  if (bytes.length < 16 || bytes.readUInt32BE(0) !== bytes.length) throw new Malformed('Event: wrong length');
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw new Malformed('Event: wrong prelude checksum');
  if (crc32(bytes.subarray(0, -4)) !== bytes.readUInt32BE(bytes.length - 4))
    throw new Malformed('Event: wrong checksum');
  const headersEnd = 12 + bytes.readUInt32BE(4);
  if (headersEnd > bytes.length - 4) throw new Malformed('Event: wrong headers length');
  const headers: Record<string, string> = {};
  for (let at = 12; at < headersEnd; ) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    if (nameEnd + 3 > headersEnd || bytes[nameEnd] !== 7) throw new Malformed('Event: bad header');
    const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1);
    if (valueEnd > headersEnd) throw new Malformed('Event: bad header');
    headers[bytes.toString('utf8', at + 1, nameEnd)] = bytes.toString('utf8', nameEnd + 3, valueEnd);
    at = valueEnd;
  }
  return { headers, body: bytes.subarray(headersEnd, -4) };
}
