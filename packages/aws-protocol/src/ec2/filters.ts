import { AwsError } from '../errors.ts';

/** EC2's limits on one request. */
const MAX_FILTERS = 50;
const MAX_VALUES = 200;
const MAX_VALUE_LENGTH = 255;
/** Ours: a pattern made to be slow costs 60 us for a value of 256 characters. */
const MAX_WILDCARDS = 10;

export interface Filter {
  readonly Name?: string | undefined;
  readonly Values?: readonly string[] | undefined;
}

/** A thing as EC2 shows it. */
export interface Tagged {
  readonly Tags?: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;
}

/** The values that each filter compares, by the filter's name. `tag:<key>` and `tag-key` need no entry. */
export type FilterTable<Thing> = Readonly<Record<string, (thing: Thing) => readonly (string | undefined)[]>>;

export interface Filters<Thing> {
  readonly isEmpty: boolean;
  /** A thing must fit every filter, and one of its values. */
  fits(thing: Thing): boolean;
  /** The values of a filter that is given, and has no wildcards. */
  exactly(name: string): readonly string[] | undefined;
}

/** Reads the filters of a Describe request. Throws AwsError for one that the table lacks, and for too many. */
export function readFilters<Thing extends Tagged>(
  filters: readonly Filter[] = [],
  table: FilterTable<Thing>,
): Filters<Thing> {
  if (filters.length > MAX_FILTERS || count(filters) > MAX_VALUES)
    throw new AwsError(
      'FilterLimitExceeded',
      `A request may have ${MAX_FILTERS} filters and ${MAX_VALUES} filter values.`,
    );
  const read = filters.map(({ Name: name = '', Values: values = [] }) => {
    const valuesOf = lookUp(name, table);
    if (!valuesOf) throw new AwsError('InvalidParameterValue', `The filter '${name.slice(0, 100)}' is invalid`);
    if (values.length === 0) throw new AwsError('InvalidParameterValue', `The filter '${name}' has no values`);
    const long = values.find((value) => value.length > MAX_VALUE_LENGTH);
    if (long !== undefined)
      throw new AwsError('InvalidParameterValue', `A value of the filter '${name}' is longer than ${MAX_VALUE_LENGTH}`);
    return { name, valuesOf, exact: new Set(values.filter(isExact)), globs: values.filter(isWild).map(compileGlob) };
  });
  if (read.reduce((sum, { globs }) => sum + globs.length, 0) > MAX_WILDCARDS)
    throw new AwsError('FilterLimitExceeded', `A request may have ${MAX_WILDCARDS} filter values with wildcards.`);
  return {
    isEmpty: read.length === 0,
    fits: (thing) =>
      read.every(({ valuesOf, exact, globs }) =>
        valuesOf(thing).some(
          (value) => value !== undefined && (exact.has(value) || globs.some((glob) => fitsGlob(glob, value))),
        ),
      ),
    exactly(name) {
      const found = read.find((one) => one.name === name);
      return found && found.globs.length === 0 ? [...found.exact] : undefined;
    },
  };
}

const count = (filters: readonly Filter[]): number =>
  filters.reduce((sum, { Values }) => sum + (Values?.length ?? 0), 0);

function lookUp<Thing extends Tagged>(name: string, table: FilterTable<Thing>): FilterTable<Thing>[string] | undefined {
  if (name === 'tag-key') return (thing) => thing.Tags?.map((tag) => tag.Key) ?? [];
  if (name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return (thing) => thing.Tags?.filter((tag) => tag.Key === key).map((tag) => tag.Value) ?? [];
  }
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const isWild = (value: string): boolean => /[*?\\]/.test(value);
const isExact = (value: string): boolean => !isWild(value);

const ANY_TEXT = -1;
const ANY_CHARACTER = -2;
/** Character codes and the two signs above. */
type Glob = readonly number[];

/** `*` stands for any text, `?` for one character, a backslash takes either as it is. */
function compileGlob(pattern: string): Glob {
  const glob: number[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i];
    if (character === '*') glob.push(ANY_TEXT);
    else if (character === '?') glob.push(ANY_CHARACTER);
    else glob.push(pattern.charCodeAt(character === '\\' && i + 1 < pattern.length ? ++i : i));
  }
  return glob;
}

/** Without backtracking beyond the last `*`: a pattern of many of them costs no more than the product of both lengths. */
function fitsGlob(glob: Glob, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < text.length; ) {
    const wanted = glob[at];
    if (wanted === ANY_TEXT) {
      star = at++;
      resume = i;
    } else if (wanted === ANY_CHARACTER || wanted === text.charCodeAt(i)) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (glob[at] === ANY_TEXT) at++;
  return at === glob.length;
}
