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
        `${name}[${place}] holds a NUL character, which no argument can hold; pass it by standard input, or have a shell make it: printf '\\0'`,
      );
    const bytes = Buffer.byteLength(word);
    if (bytes > LONGEST_WORD)
      throw invalidInput(
        `${name}[${place}] has ${bytes} bytes; an argument can have ${LONGEST_WORD}. Pass it by standard input`,
      );
  }
}

/** The bytes of a command's input. Throws INVALID_INPUT where they are too many, or not what the encoding says. */
export function readStdin(stdin: string, encoding: (typeof ENCODINGS)[number] = 'utf-8'): Buffer {
  const bytes = Buffer.from(stdin, encoding);
  if (encoding === 'base64' && bytes.toString('base64') !== stdin)
    throw invalidInput('stdin is not base64 (RFC 4648, with padding), which stdin_encoding says that it is');
  if (bytes.length > LONGEST_STDIN)
    throw invalidInput(
      `stdin has ${bytes.length} bytes; one call takes ${LONGEST_STDIN}. The websocket of /terminal takes any number`,
    );
  return bytes;
}
