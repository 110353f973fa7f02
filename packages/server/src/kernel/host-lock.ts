import pg from 'pg';
import type { Clock } from './clock.ts';

/** Milliseconds between two tries, and until they end. */
const RETRY_MS = 200;

export interface HostLock {
  /** Resolves when the connection, and with it the lock, was lost. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/**
 * Makes this process the only worker of its host: a session's advisory lock, which PostgreSQL frees with the connection when the
 * process dies. Waits for a dying predecessor; throws when another one still holds it after `waitMs`.
 */
export async function lockHost(options: {
  connectionString: string;
  host: string;
  waitMs: number;
  clock: Clock;
  signal?: AbortSignal;
}): Promise<HostLock> {
  const client = new pg.Client({
    connectionString: options.connectionString,
    application_name: 'thecloud-host-lock',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  const lost = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  await client.connect();
  const deadline = options.clock.monotonic() + options.waitMs;
  try {
    for (;;) {
      const { rows } = await client.query<{ held: boolean }>(
        `select pg_try_advisory_lock(hashtextextended('host:' || $1, 0)) as held`,
        [options.host],
      );
      if (rows[0]?.held) return { lost, release: () => client.end() };
      if (options.clock.monotonic() > deadline)
        throw new Error(`another worker of the host '${options.host}' is running`);
      await options.clock.sleep(RETRY_MS, options.signal);
    }
  } catch (error) {
    await client.end();
    throw error;
  }
}
