import { invalidInput } from './errors.ts';

/** What nobody sees: controls, marks of direction, and characters without a width. */
const UNSEEN_IN_ADDRESS = /\p{C}|\p{Z}|\p{Bidi_Control}|\p{Default_Ignorable_Code_Point}/u;
/** The joiners of Persian and Indic words and of emoji, and the variants of a character, are part of what is seen of a name, and so are blanks. */
const UNSEEN = /(?!\u200c|\u200d|[\ufe00-\ufe0f]|\p{Z})(?:\p{C}|\p{Bidi_Control}|\p{Default_Ignorable_Code_Point})/u;
/** Scripts whose letters look like Latin ones. */
const LOOK_ALIKE = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;
const LATIN = /\p{Script=Latin}/u;

const nameOf = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;

/**
 * A name that people decide by, in one form (NFC). Throws INVALID_INPUT for characters that nobody sees, such as those that turn the direction of a
 * text: two names must not look the same.
 */
export function plainName(member: string, text: string): string {
  const [unseen] = UNSEEN.exec(text) ?? [];
  if (unseen !== undefined)
    throw invalidInput(`${member} has the invisible character ${nameOf(unseen)}; type it again without it`);
  return text.normalize('NFC');
}

/** The one form of an e-mail address: no case, and compatible characters as one (NFKC). What cannot be a new address has such a form, too. */
export const foldAddress = (address: string): string => address.normalize('NFKC').toLowerCase().normalize('NFKC');

/** Whom an address means: who has it as it is given, which may be older than the one form, or who has the one form. */
export async function byAddress<T>(
  address: string,
  find: (form: string) => Promise<T | undefined>,
): Promise<T | undefined> {
  const given = address.toLowerCase();
  const folded = foldAddress(address);
  return (await find(given)) ?? (folded === given ? undefined : find(folded));
}

/**
 * A new e-mail address in its one form. Throws INVALID_INPUT for characters that nobody sees, and for a part that mixes Latin letters with such of
 * another script that look like them.
 */
export function newAddress(address: string): string {
  const folded = foldAddress(address);
  const [unseen] = UNSEEN_IN_ADDRESS.exec(address) ?? UNSEEN_IN_ADDRESS.exec(folded) ?? [];
  if (unseen !== undefined)
    throw invalidInput(`email has the invisible character ${nameOf(unseen)}; type the address again without it`);
  if (!/^[^@]+@[^@]+$/.test(folded)) throw invalidInput(`email '${folded}' does not have exactly one @`);
  const mixed = folded.split(/[@.]/).find((part) => LATIN.test(part) && LOOK_ALIKE.test(part));
  if (mixed !== undefined)
    throw invalidInput(`email mixes letters of several scripts in '${mixed}'; type the address again in one script`);
  return folded;
}
