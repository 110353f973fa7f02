import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import pg from 'pg';
import { type Clock, systemClock } from '../clock.ts';
import {
  type Connection,
  type ConnectionSource,
  type Scope,
  type Sql,
  type TransactionOptions,
  withTransaction,
} from './tx.ts';

/** The database guide's figures are the defaults. */
export interface PoolSettings {
  /** postgres://user:password@host:port/database; `sslmode` and a socket folder as host work. */
  readonly connectionString: string;
  /** Shown in pg_stat_activity. Default `thecloud`. */
  readonly applicationName?: string;
  /** Most connections. Default 25. */
  readonly max?: number;
  /** Connections that stay open when idle. Default 5. */
  readonly min?: number;
  /** Seconds after which a connection is replaced. Default 3600. */
  readonly maxLifetimeSeconds?: number;
  /** Milliseconds after which an idle connection beyond `min` is closed. Default 1,800,000. */
  readonly idleTimeoutMs?: number;
  /** Longest wait for a connection, new or free. Milliseconds, default 5000. */
  readonly connectTimeoutMs?: number;
  /** Most callers that may wait for a connection; beyond it a call fails at once. Default 1000. */
  readonly maxWaiting?: number;
  /** Milliseconds after which a statement without an answer ends its connection. Default 60,000: longer than the roles' statement_timeout. */
  readonly queryTimeoutMs?: number;
  /** Milliseconds from which a statement counts as slow. Default 200. */
  readonly slowQueryMs?: number;
  /** Lets `openTransactions` count: for tests. Default false. */
  readonly watchTransactions?: boolean;
}

/** Told of every statement. Must not throw. */
export interface QueryObserver {
  query?(name: string, ms: number, failed: boolean): void;
  slowQuery?(name: string, ms: number, text: string): void;
  /** An idle connection was lost; the pool has dropped it. */
  connectionLost?(error: Error): void;
  /** A caller gave up and the server could not be told; the statement ends by itself or by its timeout. */
  cancelFailed?(error: Error): void;
}

export interface PoolStats {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
  readonly max: number;
}

