import type { Sql } from '../../kernel/sql/tx.ts';
import { type VpcRow, VPCS } from './vpc.ts';

/** Gives a VPC its host, and the lowest number of an uplink that is free there. */
export async function assignUplink(sql: Sql, id: string, hostId: string): Promise<VpcRow> {
  await sql.query('vpcs.lock_uplinks', `select pg_advisory_xact_lock(hashtextextended('uplinks:' || $1, 0))`, [hostId]);
  const [row] = await sql.query<VpcRow>(
    'vpcs.assign_uplink',
    `update vpcs set host_id = $2, uplink_index = (
       select candidate from (select 0 as candidate union all select uplink_index + 1 from vpcs where host_id = $2 and uplink_index is not null) as free
       where not exists (select 1 from vpcs taken where taken.host_id = $2 and taken.uplink_index = candidate)
       order by candidate limit 1)
     where id = $1 returning ${VPCS.columns}`,
    [id, hostId],
  );
  return row!;
}
