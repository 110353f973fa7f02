import { Malformed } from './malformed.ts';

/** Decodes one form or query component, strictly: bad escapes and bytes that are not UTF-8 are Malformed. */
export function decodeComponent(text: string, plusIsSpace: boolean): string {
  const plain = plusIsSpace && text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!plain.includes('%')) return plain;
  try {
    return decodeURIComponent(plain);
  } catch {
    throw new Malformed('Bad percent-encoding', 'escape');
  }
}

/** Splits `a=b&c` into decoded pairs, in order. A part without `=` has an empty value. */
export function parsePairs(text: string, plusIsSpace: boolean, maxPairs: number): [string, string][] {
  const pairs: [string, string][] = [];
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('&', start);
    if (end < 0) end = text.length;
    if (end > start) {
      if (pairs.length >= maxPairs) throw new Malformed('Too many parameters');
      const equals = text.indexOf('=', start);
      const cut = equals < 0 || equals > end ? end : equals;
      pairs.push([
        decodeComponent(text.slice(start, cut), plusIsSpace),
        cut === end ? '' : decodeComponent(text.slice(cut + 1, end), plusIsSpace),
      ]);
    }
    start = end + 1;
  }
  return pairs;
}
