/** What the command line asks for: names of parts, and options like `rounds=3`. */
const words = process.argv.slice(2);
const names = words.filter((word) => !word.includes('='));

/** Those of the parts that are named; all of them when none of any file is. */
export const named = <const T extends string>(parts: readonly T[]): readonly T[] =>
  names.length === 0 ? parts : parts.filter((part) => names.includes(part));

export const option = (name: string): string | undefined =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);

export const numbers = (name: string, all: readonly number[]): readonly number[] =>
  option(name)?.split(',').map(Number) ?? all;
