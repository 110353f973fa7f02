import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { createPgMemberRepository } from '../identity/index.ts';
import type { TenantRow } from './tenant.ts';

const COLUMNS = `t.id, t.name, t.slug, t.owner_id, t.plan, t.status, t.status_reason, t.require_second_factor, m.role, t.created_at, t.updated_at`;

export interface NewTenant {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly accountNumber: string;
  readonly at: Date;
  /** Most tenants that a user may own. */
  readonly most: number;
}

export interface TenantChange {
  readonly name: string;
  readonly slug: string;
  readonly requireSecondFactor: boolean;
  readonly at: Date;
}

/** Tenants as their members see them. */
export const createPgTenantRepository = (sql: Sql) => ({
  /** With the user's role; undefined: the user is not a member. A lock holds the tenant's members as they are. */
  async find(tenantId: string, userId: string, lock: boolean): Promise<TenantRow | undefined> {
    // Two statements: the second one sees the members as who held the lock before left them.
    if (lock) await createPgMemberRepository(sql).lockTenant(tenantId);
    const [row] = await sql.query<TenantRow>(
      'tenants.find',
      `select ${COLUMNS} from tenants t join memberships m on m.tenant_id = t.id and m.user_id = $2 where t.id = $1`,
      [tenantId, userId],
    );
    return row;
  },

  /** The tenants of a user, newest first. */
  list(userId: string, page: PageRequest): Promise<readonly TenantRow[]> {
    return sql.query<TenantRow>(
      'tenants.list',
      `select ${COLUMNS} from memberships m join tenants t on t.id = m.tenant_id
       where m.user_id = $1 and m.tenant_id < $2 order by m.tenant_id desc limit $3`,
      [userId, page.after ?? LAST_ID, page.limit + 1],
    );
  },

  /** The user of the transaction becomes the owner. */
  async create(tenant: NewTenant): Promise<'created' | 'slug_taken' | 'account_taken' | 'too_many'> {
    const [row] = await sql.query<{ outcome: 'created' | 'slug_taken' | 'account_taken' | 'too_many' }>(
      'tenants.create',
      'select create_tenant($1, $2, $3, $4, $5, $6) as outcome',
      [tenant.id, tenant.name, tenant.slug, tenant.accountNumber, tenant.at, tenant.most],
    );
    return row!.outcome;
  },

  /** Rejects with a unique violation for a slug that another tenant has. */
  async update(tenantId: string, change: TenantChange): Promise<void> {
    await sql.query(
      'tenants.update',
      'update tenants set name = $2, slug = $3, require_second_factor = $4, updated_at = $5 where id = $1',
      [tenantId, change.name, change.slug, change.requireSecondFactor, change.at],
    );
  },

  /** The user's default, and the tenant of the session with this key. True: it is a session's. */
  async switchTo(
    tenantId: string,
    userId: string,
    keyId: string,
  ): Promise<{ readonly isSession: boolean; readonly isMoved: boolean }> {
    const [sessions, defaults, moved] = await Promise.all([
      sql.query(
        'tenants.find_session',
        `select 1 as ok from api_keys where id = $2 and user_id = $1 and kind = 'session'`,
        [userId, keyId],
      ),
      sql.query(
        'tenants.set_default',
        'update users set default_tenant_id = $2 where id = $1 and default_tenant_id is distinct from $2 returning 1 as ok',
        [userId, tenantId],
      ),
      sql.query(
        'tenants.move_session',
        `update api_keys set tenant_id = $3
         where id = $2 and user_id = $1 and kind = 'session' and tenant_id is distinct from $3 returning 1 as ok`,
        [userId, keyId, tenantId],
      ),
    ]);
    return { isSession: sessions.length > 0, isMoved: defaults.length + moved.length > 0 };
  },

  /** Marks it closed and frees its slug. What refers to it stays. */
  async close(tenantId: string, at: Date): Promise<void> {
    await sql.query(
      'tenants.close',
      `update tenants set closed_at = $2, updated_at = $2, slug = 'closed-' || id where id = $1`,
      [tenantId, at],
    );
  },
});
