import { request } from 'node:http';
import { createChecksum } from '../src/s3/checksums.ts';
import { sign } from '../test/support/sign.ts';

const PIECE = Buffer.alloc(64 << 10, 'a');
const FRAMED = Buffer.concat([Buffer.from('10000\r\n'), PIECE, Buffer.from('\r\n')]);
export const UPLOAD_BYTES = 128 << 20;
const PIECES = UPLOAD_BYTES / PIECE.length;

export const UPLOADS = {
  sink: 'node:http, body read away',
  plain: 'PutObject, UNSIGNED-PAYLOAD',
  crc32: 'the same with x-amz-checksum-crc32',
  trailer: 'chunks of 64 kB and a trailer with x-amz-checksum-crc32',
} as const;
export type Upload = keyof typeof UPLOADS;

const sum = createChecksum('crc32');
for (let i = 0; i < PIECES; i++) sum.update(PIECE);
const checksum = sum.digest();
const LAST = Buffer.from(`0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`);

/** Sends one upload of `UPLOAD_BYTES`; throws when it is not answered with 200. */
export function upload(port: number, kind: Upload): Promise<void> {
  const chunked = kind === 'trailer';
  const headers: Record<string, string> = chunked
    ? {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': String(UPLOAD_BYTES),
        'x-amz-trailer': 'x-amz-checksum-crc32',
      }
    : kind === 'crc32'
      ? { 'x-amz-checksum-crc32': checksum }
      : {};
  const payload = chunked ? 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' : 'UNSIGNED-PAYLOAD';
  const length = chunked ? PIECES * FRAMED.length + LAST.length : UPLOAD_BYTES;
  const signed = sign('s3', 'PUT', '/bucket/key', headers, Buffer.alloc(0), payload);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port, method: 'PUT', path: '/bucket/key', headers: { ...signed.headers, 'content-length': length } },
      (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`${kind} answered ${answer.statusCode}`));
        answer.resume().on('end', resolve);
      },
    );
    outgoing.on('error', reject);
    let sent = 0;
    const send = (): void => {
      while (sent < PIECES) {
        sent++;
        if (!outgoing.write(chunked ? FRAMED : PIECE)) {
          outgoing.once('drain', send);
          return;
        }
      }
      outgoing.end(chunked ? LAST : undefined);
    };
    send();
  });
}
