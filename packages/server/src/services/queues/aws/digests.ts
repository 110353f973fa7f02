import { md5Hex } from '../../../kernel/ids.ts';
import type { Attributes } from '../message.ts';

/** Bytes of the lengths of name, type and value, and of the mark of the value's form. */
const FRAME = 13;
const TEXT = 1;
const BYTES = 2;

/**
 * The digest of a message's attributes that SQS's clients compute too: MD5 over each name, type and value with its length, in the order of the names.
 * Undefined: there are none.
 */
export function digestOf(attributes: Attributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const parts = names.map((name) => {
    const { type, value } = attributes[name]!;
    return { name, type, value, encoding: encodingOf(type) };
  });
  let size = 0;
  for (const { name, type, value, encoding } of parts)
    size += FRAME + Buffer.byteLength(name) + Buffer.byteLength(type) + Buffer.byteLength(value, encoding);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  const write = (text: string, encoding: 'utf8' | 'base64'): void => {
    const length = bytes.write(text, at + 4, encoding);
    bytes.writeUInt32BE(length, at);
    at += 4 + length;
  };
  for (const { name, type, value, encoding } of parts) {
    write(name, 'utf8');
    write(type, 'utf8');
    at = bytes.writeUInt8(encoding === 'utf8' ? TEXT : BYTES, at);
    write(value, encoding);
  }
  return md5Hex(bytes.subarray(0, at));
}

const encodingOf = (type: string): 'utf8' | 'base64' => (isBinary(type) ? 'base64' : 'utf8');

/** Whether values of a type are bytes: `Binary`, or `Binary.` and a suffix. */
export const isBinary = (type: string): boolean => type.startsWith('Binary');
