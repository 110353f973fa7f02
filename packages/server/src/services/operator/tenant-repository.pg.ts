import { isUuid } from '../../kernel/ids.ts';
import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { OperatedTenantRow } from './tenant.ts';

const COLUMNS = `id, name, slug, owner_id, (select email from users where users.id = owner_id) as owner_email, plan, status, status_reason, account_number,
  (select count(*)::int from memberships where memberships.tenant_id = tenants.id) as members, created_at, closed_at`;

export interface TenantFilter {
  readonly status?: string | undefined;
  readonly plan?: string | undefined;
  readonly ownerId?: string | undefined;
}

export const createPgOperatedTenants = (sql: Sql) => ({
  /** By id or slug. */
  async find(ref: string, lock: boolean): Promise<OperatedTenantRow | undefined> {
    const by = isUuid(ref) ? 'id' : 'slug';
    const [row] = await sql.query<OperatedTenantRow>(
      `operator.find_tenant_by_${by}${lock ? '_locked' : ''}`,
      `select ${COLUMNS} from tenants where ${by} = $1${lock ? ' for no key update' : ''}`,
      [ref],
    );
    return row;
  },

  /** A page, newest first, and one row more than its limit: see toPage. */
  list(page: PageRequest, { status, plan, ownerId }: TenantFilter): Promise<readonly OperatedTenantRow[]> {
    const values: unknown[] = [page.after ?? LAST_ID, page.limit + 1];
    const equals = Object.entries({ status, plan, owner_id: ownerId }).flatMap(([column, value]) =>
      value === undefined ? [] : [` and ${column} = $${values.push(value)}`],
    );
    return sql.query<OperatedTenantRow>(
      'operator.list_tenants',
      `select ${COLUMNS} from tenants where id < $1${equals.join('')} order by id desc limit $2`,
      values,
    );
  },

  async setStatus(id: string, status: string, reason: string | null, at: Date): Promise<void> {
    await sql.query(
      'operator.set_tenant_status',
      'update tenants set status = $2, status_reason = $3, updated_at = $4 where id = $1',
      [id, status, reason, at],
    );
  },

  async setPlan(id: string, plan: string, at: Date): Promise<void> {
    await sql.query('operator.set_tenant_plan', 'update tenants set plan = $2, updated_at = $3 where id = $1', [
      id,
      plan,
      at,
    ]);
  },
});
