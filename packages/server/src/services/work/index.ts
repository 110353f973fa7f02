import type { Static } from 'typebox';
import { notFound } from '../../kernel/errors.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { STUCK_AFTER } from '../../kernel/reconcile-queue.ts';
import { presentRow } from '../../kernel/resource.ts';
import { type Handlers, service } from '../../kernel/service.ts';
import { workExamples } from './examples.ts';
import { type StuckWork, workOperations } from './operations.ts';

interface WorkRow {
  readonly kind: string;
  readonly id: string;
  readonly tenant_id: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly due_at: Date;
}

const COLUMNS = 'kind, id, tenant_id, attempts, last_error, due_at';

const present = (row: WorkRow) =>
  presentRow(row, ['kind', 'id', 'tenant_id', 'attempts', 'last_error', 'due_at']) as Static<typeof StuckWork>;

/** `<attempts> <kind> <id>` */
const CURSOR = /^(\d{1,9}) ([\w:-]{1,50}) ([0-9a-f-]{36})$/;
const cursorOf = (row: Pick<WorkRow, 'attempts' | 'kind' | 'id'>) => `${row.attempts} ${row.kind} ${row.id}`;

const handlers: Handlers<typeof workOperations> = {
  async stuck({ sql, input }) {
    const page = pageRequest(input, (text) => CURSOR.test(text));
    const [, attempts, kind, id] = CURSOR.exec(page.after ?? '') ?? [];
    const rows = await sql.query<WorkRow>(
      'work.stuck',
      `select ${COLUMNS} from reconcile
       where attempts > 0 and -attempts <= -$1::int and ($2::int is null or (-attempts, kind, id) > (-$2::int, $3::text, $4::uuid))
       order by -attempts, kind, id limit $5`,
      [input.attempts ?? STUCK_AFTER, attempts ?? null, kind ?? null, id ?? null, page.limit + 1],
    );
    const { items, nextCursor } = toPage(rows, page.limit, cursorOf);
    return { items: items.map(present), ...(nextCursor === undefined ? {} : { nextCursor }) };
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
    return present(row);
  },
};

/** The queue of work, as the operator sees it. */
export const createWorkService = () =>
  service({
    name: 'work',
    resource: 'work',
    title: 'Background work',
    operations: workOperations,
    handlers,
    examples: workExamples,
  });
