import type { Sql } from '../../kernel/sql/tx.ts';
import { type VpcRow, VPCS } from './vpc.ts';

export interface NewVpc {
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly cidrBlock: string;
  readonly networkId: string;
  readonly arn: string;
  readonly at: Date;
}

export type VpcRepository = ReturnType<typeof createPgVpcRepository>;

/** What VPCs ask of the database beyond kernel/resource.ts. */
export const createPgVpcRepository = (sql: Sql) => ({
  /** Undefined when the tenant has a VPC of that name. */
  async insert(vpc: NewVpc): Promise<VpcRow | undefined> {
    const [row] = await sql.query<VpcRow>(
      'vpcs.insert',
      `insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id, arn, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
       on conflict (tenant_id, name) where deleted_at is null do nothing returning ${VPCS.columns}`,
      [vpc.id, vpc.userId, vpc.tenantId, vpc.name, vpc.cidrBlock, vpc.networkId, vpc.arn, vpc.at],
    );
    return row;
  },

  /** Undefined when the name is taken. Nothing outside bears the name: what was seen of the old version holds for the new one. */
  async rename(id: string, name: string, at: Date): Promise<VpcRow | undefined> {
    const [row] = await sql.query<VpcRow>(
      'vpcs.rename',
      `update vpcs v set name = $2, version = version + 1, updated_at = $3,
         observed_version = case when observed_version = version then version + 1 else observed_version end
       where id = $1 and not exists (select 1 from vpcs o where o.tenant_id = v.tenant_id and o.name = $2 and o.id <> v.id and o.deleted_at is null)
       returning ${VPCS.columns}`,
      [id, name, at],
    );
    return row;
  },
});
