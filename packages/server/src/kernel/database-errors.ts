import { CloudError, conflict, internal, invalidInput, unavailable } from './errors.ts';

interface DatabaseError extends Error {
  readonly code?: string;
}

/** SQLSTATE classes that mean the server or the way to it is down, and the errors of Node's sockets. */
const GONE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '08006',
  '08003',
  '08001',
]);

/** Most times that a transaction is run which PostgreSQL ends for another's sake. */
const MAX_TRIES = 3;

/**
 * What an error of the database means to a caller. `retry` is set where PostgreSQL ended the transaction for another's sake
 * (serialisation failure 40001, deadlock 40P01): run it again. A repository that knows better throws a CloudError itself.
 */
export function translateDatabaseError(error: unknown): { error: unknown; retry: boolean } {
  if (error instanceof CloudError) return { error, retry: false };
  const { code, message } = (error ?? {}) as DatabaseError;
  if (code === '40001' || code === '40P01')
    return { error: unavailable('too many concurrent changes; try again'), retry: true };
  if (code === '23505') return { error: conflict('it already exists; choose another name'), retry: false };
  if (code === '23503')
    return {
      error: conflict(
        'another resource still refers to it, or a resource that it refers to no longer exists; check both',
      ),
      retry: false,
    };
  if (code === '22021' || code === '22P05')
    return {
      error: invalidInput('the text contains a character that cannot be stored (NUL or invalid UTF-8)'),
      retry: false,
    };
  if (code === '53100') return { error: unavailable("the platform's disk is full; try again later"), retry: false };
  if (code === '55P03') return { error: unavailable('another change is in progress; try again'), retry: false };
  // What a key opens in the database ends after 30 s: see scope.ts.
  if (code === '28000') return { error: unavailable('the call took longer than 30 s; try again'), retry: false };
  if (code === '57014') return { error: unavailable('the database took too long; try again'), retry: false };
  if (
    (code !== undefined && GONE.has(code)) ||
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable/.test(message ?? '')
  ) {
    return { error: unavailable('the database is unreachable; try again in a few seconds'), retry: false };
  }
  return { error: error instanceof Error ? error : internal(String(error)), retry: false };
}

/** Runs a transaction, again where PostgreSQL ended it for another's sake, three times at most. Rejects with the database's own error. */
export async function orAgain<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt >= MAX_TRIES || !translateDatabaseError(error).retry) throw error;
    }
  }
}
