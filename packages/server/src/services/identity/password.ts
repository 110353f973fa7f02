import { hash } from '@node-rs/bcrypt';
import { invalidInput } from '../../kernel/errors.ts';

/** The contract's cost: 63 ms a hash. */
const COST = 10;
/** Bits that a password must have (the contract's rule). */
const MIN_ENTROPY = 50;
/** bcrypt reads no more. */
const MAX_BYTES = 72;

const SETS: readonly (readonly [RegExp, number])[] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[!@$&*]/, 5],
  [/[_\-., ]/, 5],
  [/["#%'()+/:;<=>?[\\\]^{|}~`]/, 22],
  [/[^\x20-\x7e]/, 100],
];

/** Rows of a keyboard, along which people move their fingers. */
const ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'] as const;

/** Whether the three characters are the same one, or neighbours in the order of their codes or on a keyboard, all in one direction. */
function isRun(three: readonly string[]): boolean {
  const places = [
    three.map((char) => char.codePointAt(0)!),
    ...ROWS.map((row) => three.map((char) => row.indexOf(char))),
  ];
  return places.some(([a, b, c]) => {
    const step = b! - a!;
    return a! >= 0 && b! >= 0 && c! >= 0 && Math.abs(step) <= 1 && c! - b! === step;
  });
}

/**
 * Bits of a password against a guesser who knows which sets of characters it draws on: log2(sum of the sets) a character, where the
 * third and later characters of a run (aaa, abc, 321, Qwerty) count nothing.
 */
export function entropyBits(password: string): number {
  const base = SETS.reduce((sum, [pattern, size]) => sum + (pattern.test(password) ? size : 0), 0);
  const chars = Array.from(password.toLowerCase());
  const counted = chars.filter((_, index) => index < 2 || !isRun(chars.slice(index - 2, index + 1))).length;
  return base === 0 ? 0 : counted * Math.log2(base);
}

/** Throws INVALID_INPUT for a password that is too long to be told apart by bcrypt, or too easy to guess. */
export function checkPassword(password: string): void {
  const bytes = Buffer.byteLength(password);
  if (bytes > MAX_BYTES) throw invalidInput(`password has ${bytes} bytes; at most ${MAX_BYTES} are allowed`);
  const bits = Math.floor(entropyBits(password));
  if (bits < MIN_ENTROPY) {
    throw invalidInput(
      `password is too easy to guess: it has about ${bits} bits of entropy and needs ${MIN_ENTROPY}; make it longer or use more kinds of characters`,
    );
  }
}

export const hashPassword = (password: string): Promise<string> => hash(password, { cost: COST });

/** A salt of nobody's: hashed with when there is no such user, so that the answer takes as long. */
const NOBODY = '$2b$10$CwTycUXWue0Thq9StjUM0u';

/**
 * The hash of what was typed, with the version, cost and salt of a stored one, for the database to compare. Undefined where none can fit: there is no
 * such user, or the password is longer than any.
 */
export async function hashLike(password: string, salt: string | undefined): Promise<string | undefined> {
  if (Buffer.byteLength(password) > MAX_BYTES) return undefined;
  const isSalt = salt !== undefined && SALT.test(salt);
  const offered = await hash(password, { salt: isSalt ? salt : NOBODY });
  return isSalt ? offered : undefined;
}

const SALT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{22}$/;