/** A pool: statements outside every tenant with `query`, everything else in `transaction`. */
export interface Database extends Sql, ConnectionSource {
  transaction<T>(scope: Scope, fn: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Opens `min` connections; rejects when the database cannot be reached. */
  warm(): Promise<void>;
  stats(): PoolStats;
  /** Waits for what is checked out, then ends every connection. */
  close(): Promise<void>;
}

/** The server would be asked for more than it may: SQLSTATE 53300 (too_many_connections), for those who translate errors. */
export class PoolFullError extends Error {
  readonly code = '53300';
  constructor(waiting: number) {
    super(`${waiting} calls wait for a database connection already`);
    this.name = 'PoolFullError';
  }
}

/**
 * How every statement of ours is planned. The policies hide from the planner how many rows a tenant has: it takes each tenant for an average one,
 * and reads and sorts all of a large one (260 ms for a claim, at 100,000 rows). What is left leads by an index, in its order, to the rows wanted.
 */
const PLANNING = ['enable_seqscan', 'enable_bitmapscan', 'enable_sort', 'enable_hashjoin', 'enable_mergejoin', 'jit']
  .map((setting) => `set ${setting} = off`)
  .join('; ');

/** Longest that a transaction that only read stays open for want of another on its connection: it holds no snapshot, and locks no row. */
const COMMIT_LATER_MS = 20;

const statementNames = new Map<string, { readonly name: string; readonly onServer: string }>();

/** The name on the server: the query's own and a hash of the text, so that two texts can never share one. */
function statementName(name: string, text: string): string {
  const known = statementNames.get(text);
  if (known?.name === name) return known.onServer;
  if (name.length > 50) throw new TypeError(`query name '${name}' is longer than 50 characters`);
  const onServer = `${name}:${createHash('sha256').update(text).digest('hex').slice(0, 10)}`;
  if (statementNames.size >= 5000) statementNames.clear();
  statementNames.set(text, { name, onServer });
  return onServer;
}

/** Opens a pool; no connection is made before the first use or `warm`. */
export function openDatabase(
  settings: PoolSettings,
  observer: QueryObserver = {},
  clock: Pick<Clock, 'monotonic'> = systemClock,
): Database {
  const max = settings.max ?? 25;
  const min = settings.min ?? Math.min(5, max);
  const maxWaiting = settings.maxWaiting ?? 1000;
  const slowQueryMs = settings.slowQueryMs ?? 200;
  const connectTimeoutMs = settings.connectTimeoutMs ?? 5000;
  const clientConfig: pg.ClientConfig = {
    connectionString: settings.connectionString,
    application_name: settings.applicationName ?? 'thecloud',
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: settings.queryTimeoutMs ?? 60_000,
    keepAlive: true,
  };
  const pool = new pg.Pool({
    ...clientConfig,
    max,
    min,
    maxLifetimeSeconds: settings.maxLifetimeSeconds ?? 3600,
    idleTimeoutMillis: settings.idleTimeoutMs ?? 1_800_000,
    pipeline: true,
  } as pg.PoolConfig);
  pool.on('error', (error) => observer.connectionLost?.(error));
  // Sent before the first statement of the next user. If it fails, the connection is lost.
  pool.on('connect', (client) => client.query(PLANNING).catch(() => undefined));
  // Its end is the end of its transaction.
  pool.on('remove', (client) => {
    const state = kept.get(client as pg.PoolClient);
    if (state) takeDebt(state);
  });

  async function measure<T>(name: string, text: string, run: () => Promise<T>): Promise<T> {
    const started = clock.monotonic();
    let failed = true;
    try {
      const result = await run();
      failed = false;
      return result;
    } catch (error) {
      if (error instanceof Error) Object.assign(error, { query: name });
      throw error;
    } finally {
      const ms = clock.monotonic() - started;
      observer.query?.(name, ms, failed);
      if (ms >= slowQueryMs) observer.slowQuery?.(name, ms, text);
    }
  }

  /** Asks the server, on a connection of its own, to stop what `client` runs. */
  async function cancel(client: pg.PoolClient): Promise<void> {
    const other = new pg.Client(clientConfig);
    // What it fails with rejects what it is asked; the event alone would end the process.
    other.on('error', () => {});
    try {
      await other.connect();
      // Where the URL takes on a role after login, only the login may cancel.
      await other.query('set role none');
      await other.query('select pg_cancel_backend($1)', [(client as unknown as { processID: number }).processID]);
    } finally {
      await other.end();
    }
  }

  async function checkOut(signal: AbortSignal | undefined): Promise<pg.PoolClient> {
    // Those for whom a connection is idle or may still be opened count as waiting for a moment too.
    const waiting = pool.waitingCount - pool.idleCount - (max - pool.totalCount);
    if (waiting >= maxWaiting) throw new PoolFullError(waiting);
    const pending = pool.connect();
    if (!signal) return pending;
    return new Promise((resolve, reject) => {
      let given = false;
      const onAbort = () => {
        given = true;
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      pending.then(
        (client) => {
          signal.removeEventListener('abort', onAbort);
          if (given) client.release();
          else resolve(client);
        },
        (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      );
    });
  }

  /** What is kept of a connection between its uses. */
  interface Kept {
    readonly gather: () => void;
    /** A transaction that only read has no commit yet: it travels with the next begin, or alone when none comes soon. */
    owesCommit: boolean;
    timer: NodeJS.Timeout | undefined;
  }
  const kept = new WeakMap<pg.PoolClient, Kept>();

  function keptOf(client: pg.PoolClient): Kept {
    const known = kept.get(client);
    if (known) return known;
    // Losing a connection rejects its statements; without a listener the event would end the process as well.
    client.on('error', () => {});
    const gather = gatherer((client as unknown as { connection: { stream: Writable } }).connection.stream);
    const made: Kept = { gather, owesCommit: false, timer: undefined };
    kept.set(client, made);
    return made;
  }

  /** Whether a commit is owed; from now on it is not. */
  function takeDebt(state: Kept): boolean {
    if (!state.owesCommit) return false;
    state.owesCommit = false;
    clearTimeout(state.timer);
    return true;
  }

  async function connect(signal?: AbortSignal): Promise<Connection> {
    const client = await checkOut(signal);
    const state = keptOf(client);
    let aborted: Promise<void> | undefined;
    let doubtful = false;
    const onAbort = () => {
      // When it cannot be sent, the statement runs on until it ends or its timeout does that.
      aborted = cancel(client).catch((error: Error) => observer.cancelFailed?.(error));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const send = async (name: string, text: string) =>
      measure(name, text, async () => {
        state.gather();
        return lastCommand(await client.query(text));
      });
    return {
      query: <Row>(name: string, text: string, values?: readonly unknown[]) => {
        // What is no transaction's is not to run in the one before.
        if (takeDebt(state)) send('commit', 'commit').catch(() => {});
        return measure(name, text, async () => {
          const onServer = statementName(name, text);
          state.gather();
          try {
            const answer = await client.query({ name: onServer, text, values: values as unknown[] });
            return answer.rows as Row[];
          } catch (error) {
            // Anything but the server's own word leaves the connection in doubt.
            if (!(error instanceof pg.DatabaseError)) doubtful = true;
            if (signal?.aborted) throw signal.reason;
            throw error;
          }
        });
      },
      command: (text) =>
        takeDebt(state)
          ? send(text.startsWith('begin') ? 'begin' : text, `commit; ${text}`)
          : send(text.startsWith('begin') ? 'begin' : text, text),
      commitLater: () => {
        state.owesCommit = true;
        state.timer = setTimeout(() => {
          if (!takeDebt(state)) return;
          client.query('commit').catch((error: Error) => observer.connectionLost?.(error));
        }, COMMIT_LATER_MS);
      },
      release: (broken) => {
        signal?.removeEventListener('abort', onAbort);
        // A cancel that comes late must not hit the next user of the connection: it is ended, once the cancel has been sent.
        if (aborted) void aborted.then(() => client.release(true));
        else client.release(broken || doubtful);
      },
    };
  }

  const source: ConnectionSource = { connect, watchTransactions: settings.watchTransactions ?? false };
  return {
    ...source,
    query: async (name, text, values) => {
      const connection = await connect();
      try {
        return await connection.query(name, text, values);
      } finally {
        connection.release(false);
      }
    },
    transaction: (scope, fn, options) => withTransaction(source, scope, fn, options),
    warm: async () => {
      const opened = await Promise.allSettled(Array.from({ length: min }, () => pool.connect()));
      for (const one of opened) if (one.status === 'fulfilled') one.value.release();
      for (const one of opened) if (one.status === 'rejected') throw one.reason;
    },
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount, max }),
    close: () => pool.end(),
  };
}

/**
 * What is written to the socket in one turn goes out as one packet: a begin and the first statement, the last statement and its commit.
 * A write costs more than the statement's own handling (a fifth of a request's CPU, measured).
 */
function gatherer(stream: Writable): () => void {
  let corked = false;
  return () => {
    if (corked) return;
    corked = true;
    stream.cork();
    process.nextTick(() => {
      corked = false;
      stream.uncork();
    });
  };
}

/** The command tag; of several statements in one text pg answers an array. */
function lastCommand(answer: pg.QueryResult | pg.QueryResult[]): string {
  return (Array.isArray(answer) ? answer.at(-1)! : answer).command;
}
