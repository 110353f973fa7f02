import { invalidInput } from '../../kernel/errors.ts';

/** How bytes stand in JSON. */
export const ENCODINGS = ['utf-8', 'base64'] as const;

/** Most bytes of standard input that a call takes: its ticket holds them. */
const LONGEST_STDIN = 1_000_000;

/** Bytes of one argument that the kernel takes: 128 KiB with the NUL at its end. */
const LONGEST_WORD = 128 * 1024 - 1;

/**
 * Refuses the words of a command that no program can be given; lengths are in bytes, as the kernel counts them. `name` is the member that
 * holds them. Throws INVALID_INPUT.
 */
export function checkWords(name: string, words: readonly string[]): void {
  for (const [place, word] of words.entries()) {
    if (place === 0 && word === '') throw invalidInput(`${name}[0] is empty; it must name a program`);
    if (word.includes('\0'))
      throw invalidInput(
        `${name}[${place}] contains a NUL character, which is not allowed in an argument; pass it by standard input, or create it in a shell: printf '\\0'`,
      );
    const bytes = Buffer.byteLength(word);
    if (bytes > LONGEST_WORD)
      throw invalidInput(
        `${name}[${place}] has ${bytes} bytes; at most ${LONGEST_WORD} are allowed in one argument; pass it by standard input`,
      );
  }
}

/** The bytes of a command's input. Throws INVALID_INPUT where they are too many, or not what the encoding says. */
export function readStdin(stdin: string, encoding: (typeof ENCODINGS)[number] = 'utf-8'): Buffer {
  const bytes = Buffer.from(stdin, encoding);
  if (encoding === 'base64' && bytes.toString('base64') !== stdin)
    throw invalidInput('stdin is not valid base64 (RFC 4648, with padding); correct it, or remove stdin_encoding');
  if (bytes.length > LONGEST_STDIN)
    throw invalidInput(
      `stdin has ${bytes.length} bytes; at most ${LONGEST_STDIN} are allowed; use the websocket of /terminal, which has no limit`,
    );
  return bytes;
}
