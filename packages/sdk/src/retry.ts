import { CloudApiError, type CloudConnectionError } from './errors.ts';

/** Longest pause before a repetition; what asks for more is told to the caller. */
const MAX_DELAY_MS = 20_000;

/** Full quotas stay full; a server that is busy or starting, or a broken connection, may be well a moment later. */
export function isWorthRetrying(error: CloudApiError | CloudConnectionError): boolean {
  if (!(error instanceof CloudApiError)) return true;
  return error.status === 503 || (error.status === 429 && error.code !== 'QUOTA_EXCEEDED');
}

/** Milliseconds to pause: what Retry-After says, else doubling from `first`; both with jitter. Undefined when it is longer than we wait. */
export function backOff(
  attempt: number,
  first: number,
  error: CloudApiError | CloudConnectionError,
  random: () => number = randomFraction,
): number | undefined {
  const asked = error instanceof CloudApiError ? error.retryAfter : undefined;
  if (asked !== undefined) {
    const delay = asked * 1000 + random() * first;
    return delay > MAX_DELAY_MS ? undefined : delay;
  }
  return Math.min(MAX_DELAY_MS, first * 2 ** attempt) * (0.5 + random() / 2);
}

/** Retry-After in seconds; a date in its place is not read. */
export function afterSeconds(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}

/** `randomUUID` is not there on web pages without TLS; this is. */
export function newKey(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const randomFraction = (): number => globalThis.crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;

/** Resolves after so many milliseconds; rejects with the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
