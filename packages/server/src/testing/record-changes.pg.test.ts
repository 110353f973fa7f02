import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../kernel/ids.ts';
import { type Changes, recordChanges } from './record-changes.ts';
import { type Seeded, seedDatabase, type Tenant } from './seed.ts';
import { uniqueWord } from './test-api.ts';

let db: Seeded;
let tenant: Tenant;
let changes: Changes;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  // Many rows beside the one that is changed.
  await db.owner.query(
    `insert into tenant_roles (tenant_id, name) select $1, 'crowd-' || i from generate_series(1, 5000) as i`,
    [tenant.tenantId],
  );
  changes = await recordChanges(db.owner);
});
afterAll(() => db.drop());

const asApi = (text: string, values: unknown[] = []) =>
  db.api.transaction(tenant, (sql) => sql.query('test.change', text, values));

describe('the record of changes', () => {
  it('has one row that was made, written or removed among thousands, by whatever role', async () => {
    const name = uniqueWord();
    await asApi('insert into tenant_roles (tenant_id, name) values ($1, $2)', [tenant.tenantId, name]);
    expect(await changes.take()).toEqual(['insert tenant_roles']);
    await db.worker.transaction({ tenantId: '*' }, (sql) =>
      sql.query('test.change', `update tenant_roles set description = 'x' where name = $1`, [name]),
    );
    expect(await changes.take()).toEqual(['update tenant_roles']);
    await db.owner.query('delete from tenant_roles where name = $1', [name]);
    expect(await changes.take()).toEqual(['delete tenant_roles']);
  });

  it('has a row that was written as it was', async () => {
    await asApi(`update tenant_roles set name = name where name = 'crowd-7'`);
    expect(await changes.take()).toEqual(['update tenant_roles']);
  });

  it('has each row, also what goes with another, and a table that was emptied', async () => {
    const { rows } = await db.owner.query<{ id: string }>(`select id from tenant_roles where name = 'crowd-1'`);
    await db.owner.query(
      'insert into tenant_role_permissions (role_id, tenant_id, permission) values ($1, $2, $3), ($1, $2, $4)',
      [rows[0]!.id, tenant.tenantId, 'a:b', 'c:d'],
    );
    expect(await changes.take()).toEqual(Array(2).fill('insert tenant_role_permissions'));
    await asApi('delete from tenant_roles where id = $1', [rows[0]!.id]);
    expect([...(await changes.take())].sort()).toEqual([
      'delete tenant_role_permissions',
      'delete tenant_role_permissions',
      'delete tenant_roles',
    ]);
    await db.owner.query('truncate idempotency_keys');
    expect(await changes.take()).toEqual(['truncate idempotency_keys']);
  });

  it('has nothing of what was read, locked, found to change no row, or rolled back', async () => {
    await asApi(`select 1 from tenant_roles where name = 'crowd-2' for update`);
    await asApi(`update tenant_roles set name = 'x' where id = $1`, [newId()]);
    const failed = db.api.transaction(tenant, async (sql) => {
      await sql.query('test.change', `delete from tenant_roles where name = 'crowd-2'`);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await changes.take()).toEqual([]);
  });

  it('has nothing of what a refusal may change, and all else of the same tables', async () => {
    const insertAudit = (outcome: string) =>
      db.owner.query(
        `insert into audit_logs (id, user_id, tenant_id, action, resource_type, resource_id, outcome) values ($1, $2, $3, 'a', 'r', 'x', $4)`,
        [newId(), tenant.userId, tenant.tenantId, outcome],
      );
    await insertAudit('refused');
    await db.owner.query(`insert into api_keys (user_id, tenant_id, key, name) values ($1, $2, 'hash', 'k')`, [
      tenant.userId,
      tenant.tenantId,
    ]);
    expect(await changes.take()).toEqual(['insert api_keys']);
    await db.owner.query('update api_keys set last_used = now()');
    expect(await changes.take()).toEqual([]);
    await insertAudit('allowed');
    await db.owner.query('update api_keys set last_used = now(), revoked_at = now()');
    expect(await changes.take()).toEqual(['insert audit_logs', 'update api_keys']);
  });

  it('watches every table but the one whose rows end with their transaction', async () => {
    const { rows } = await db.owner.query<{ name: string }>(
      `select c.relname as name from pg_class c
       where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
         and (select count(*) from pg_trigger t where t.tgrelid = c.oid and t.tgname like 'record\\_%' and t.tgenabled = 'O') < 4
         and not c.relispartition`,
    );
    expect(rows).toEqual([{ name: 'proofs' }]);
  });
});
