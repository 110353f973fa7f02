import Type, { type Static } from 'typebox';
import { invalidInput } from '../../kernel/errors.ts';
import { isUuid } from '../../kernel/ids.ts';
import type { PageOf } from '../../kernel/operation.ts';
import { pageInput, pageRequest, toPage } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { AUDIT_COLUMNS, type AuditLogRow } from './audit-log.ts';

const uuid = Type.String({ format: 'uuid' });
const word = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 255, description }));
const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

export const timeInput = {
  from: time('Only rows written at this time or later'),
  to: time('Only rows written before this time'),
};

/** The filters of a list of the trail. */
export const filterInput = {
  ...pageInput,
  ...timeInput,
  actor: word('Only acts of this user: id or e-mail address'),
  action: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_:.-]{1,98}(\\.\\*)?$',
      'x-form': 'an action such as instance.launch, or instance.* for all actions of instances',
      description: 'Only this action, or all of one resource: instance.*',
    }),
  ),
  resource_type: word('Only acts on this kind of resource: instance, vpc …'),
  resource_id: word('Only acts on this resource: id, or the name that a refused call gave'),
  outcome: Type.Optional(Type.Enum(['allowed', 'refused'], { description: 'Only acts that were allowed or refused' })),
  key_id: Type.Optional(Type.String({ format: 'uuid', description: 'Only acts with this API key or session' })),
  request_id: word('Only acts of this request'),
};

const filters = Type.Object({ ...filterInput, tenant_id: Type.Optional(uuid) });

/** The filters with the actor looked up. */
export type Filters = Omit<Static<typeof filters>, 'actor'> & { readonly userId?: string };

/** `<created_at> <seq>` */
const CURSOR = /^(\d{4,6}-\d\d-\d\dT[\d:.]+Z) (\d{1,19})$/;
/** Behind every row. */
const LAST_SEQ = '9223372036854775807';
const cursorOf = (row: Pick<AuditLogRow, 'created_at' | 'seq'>): string => `${row.created_at} ${row.seq}`;

/** Throws INVALID_INPUT for a range that cannot hold anything. */
export function checkTimes({ from, to }: { readonly from?: string; readonly to?: string }): void {
  if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to))
    throw invalidInput(`from '${from}' must be before to '${to}'`);
}

/** What can lead to rows by an index, the most selective first. */
const LEADING = ['request_id', 'key_id', 'resource_id', 'user_id', 'action', 'action_group', 'resource_type'] as const;

/**
 * A page of the trail, newest first. One filter leads to the rows by its index, the others sort them out: a statement for each combination
 * would be thousands.
 */
export async function listAudit(sql: Sql, given: Filters): Promise<PageOf<AuditLogRow>> {
  checkTimes(given);
  const { limit, after } = pageRequest(given, (text) => CURSOR.test(text));
  const [, time, seq] = CURSOR.exec(after ?? '') ?? [];
  const { action, outcome } = given;
  const group = action?.endsWith('.*') ? action.slice(0, -2) : undefined;
  const wanted: { readonly [name in (typeof LEADING)[number]]?: string | undefined } = {
    ...given,
    ...(given.userId === undefined ? {} : { user_id: given.userId }),
    ...(group === undefined ? {} : { action: undefined, action_group: group }),
  };
  const leading = LEADING.find((name) => wanted[name] !== undefined);
  const values: unknown[] = [];
  const put = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    ...(given.tenant_id === undefined ? [] : [`a.tenant_id = ${put(given.tenant_id)}`]),
    ...(leading === undefined ? [] : [`a.${leading} = ${put(wanted[leading])}`]),
    // As a constant: the index of refused rows has the condition.
    ...(outcome === 'refused' && leading === undefined ? [`a.outcome = 'refused'`] : []),
    `a.created_at >= ${put(given.from ?? '-infinity')} and a.created_at < ${put(given.to ?? 'infinity')}`,
    `(a.created_at, a.seq) < (${put(time ?? 'infinity')}::timestamptz, ${put(seq ?? LAST_SEQ)}::bigint)`,
    `(${put(outcome ?? null)}::text is null or a.outcome = $${values.length})`,
  ];
  if (leading !== undefined)
    for (const name of LEADING) {
      if (name === leading) continue;
      conditions.push(`(${put(wanted[name] ?? null)}::text is null or a.${name}::text = $${values.length})`);
    }
  const rows = await sql.query<AuditLogRow>(
    'audit.list',
    `select ${AUDIT_COLUMNS} from audit_logs a where ${conditions.join(' and ')} order by a.created_at desc, a.seq desc limit ${put(limit + 1)}`,
    values,
  );
  return toPage(rows, limit, cursorOf);
}

/** The user that a filter means. Undefined: nobody who is in the trail. */
export async function findActor(sql: Sql, actor: string): Promise<string | undefined> {
  if (isUuid(actor)) return actor;
  const [row] = await sql.query<{ id: string | null }>('audit.find_user', 'select find_audit_user($1) as id', [actor]);
  return row?.id ?? undefined;
}
