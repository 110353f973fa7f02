import { Refusal } from '../errors.ts';

/** `response-content-type` and the like ask for headers of the answer: refused where no header could hold them. */
export function checkOverrides(query: readonly (readonly [string, string])[]): void {
  for (const [name, value] of query) {
    if (name.startsWith('response-') && /[\x00-\x08\x0a-\x1f\x7f]/.test(value))
      throw new Refusal('validation', `The value of ${name.slice(0, 100)} cannot be a header.`);
  }
}
