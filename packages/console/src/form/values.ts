import type { Schema } from '../api/schema.ts';
import { plainOf } from './control.ts';

/** Whether two values of a form are the same. */
export const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/**
 * What a form sends. Of a new thing what is filled in, so that the API's defaults hold; of a change what differs from before, where something
 * that was taken away is sent as empty.
 */
export function inputOf(
  values: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(values).filter(([name, value]) => {
    if (value === undefined) return false;
    if (!before) return !isEmpty(value) && !(isRecord(value) && Object.keys(value).length === 0);
    return !isSame(value, before[name]) && !(isEmpty(value) && isEmpty(before[name]));
  });
  return Object.fromEntries(entries);
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong with a value, in a sentence; undefined: nothing. The API checks again, and more. */
export function flawOf(given: Schema, value: unknown, required: boolean): string | undefined {
  const { schema, nullable } = plainOf(given);
  if (value === null && nullable) return undefined;
  if (value === undefined || value === '' || value === null || (Array.isArray(value) && value.length === 0 && required))
    return required ? 'Required' : undefined;
  if (typeof value === 'string') {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema;
    // Characters as the API counts them, not UTF-16 units.
    const length = [...value].length;
    if (length < minLength) return `At least ${minLength} characters; these are ${length}`;
    if (length > maxLength) return `At most ${maxLength} characters; these are ${length}`;
    if (pattern !== undefined && !new RegExp(pattern, 'u').test(value))
      return schema['x-form'] ? `Must be ${schema['x-form']}` : 'This form is not allowed';
  }
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'Must be a number';
    if (schema.type === 'integer' && !Number.isInteger(value)) return 'Must be a whole number';
    if (schema.minimum !== undefined && value < schema.minimum) return `At least ${schema.minimum}`;
    if (schema.maximum !== undefined && value > schema.maximum) return `At most ${schema.maximum}`;
  }
  if (Array.isArray(value)) {
    if (schema.minItems !== undefined && value.length > 0 && value.length < schema.minItems)
      return `At least ${schema.minItems}`;
    if (schema.maxItems !== undefined && value.length > schema.maxItems)
      return `At most ${schema.maxItems}; these are ${value.length}`;
    for (const [index, one] of value.entries()) {
      const flaw = one === '' ? 'is empty; remove it' : flawOf(schema.items ?? {}, one, true);
      if (flaw !== undefined) return `Line ${index + 1}: ${flaw.charAt(0).toLowerCase()}${flaw.slice(1)}`;
    }
    if (schema.uniqueItems && new Set(value).size < value.length) return 'Each may occur only once';
  }
  if (isRecord(value)) return flawOfRecord(schema, value as Readonly<Record<string, unknown>>);
  return undefined;
}

function flawOfRecord(schema: Schema, value: Readonly<Record<string, unknown>>): string | undefined {
  const names = Object.keys(value);
  if (schema.maxProperties !== undefined && names.length > schema.maxProperties)
    return `At most ${schema.maxProperties}; these are ${names.length}`;
  const [rule] = Object.entries(schema.patternProperties ?? {});
  if (!rule) return undefined;
  for (const name of names) {
    if (!new RegExp(rule[0], 'u').test(name))
      return `The name '${name}' must be ${schema['x-form'] ?? 'of another form'}`;
    const flaw = flawOf(rule[1], value[name], false);
    if (flaw !== undefined) return `${name}: ${flaw}`;
  }
  return undefined;
}

/** A time as `datetime-local` has it: in the user's zone, without seconds. */
export function localOf(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
