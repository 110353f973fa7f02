import type { Schema } from '../api/schema.ts';

/** Whether two values of a form are the same. */
export const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** What is wrong with a value, in a sentence; undefined: nothing. The API checks again, and more. */
export function flawOf(schema: Schema, value: unknown, required: boolean): string | undefined {
  if (isEmpty(value)) return required ? 'Required' : undefined;
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
    if (schema.maxItems !== undefined && value.length > schema.maxItems) return `At most ${schema.maxItems}`;
    for (const one of value) {
      const flaw = flawOf(schema.items ?? {}, one, true);
      if (flaw !== undefined) return `${String(one)}: ${flaw}`;
    }
  }
  return undefined;
}

/** A time as `datetime-local` has it: in the user's zone, without seconds. */
export function localOf(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
