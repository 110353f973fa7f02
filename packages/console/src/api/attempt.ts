import { CloudApiError } from '@thecloud/sdk';

/** One submission of a form: it keeps its idempotency key until the API has answered it. */
export interface Attempt {
  readonly key: string;
  /** The input as JSON: another input is another submission. */
  readonly input: string;
}

/** Random, also on a page that came over plain HTTP from another machine, where `crypto.randomUUID` is missing. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The attempt that a submission belongs to: the last one, if it was not answered and had the same input. */
export function attemptOf(last: Attempt | undefined, input: Readonly<Record<string, unknown>>): Attempt {
  const text = JSON.stringify(input);
  return last?.input === text ? last : { key: newKey(), input: text };
}

/** Whether the API has said what became of the call. Without an answer, or after its own failure, it may have been done. */
export const isAnswered = (error: unknown): boolean => error instanceof CloudApiError && error.status < 500;
