import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Something that runs SQL: the pool, or one transaction. Repositories take this and cannot tell which.
 *
 * `name` is the statement's name on the server, in metrics and in the slow-query log: `service.verb`, at most 50 characters. The text is
 * prepared once a connection, so it must come from a small fixed set; values go in as $1, $2 … Throws pg's DatabaseError, with the
 * statement's name as `query`.
 */
export interface Sql {
  query<Row = Record<string, unknown>>(name: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * What row-level security lets a transaction see: for a worker the tenant that it names, or every tenant (`*`); for the API what its token
 * says, whatever else is named. Without either, no row of any tenant.
 */
export interface Scope {
  readonly tenantId?: string;
  readonly userId?: string;
  /** A token of the database: see scope.ts. Its tenant and user count, and no others. */
  readonly token?: string | undefined;
}

export interface TransactionOptions {
  /** Default false. */
  readonly readOnly?: boolean;
  /** Default: read committed, PostgreSQL's own. */
  readonly isolation?: 'repeatable read' | 'serializable';
  /** Ends the transaction and cancels the statement that runs on the server; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A connection as `withTransaction` needs it. */
export interface Connection extends Sql {
  /** A statement of ours without values, by the simple protocol; answers the command tag. */
  command(text: string): Promise<string>;
  /** Ends a transaction that only read, soon: with the next command, if one comes. Last before the release. */
  commitLater(): void;
  /** Gives it back; `broken` ends it instead. */
  release(broken: boolean): void;
}

/** Where connections come from: see pool.ts. */
export interface ConnectionSource {
  connect(signal?: AbortSignal): Promise<Connection>;
  /** Marks transactions for `openTransactions`. */
  readonly watchTransactions: boolean;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A token in hex: tenant, user, end and code. */
const TOKEN = /^[0-9a-f]{144}$/;

/** The first words of a transaction: begin and scope in one round trip. Throws TypeError for what is no UUID and no token: they go into the text. */
export function beginStatement(scope: Scope, options: TransactionOptions = {}): string {
  let text = 'begin';
  if (options.isolation) text += ` isolation level ${options.isolation}`;
  if (options.readOnly) text += ' read only';
  if (scope.token !== undefined) {
    if (!TOKEN.test(scope.token)) throw new TypeError("a transaction's token must be one of the database");
    return `${text}; set local cloud.scope = '${scope.token}'`;
  }
  if (scope.tenantId !== undefined) {
    if (scope.tenantId !== '*' && !UUID.test(scope.tenantId))
      throw new TypeError("a transaction's tenant must be a UUID or *");
    text += `; set local cloud.tenant_id = '${scope.tenantId}'`;
  }
  if (scope.userId !== undefined) {
    if (!UUID.test(scope.userId)) throw new TypeError("a transaction's user must be a UUID");
    text += `; set local cloud.user_id = '${scope.userId}'`;
  }
  return text;
}

interface Marker {
  open: boolean;
  readonly outer: Marker | undefined;
}
const markers = new AsyncLocalStorage<Marker>();

/** How many transactions this call chain holds open: the guard against an engine call within one. Counts only where the pool watches. */
export function openTransactions(): number {
  let count = 0;
  for (let marker = markers.getStore(); marker; marker = marker.outer) if (marker.open) count++;
  return count;
}

/**
 * Runs `fn` in one transaction under `scope`; commits when it resolves, rolls back when it rejects.
 *
 * The begin travels with the first statement of `fn` (the connection is pipelined), so it costs no round trip of its own. A write
 * rejects also when PostgreSQL answers the commit with a rollback: a statement had failed and `fn` swallowed it. A read does not wait for its commit. Nothing is retried here. A statement that
 * `fn` sent last and did not wait for travels with the commit; if it fails, so does the commit.
 */
export async function withTransaction<T>(
  source: ConnectionSource,
  scope: Scope,
  fn: (sql: Sql) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const begin = beginStatement(scope, options);
  options.signal?.throwIfAborted();
  const connection = await source.connect(options.signal);
  let over = false;
  let broken = false;
  const sql: Sql = {
    query: (name, text, values) => {
      if (over) return Promise.reject(new Error(`'${name}' came after its transaction had ended`));
      if (options.signal?.aborted) return Promise.reject(options.signal.reason);
      return connection.query(name, text, values);
    },
  };
  const marker: Marker = { open: true, outer: markers.getStore() };
  // A failed begin fails the statements behind it too: a set that is refused leaves the transaction aborted, a lost connection ends all.
  const begun = connection.command(begin);
  begun.catch(() => {});
  try {
    const result = source.watchTransactions ? await markers.run(marker, fn, sql) : await fn(sql);
    over = true;
    await begun;
    options.signal?.throwIfAborted();
    if (options.readOnly) {
      // A read has nothing to lose: nobody waits for its commit, which costs a packet of its own. With a snapshot of its own it ends at once.
      if (options.isolation) connection.command('commit').catch(() => {});
      else connection.commitLater();
      return result;
    }
    const answer = await connection.command('commit');
    if (answer !== 'COMMIT')
      throw new Error('the transaction was rolled back: a statement in it failed and its error was swallowed');
    return result;
  } catch (error) {
    over = true;
    broken = !(await rollBack(connection));
    throw error;
  } finally {
    marker.open = false;
    connection.release(broken);
  }
}

/** The same, read-only: PostgreSQL refuses every write. */
export function withReadTransaction<T>(
  source: ConnectionSource,
  scope: Scope,
  fn: (sql: Sql) => Promise<T>,
  options: Omit<TransactionOptions, 'readOnly'> = {},
): Promise<T> {
  return withTransaction(source, scope, fn, { ...options, readOnly: true });
}

async function rollBack(connection: Connection): Promise<boolean> {
  try {
    await connection.command('rollback');
    return true;
  } catch {
    // The connection is lost, and with it the transaction; the caller hears of the error that brought us here.
    return false;
  }
}
