import { isUuid } from '../../kernel/ids.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type VpcRow, VPCS } from './vpc.ts';
import type { VpcRepository } from './vpc-repository.ts';

const COLUMNS = VPCS.columns;

export const createPgVpcRepository = (sql: Sql): VpcRepository => ({
  async insert(vpc) {
    const [row] = await sql.query<VpcRow>(
      'vpcs.insert',
      `insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id, arn, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
       on conflict (tenant_id, name) where deleted_at is null do nothing returning ${COLUMNS}`,
      [vpc.id, vpc.userId, vpc.tenantId, vpc.name, vpc.cidrBlock, vpc.networkId, vpc.arn, vpc.at],
    );
    return row;
  },

  async find(tenantId, ref) {
    const [row] = await sql.query<VpcRow>(
      'vpcs.find',
      `select ${COLUMNS} from vpcs where tenant_id = $1 and (id = $2::uuid or name = $3) and deleted_at is null order by id = $2::uuid desc limit 1`,
      [tenantId, isUuid(ref) ? ref : null, ref],
    );
    return row;
  },

  list: (tenantId, page) =>
    sql.query<VpcRow>(
      'vpcs.list',
      `select ${COLUMNS} from vpcs where tenant_id = $1 and deleted_at is null and ($2::uuid is null or id < $2::uuid) order by id desc limit $3`,
      [tenantId, page.after, page.limit + 1],
    ),

  async count(tenantId) {
    const [row] = await sql.query<{ count: number }>(
      'vpcs.count',
      'select count(*)::int as count from vpcs where tenant_id = $1 and deleted_at is null',
      [tenantId],
    );
    return row!.count;
  },

  async rename(id, name, at) {
    const [row] = await sql.query<VpcRow>(
      'vpcs.rename',
      `update vpcs v set name = $2, version = version + 1, updated_at = $3,
         observed_version = case when observed_version = version then version + 1 else observed_version end
       where id = $1 and not exists (select 1 from vpcs o where o.tenant_id = v.tenant_id and o.name = $2 and o.id <> v.id and o.deleted_at is null)
       returning ${COLUMNS}`,
      [id, name, at],
    );
    return row;
  },

  async lock(id) {
    await sql.query('vpcs.lock', 'select 1 as ok from vpcs where id = $1 for update', [id]);
  },

  async markDeleted(id, at) {
    await sql.query(
      'vpcs.mark_deleted',
      'update vpcs set deleted_at = $2, version = version + 1, updated_at = $2 where id = $1',
      [id, at],
    );
  },

  async accountNumber(tenantId) {
    const [row] = await sql.query<{ account_number: string }>(
      'vpcs.account_number',
      'select account_number from tenants where id = $1',
      [tenantId],
    );
    return row!.account_number;
  },
});
