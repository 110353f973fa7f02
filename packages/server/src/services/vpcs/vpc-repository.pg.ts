import { isUuid } from '../../kernel/ids.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { VpcRow, VpcStatus } from './vpc.ts';
import type { VpcRepository } from './vpc-repository.ts';

const COLUMNS = `id, user_id, tenant_id, name, cidr_block, network_id, arn, version, host_id, uplink_index, status, status_reason,
  observed_version, deleted_at, created_at, updated_at`;

/** Most names that one VPC's name server is told; a /16 has room for no more. */
const MAX_NAMES = 65_536;
const MAX_ON_HOST = 16_384;

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
      `select ${COLUMNS} from vpcs where tenant_id = $1 and (id = $2::uuid or ec2_id = $3 or name = $3) and deleted_at is null
       order by id = $2::uuid desc, ec2_id = $3 desc limit 1`,
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

  // A statement of its own: one plan for both would not use the index.
  listThese: (tenantId, ids, page) =>
    sql.query<VpcRow>(
      'vpcs.list_these',
      `select ${COLUMNS} from vpcs
       where tenant_id = $1 and (id = any ($2::uuid[]) or ec2_id = any ($3)) and deleted_at is null and ($4::uuid is null or id < $4::uuid)
       order by id desc limit $5`,
      [tenantId, ids.filter(isUuid), ids, page.after, page.limit + 1],
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

  async countContents(id) {
    const [row] = await sql.query<{ instances: number; load_balancers: number; scaling_groups: number }>(
      'vpcs.count_contents',
      `select (select count(*)::int from instances where vpc_id = $1 and deleted_at is null) as instances,
              (select count(*)::int from load_balancers where vpc_id = $1 and deleted_at is null) as load_balancers,
              (select count(*)::int from scaling_groups where vpc_id = $1 and deleted_at is null) as scaling_groups`,
      [id],
    );
    return { instances: row!.instances, loadBalancers: row!.load_balancers, scalingGroups: row!.scaling_groups };
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

  async load(id) {
    const [row] = await sql.query<VpcRow>('vpcs.load', `select ${COLUMNS} from vpcs where id = $1`, [id]);
    return row;
  },

  async assignUplink(id, hostId) {
    await sql.query('vpcs.lock_uplinks', `select pg_advisory_xact_lock(hashtextextended('uplinks:' || $1, 0))`, [
      hostId,
    ]);
    const [row] = await sql.query<VpcRow>(
      'vpcs.assign_uplink',
      `update vpcs set host_id = $2, uplink_index = (
         select candidate from (select 0 as candidate union all select uplink_index + 1 from vpcs where host_id = $2 and uplink_index is not null) as free
         where not exists (select 1 from vpcs taken where taken.host_id = $2 and taken.uplink_index = candidate)
         order by candidate limit 1)
       where id = $1 returning ${COLUMNS}`,
      [id, hostId],
    );
    return row!;
  },

  async countLeftInside(id) {
    const [row] = await sql.query<{ count: number }>(
      'vpcs.count_left_inside',
      'select count(*)::int as count from instances where vpc_id = $1',
      [id],
    );
    return row!.count;
  },

  names: (id) =>
    sql.query<{ id: string; name: string; address: string }>(
      'vpcs.names',
      `select id, name, host(private_ip) as address from instances
       where vpc_id = $1 and deleted_at is null and private_ip is not null order by lower(name), id limit ${MAX_NAMES}`,
      [id],
    ),

  async writeStatus(id, status: VpcStatus, reason, observedVersion) {
    await sql.query(
      'vpcs.write_status',
      `with written as (
         update vpcs set status = $2::varchar, status_reason = $3::text, observed_version = greatest(observed_version, $4::int)
         where id = $1 and (status, status_reason, observed_version)
           is distinct from ($2::varchar, $3::text, greatest(observed_version, $4::int)) returning id)
       select pg_notify('cloud_status', id::text) from written`,
      [id, status, reason, observedVersion],
    );
  },

  async remove(id) {
    await sql.query('vpcs.remove', 'delete from vpcs where id = $1 and deleted_at is not null', [id]);
  },

  idsOnHost: (hostId) =>
    sql.query<{ id: string; status: VpcStatus; deleted: boolean }>(
      'vpcs.ids_on_host',
      `select id, status, deleted_at is not null as deleted from vpcs where host_id = $1 limit ${MAX_ON_HOST}`,
      [hostId],
    ),
});
