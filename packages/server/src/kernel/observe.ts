import type { Availability } from './availability.ts';
import type { Log } from './log.ts';
import { nudge } from './reconcile-queue.ts';
import type { Repeat } from './service.ts';
import type { Database } from './sql/pool.ts';
import type { Sql } from './sql/tx.ts';

/** Milliseconds between two looks. */
const OBSERVE_MS = 15_000;
/** Share of the time that looks may take: one at 100,000 instances takes a second, and would cost a twentieth of a core each 15 s. */
const SHARE = 1 / 60;
/** Rows read at once. */
const CHUNK = 5_000;
/** Things woken in one transaction. */
const WAKES = 100;
/** Sorts before every id. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

const ALL = { tenantId: '*' } as const;

interface Hosted {
  readonly id: string;
  readonly tenant_id: string;
}

/** Things of one kind that an engine of this host can be asked for in bulk. */
export interface Observable<Row, Seen extends { readonly name: string }> {
  readonly kind: string;
  /** The rows: of which table, and what `hasDrifted` reads beside `id` and `tenant_id`. A service's own constants. */
  readonly table: string;
  readonly columns: string;
  readonly engine: {
    availability(): Promise<Availability>;
    /** All that is there, in one look. */
    list(): Promise<readonly Seen[]>;
    /** The name outside; pure. */
    nameOf(id: string): string;
  };
  /** Whether what is seen is not as a row says that was settled. For one that has a pass coming: false. */
  hasDrifted(row: Row, seen: Seen | undefined): boolean;
}

export interface ObserveDeps {
  readonly database: Database;
  readonly log: Log;
  readonly hostId: string;
}

/**
 * One look at all of a host's things against their rows; wakes what drifted. What is in the engine and in no row is answered and never
 * removed: after a restore, or with a wrong DATABASE_URL, everything newer looks like that.
 */
export async function observe<Row, Seen extends { readonly name: string }>(
  what: Observable<Row, Seen>,
  { database, hostId }: Omit<ObserveDeps, 'log'>,
): Promise<{ readonly drifted: number; readonly unknown: readonly string[] }> {
  // The rows are read after the look: what was made in between is no stranger then.
  const unknown = new Map((await what.engine.list()).map((seen) => [seen.name, seen]));
  const read = (sql: Sql, after: string) =>
    sql.query<Row & Hosted>(
      `${what.table}.on_host`,
      `select id, tenant_id, ${what.columns} from ${what.table} where host_id = $1 and id > $2 order by id limit ${CHUNK}`,
      [hostId, after],
    );
  let drifted = 0;
  for (let after = FIRST_ID; ; ) {
    const from = after;
    const rows = await database.transaction(ALL, (sql) => read(sql, from), { readOnly: true });
    const changed: Hosted[] = [];
    for (const row of rows) {
      const name = what.engine.nameOf(row.id);
      if (what.hasDrifted(row, unknown.get(name))) changed.push(row);
      unknown.delete(name);
    }
    await wakeAll(database, what.kind, hostId, changed);
    drifted += changed.length;
    const last = rows.at(-1);
    if (rows.length < CHUNK || !last) return { drifted, unknown: [...unknown.keys()] };
    after = last.id;
  }
}

async function wakeAll(database: Database, kind: string, hostId: string, rows: readonly Hosted[]): Promise<void> {
  for (let from = 0; from < rows.length; from += WAKES) {
    await database.transaction(ALL, async (sql) => {
      for (const { id, tenant_id: tenantId } of rows.slice(from, from + WAKES))
        await nudge(sql, { kind, id, tenantId, hostId });
    });
  }
}

/** Looks again and again while the engine is there, and reports what nobody knows once it was seen twice in a row. */
export function watchDrift<Row, Seen extends { readonly name: string }>(
  what: Observable<Row, Seen>,
  deps: ObserveDeps,
): Repeat {
  const { log } = deps;
  /** Strangers of the last look, and whether they were reported: what is being made or removed right now is none. */
  let known = new Map<string, boolean>();
  return {
    name: `look for drift: ${what.kind}`,
    ms: OBSERVE_MS,
    share: SHARE,
    async run() {
      const ready = await what.engine.availability();
      if (!ready.ok) return;
      const { drifted, unknown } = await observe(what, deps);
      if (drifted > 0) log.info({ kind: what.kind, drifted }, 'drift seen; repairing');
      for (const name of unknown)
        if (known.get(name) === false)
          log.warn({ kind: what.kind, name }, 'the engine has a resource without a row; the platform leaves it alone');
      known = new Map(unknown.map((name) => [name, known.has(name)]));
    },
  };
}
