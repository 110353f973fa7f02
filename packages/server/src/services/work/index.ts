import type { Static } from 'typebox';
import { notFound } from '../../kernel/errors.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { STUCK_AFTER } from '../../kernel/reconcile-queue.ts';
import { presentRow } from '../../kernel/resource.ts';
import { type Handlers, service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { SWEEP_ID } from '../../kernel/sweep.ts';
import { adviceFor } from './advice.ts';
import { workExamples } from './examples.ts';
import { type StuckWork, type WorkOfKind, workOperations } from './operations.ts';

interface WorkRow {
  readonly kind: string;
  readonly id: string;
  readonly tenant_id: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly due_at: Date;
  readonly parked_at: Date | null;
}

const COLUMNS = 'kind, id, tenant_id, attempts, last_error, due_at, parked_at';

/** Of a resource, what its tenant is told. */
interface ReasonRow {
  readonly id: string;
  readonly status_reason: string | null;
  readonly reason_code: string | null;
}

const present = (row: WorkRow, told: ReasonRow | undefined): Static<typeof StuckWork> => ({
  ...(presentRow(row, ['kind', 'id', 'tenant_id', 'attempts', 'last_error', 'due_at', 'parked_at']) as Omit<
    Static<typeof StuckWork>,
    'advice'
  >),
  ...(told?.reason_code ? { reason_code: told.reason_code } : {}),
  ...(told?.status_reason ? { reason: told.status_reason } : {}),
  advice: adviceFor(row.kind, told?.reason_code ?? undefined),
});

/** `<attempts> <kind> <id>` */
const CURSOR = /^(\d{1,9}) ([\w:-]{1,50}) ([0-9a-f-]{36})$/;
const cursorOf = (row: Pick<WorkRow, 'attempts' | 'kind' | 'id'>) => `${row.attempts} ${row.kind} ${row.id}`;

interface KindRow {
  readonly kind: string;
  readonly due: number;
  readonly running: number;
  readonly failing: number;
  readonly parked: number;
  readonly oldest_due_at: Date | null;
  readonly last_run_at: Date | null;
  readonly next_run_at: Date | null;
}

export interface ParkedWork {
  readonly kind: string;
  readonly count: number;
  /** Since when the oldest is parked, in minutes. */
  readonly minutes: number;
}

/** What the host cannot end, of all tenants: for health and metrics. */
export const countParked = (operator: Sql): Promise<readonly ParkedWork[]> =>
  operator.query<ParkedWork>(
    'work.parked',
    `select kind, count(*)::int as count, (extract(epoch from now() - min(parked_at)) / 60)::int as minutes
     from reconcile where parked_at is not null group by kind order by kind`,
  );

/** Tables of the resources that passes work on, by kind. Names and columns are the services' own constants. */
export type WorkTables = Readonly<Record<string, string>>;

const createHandlers = (tables: () => WorkTables): Handlers<typeof workOperations> => {
  const reasonsOf = async (sql: Sql, rows: readonly WorkRow[]): Promise<ReadonlyMap<string, ReasonRow>> => {
    const kinds = Object.entries(tables()).filter(([kind]) => rows.some((row) => row.kind === kind));
    const found = await Promise.all(
      kinds.map(([kind, table]) =>
        sql.query<ReasonRow>(
          `work.reasons_of_${table}`,
          `select id, status_reason, reason_code from ${table} where id = any($1)`,
          [rows.filter((row) => row.kind === kind).map((row) => row.id)],
        ),
      ),
    );
    return new Map(found.flat().map((row) => [row.id, row]));
  };

  return {
    async list({ sql, input }) {
      const page = pageRequest(input, (text) => /^[\w:-]{1,50}$/.test(text));
      const rows = await sql.query<KindRow>(
        'work.list',
        // From kind to kind by the primary key, and for each by the indexes of what is ready, sleeps, is leased and fails.
        `with recursive kinds as (
           (select kind from reconcile where kind > coalesce($1, '') order by kind limit 1)
           union all
           select (select r.kind from reconcile r where r.kind > k.kind order by r.kind limit 1) from kinds k where k.kind is not null)
         select k.kind, ready.count + late.count as due, running.count as running, failing.count as failing, parked.count as parked,
           least(ready.oldest, late.oldest) as oldest_due_at, sweep.settled_at as last_run_at, sweep.due_at as next_run_at
         from kinds k
         cross join lateral (select count(*)::int as count, min(due_at) as oldest from reconcile r where r.kind = k.kind and r.ready) as ready
         cross join lateral (
           select count(*)::int as count, min(due_at) as oldest from reconcile r
           where r.kind = k.kind and not r.ready and greatest(r.due_at, r.leased_until) <= now()) as late
         cross join lateral (
           select count(*)::int as count from reconcile r where r.leased_until is not null and r.leased_until > now() and r.kind = k.kind) as running
         cross join lateral (
           select count(*)::int as count from reconcile r
           where r.attempts > 0 and -r.attempts <= case when r.leased_until is null then -1 else -2 end and r.kind = k.kind) as failing
         cross join lateral (
           select count(*)::int as count from reconcile r where r.parked_at is not null and r.kind = k.kind) as parked
         left join reconcile sweep on sweep.kind = k.kind and sweep.id = '${SWEEP_ID}' and k.kind like 'sweep:%'
         where k.kind is not null order by k.kind limit $2`,
        [page.after, page.limit + 1],
      );
      const { items, nextCursor } = toPage(rows, page.limit, (row) => row.kind);
      const shown = items.map(
        (row) =>
          presentRow(row, [
            'kind',
            'due',
            'running',
            'failing',
            'parked',
            'oldest_due_at',
            'last_run_at',
            'next_run_at',
          ]) as Static<typeof WorkOfKind>,
      );
      return { items: shown, ...(nextCursor === undefined ? {} : { nextCursor }) };
    },

    async stuck({ sql, input }) {
      const page = pageRequest(input, (text) => CURSOR.test(text));
      const [, attempts, kind, id] = CURSOR.exec(page.after ?? '') ?? [];
      const after = `($2::int is null or (-r.attempts, r.kind, r.id) > (-$2::int, $3::text, $4::uuid))`;
      const columns = COLUMNS.split(', ').map((column) => `r.${column}`);
      // A deletion that waits for an engine does not fail, but is stuck too.
      const deletions = Object.entries(tables()).map(
        ([of, table]) =>
          `union all (select ${columns.join(', ')} from ${table} as t join reconcile r on r.kind = '${of}' and r.id = t.id
             where t.reason_code = 'DELETE_STUCK' and r.attempts < $1::int and ${after} order by -r.attempts, r.id limit $5)`,
      );
      const rows = await sql.query<WorkRow>(
        'work.stuck',
        `select ${COLUMNS} from (
           (select ${columns.join(', ')} from reconcile r where r.attempts > 0 and -r.attempts <= -$1::int and ${after}
            order by -r.attempts, r.kind, r.id limit $5)
           ${deletions.join('\n')}) as found
         order by -attempts, kind, id limit $5`,
        [input.attempts ?? STUCK_AFTER, attempts ?? null, kind ?? null, id ?? null, page.limit + 1],
      );
      const { items, nextCursor } = toPage(rows, page.limit, cursorOf);
      const reasons = await reasonsOf(sql, items);
      return {
        items: items.map((row) => present(row, reasons.get(row.id))),
        ...(nextCursor === undefined ? {} : { nextCursor }),
      };
    },

    async retry({ sql, input: { kind, id }, wake, about }) {
      const [row] = await sql.query<WorkRow & { host_id: string | null }>(
        'work.find',
        `select ${COLUMNS}, host_id from reconcile where kind = $1 and id = $2 for no key update`,
        [kind, id],
      );
      if (!row) throw notFound('work', `${kind} ${id}`);
      wake(kind, id, row.host_id);
      about({ id, ...(row.tenant_id === null ? {} : { tenantId: row.tenant_id }) });
      return present(row, (await reasonsOf(sql, [row])).get(id));
    },
  };
};

/** The queue of work, as the operator sees it. */
export const createWorkService = (deps: { readonly tables: () => WorkTables }) =>
  service({
    name: 'work',
    resource: 'work',
    title: 'Background work',
    operations: workOperations,
    authority: true,
    console: {
      group: 'operator',
      icon: 'list-checks',
      order: 5,
      summary: 'Work is what the platform does in the background to make resources as people want them.',
      title: 'kind',
    },
    handlers: createHandlers(deps.tables),
    examples: workExamples,
  });
