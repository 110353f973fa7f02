import type { Input, Item } from '../api/queries.ts';
import type { Schema } from '../api/schema.ts';
import type { Sort } from '../kit/table.tsx';

/** How a filter is asked for. */
export type FilterControl = 'choice' | 'reference' | 'time' | 'words' | 'flag' | 'text';

/** One member of a list's input that narrows what it shows. */
export interface Filter {
  readonly name: string;
  readonly control: FilterControl;
  readonly schema: Schema;
  /** Of a choice. */
  readonly choices?: readonly string[];
  /** The kind of resource that it names. */
  readonly kind?: string | undefined;
}

interface ListOperation {
  readonly pathParams: readonly string[];
  readonly references?: Readonly<Record<string, string>> | undefined;
}

/** Members of a list's input that page through it. */
const PAGING = new Set(['limit', 'cursor']);

/** What a list can be filtered by, by the schema of its input. */
export function filtersOf(operation: ListOperation, input: Schema | undefined): readonly Filter[] {
  return Object.entries(input?.properties ?? {})
    .filter(([name]) => !PAGING.has(name) && !operation.pathParams.includes(name))
    .map(([name, schema]) => filterOf(name, schema, operation.references?.[name]));
}

function filterOf(name: string, schema: Schema, kind: string | undefined): Filter {
  const choices = schema.enum?.filter((one) => typeof one === 'string');
  if (choices) return { name, schema, control: 'choice', choices };
  if (schema.type === 'array') return { name, schema, control: 'words' };
  if (schema.type === 'boolean') return { name, schema, control: 'flag' };
  if (kind) return { name, schema, control: 'reference', kind };
  if (schema.format === 'date-time') return { name, schema, control: 'time' };
  return { name, schema, control: 'text' };
}

/** What the address says: the router reads `?id=5` as a number and `?id=["a"]` as a list. */
type Search = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value || undefined : typeof value === 'number' ? String(value) : undefined;

/** The input of the list that an address asks for. Values that a filter does not allow are left out. */
export function filledFilters(filters: readonly Filter[], search: Search): Input {
  return Object.fromEntries(
    filters.flatMap((filter) => {
      const value = valueOf(filter, search[filter.name]);
      return value === undefined ? [] : [[filter.name, value] as const];
    }),
  );
}

function valueOf({ control, choices }: Filter, given: unknown): unknown {
  if (control === 'words') {
    const words = (Array.isArray(given) ? given : [given]).flatMap((one) => textOf(one) ?? []);
    return words.length === 0 ? undefined : words;
  }
  if (control === 'flag') return typeof given === 'boolean' ? given : undefined;
  const text = textOf(given);
  if (text === undefined) return undefined;
  if (control === 'choice') return choices?.includes(text) ? text : undefined;
  if (control === 'time') return Number.isNaN(Date.parse(text)) ? undefined : text;
  return text;
}

/** `-created_at` → by `created_at`, the last first. */
export function sortOf(text: unknown): Sort | undefined {
  if (typeof text !== 'string' || text.replace(/^-/, '') === '') return undefined;
  return text.startsWith('-') ? { key: text.slice(1), descending: true } : { key: text, descending: false };
}

export const sortText = ({ key, descending }: Sort): string => `${descending ? '-' : ''}${key}`;

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

const isMissing = (value: unknown): boolean => value === undefined || value === null || value === '';

function compare(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  if (typeof one === 'boolean' && typeof other === 'boolean') return Number(one) - Number(other);
  return collator.compare(shownText(one), shownText(other));
}

/** Sorted by a member; items without it come last, in either direction. */
export function sorted(items: readonly Item[], sort: Sort | undefined): readonly Item[] {
  if (!sort) return items;
  const factor = sort.descending ? -1 : 1;
  return items.toSorted((a, b) => {
    const [one, other] = [a[sort.key], b[sort.key]];
    if (isMissing(one) || isMissing(other)) return Number(isMissing(one)) - Number(isMissing(other));
    return factor * compare(one, other);
  });
}

const shownText = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');

/** The items of which one of the members contains each of the words. */
export function matching(items: readonly Item[], members: readonly string[], text: string): readonly Item[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items;
  return items.filter((item) => {
    const whole = members.map((member) => shownText(item[member]).toLowerCase());
    return words.every((word) => whole.some((one) => one.includes(word)));
  });
}
