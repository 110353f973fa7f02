/** The letters of pages outside the registry. */
const FIXED: Readonly<Record<string, string>> = { o: 'overview', p: 'account' };

/**
 * For each page the letter that leads to it after `g`: the first one of its name, else the next one that no page has. Who has learnt one keeps it
 * as services are added at the end.
 */
export function lettersOf(names: readonly string[]): ReadonlyMap<string, string> {
  const letters = new Map(Object.entries(FIXED));
  const others: string[] = [];
  for (const name of names) {
    if (letters.has(name[0]!)) others.push(name);
    else letters.set(name[0]!, name);
  }
  for (const name of others) {
    const letter = [...name].find((one) => /[a-z]/.test(one) && !letters.has(one));
    if (letter !== undefined) letters.set(letter, name);
  }
  return letters;
}
