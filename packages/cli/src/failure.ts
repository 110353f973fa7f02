import { CloudApiError, CloudConnectionError, CloudWaitError } from '@thecloud/sdk';

/** What the process ends with. A command run by `instances exec` gives its own. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notLoggedIn: 3, notFound: 4, interrupted: 130 } as const;

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

/** What to print and what to end with. */
export function explain(error: unknown, endpoint: string): { readonly text: string; readonly exitCode: number } {
  if (error instanceof Failure) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof CloudApiError) return explainRefusal(error, endpoint);
  if (error instanceof CloudConnectionError) {
    return { text: `${error.message}. ${hintFor(error)}`, exitCode: EXIT.failed };
  }
  if (error instanceof CloudWaitError) return { text: error.message, exitCode: EXIT.failed };
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
  if (error.status === 401)
    return { text: `${error.message}. Log in at ${endpoint}: cloud login`, exitCode: EXIT.notLoggedIn };
  if (error.status === 404) return { text: error.message, exitCode: EXIT.notFound };
  const later = error.retryAfter === undefined ? '' : ` (try again in ${error.retryAfter} s)`;
  const id = error.status >= 500 && error.requestId ? ` [request ${error.requestId}]` : '';
  return { text: `${error.message}${later}${id}`, exitCode: EXIT.failed };
}
