import { CloudApiError, CloudConnectionError, CloudWaitError } from '@thecloud/sdk';
import { escapeControl, escapeLines } from './output/cell.ts';

/** What the process ends with; stable, because scripts decide by it. A command run by `instances exec` gives its own. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  notFound: 4,
  conflict: 5,
  limit: 6,
  timeout: 7,
  unavailable: 8,
  interrupted: 130,
} as const;

/** What each exit code means, for help, the reference and the manual page. */
export const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT.ok, 'success'],
  [EXIT.failed, 'failed for another reason, such as an instance that ended in ERROR, or a question answered with no'],
  [EXIT.usage, 'wrong usage: cloud or the platform refused an option or a value'],
  [EXIT.denied, 'not logged in, the key has expired or was revoked, or the permission is missing'],
  [EXIT.notFound, 'not found'],
  [EXIT.conflict, 'conflict: the name is taken, or the resource is in use or in another state'],
  [EXIT.limit, 'a quota, the rate limit or the capacity of the hosts is used up'],
  [EXIT.timeout, 'timeout: a wait or a request took too long, and what was asked for may go on'],
  [EXIT.unavailable, 'the platform cannot be reached, or failed'],
  [EXIT.interrupted, 'interrupted at a question'],
];

/** A failure whose message is shown as it is. */
export class Failure extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

export const usage = (message: string): Failure => new Failure(message, EXIT.usage);

/** What to print and what to end with. The text holds nothing that a terminal obeys: names and reasons come from the server. */
export function explain(error: unknown, endpoint: string): { readonly text: string; readonly exitCode: number } {
  const told = explainRaw(error, endpoint);
  return { ...told, text: escapeLines(told.text) };
}

function explainRaw(error: unknown, endpoint: string): { readonly text: string; readonly exitCode: number } {
  if (error instanceof Failure) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof CloudApiError) return explainRefusal(error, endpoint);
  if (error instanceof CloudConnectionError) {
    const exitCode = error.code === 'timeout' ? EXIT.timeout : EXIT.unavailable;
    return { text: `${error.message}. ${hintFor(error)}`, exitCode };
  }
  if (error instanceof CloudWaitError) return { text: escapeControl(error.message), exitCode: EXIT.timeout };
  if (error instanceof TypeError && error.message.startsWith('endpoint '))
    return { text: error.message, exitCode: EXIT.usage };
  return {
    text: `unexpected failure: ${error instanceof Error ? error.message : String(error)}`,
    exitCode: EXIT.failed,
  };
}

function hintFor({ code }: CloudConnectionError): string {
  if (code === 'timeout') return 'The request may have taken effect; check with list or get.';
  if (code === 'cut off') return 'The platform may have stopped, or your key was revoked; check with: cloud whoami';
  return 'Is the platform running (npm start)? To use another address, set --endpoint or CLOUD_ENDPOINT.';
}

function explainRefusal(error: CloudApiError, endpoint: string): { readonly text: string; readonly exitCode: number } {
  const exitCode = exitCodeOf(error);
  const message = escapeControl(error.message);
  if (error.status === 401) return { text: `${message}. Log in at ${endpoint}: cloud login`, exitCode };
  const later = error.retryAfter === undefined ? '' : ` (try again in ${error.retryAfter} s)`;
  const id = error.status >= 500 && error.requestId ? ` [request ${error.requestId}]` : '';
  return { text: `${message}${later}${id}`, exitCode };
}

function exitCodeOf({ code, status }: CloudApiError): number {
  if (code === 'INSUFFICIENT_CAPACITY') return EXIT.limit;
  if (code === 'UNEXPECTED_ANSWER') return EXIT.unavailable;
  switch (status) {
    case 401:
    case 403:
      return EXIT.denied;
    case 404:
      return EXIT.notFound;
    case 409:
    case 412:
      return EXIT.conflict;
    case 429:
      return EXIT.limit;
    case 408:
    case 504:
      return EXIT.timeout;
    default:
      return status >= 500 ? EXIT.unavailable : EXIT.usage;
  }
}
