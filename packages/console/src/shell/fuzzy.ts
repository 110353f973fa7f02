/**
 * How well a text fits what was typed; undefined: not at all. Each word that was typed must be in the text: at its beginning, at the beginning
 * of one of its words, anywhere, or letter by letter. Shorter texts come first.
 */
export function fitOf(typed: string, text: string): number | undefined {
  const lower = text.toLowerCase();
  let fit = -lower.length / 100;
  for (const word of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    const found = fitOfWord(word, lower);
    if (found === undefined) return undefined;
    fit += found;
  }
  return fit;
}

function fitOfWord(word: string, text: string): number | undefined {
  const at = text.indexOf(word);
  if (at === 0) return 100;
  if (at > 0) return /[^\p{L}\p{N}]/u.test(text[at - 1]!) ? 80 : 60;
  return word.length > 1 && isWithin(word, text) ? 20 : undefined;
}

/** Whether all letters are in the text, in their order, and not scattered all over it. */
function isWithin(word: string, text: string): boolean {
  let first = -1;
  let from = 0;
  for (const letter of word) {
    const at = text.indexOf(letter, from);
    if (at < 0) return false;
    if (first < 0) first = at;
    from = at + 1;
  }
  return from - first <= word.length * 3;
}

export interface Findable {
  readonly id: string;
  /** What is looked into. */
  readonly words: string;
  /** Found by its beginning, from 4 letters on: short parts of ids are everywhere. */
  readonly ref?: string;
}

const fitOfRef = (typed: string, ref: string | undefined): number | undefined =>
  typed.length >= 4 && ref?.toLowerCase().startsWith(typed.toLowerCase()) ? 50 : undefined;

/** The best of some things, best first; with nothing typed, all in their order. Those in `recent` come first among equals. */
export function bestOf<T extends Findable>(
  things: readonly T[],
  typed: string,
  recent: readonly string[],
  most: number,
): readonly T[] {
  const bonus = new Map(recent.map((id, index) => [id, 15 - index]));
  const wanted = typed.trim();
  return things
    .flatMap((thing) => {
      const fit = fitOf(wanted, thing.words) ?? fitOfRef(wanted, thing.ref);
      return fit === undefined ? [] : [{ thing, fit: (wanted === '' ? 0 : fit) + (bonus.get(thing.id) ?? 0) }];
    })
    .sort((one, other) => other.fit - one.fit)
    .slice(0, most)
    .map(({ thing }) => thing);
}
