import type { PageRequest } from '../../kernel/page.ts';
import type { Label } from '../../kernel/resource.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type InstanceRow, INSTANCES, type InstanceTypeRow } from './instance.ts';

export interface NewInstance {
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly image: string;
  readonly instanceType: string;
  readonly containerId: string;
  readonly vpcId: string | null;
  readonly privateIp: string | null;
  readonly mac: string | null;
  readonly hostName: string;
  readonly hostId: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly at: Date;
}

export interface InstanceUsage {
  readonly instances: number;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

export type InstanceRepository = ReturnType<typeof createPgInstanceRepository>;

const TYPE_COLUMNS = 'id, name, vcpus, memory_mb, disk_gb, network_mbps, price_per_hour, category, processes';

/** What instances ask of the database beyond kernel/resource.ts. */
export const createPgInstanceRepository = (sql: Sql) => ({
  /** Undefined when the tenant has an instance of that name. */
  async insert(instance: NewInstance): Promise<InstanceRow | undefined> {
    const [row] = await sql.query<InstanceRow>(
      'instances.insert',
      `insert into instances (id, user_id, tenant_id, name, image, instance_type, container_id, vpc_id, private_ip, mac, host_name, host_id, env, command,
         labels, metadata, status, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'STARTING', $17, $17)
       on conflict (tenant_id, name) where deleted_at is null do nothing returning ${INSTANCES.columns}`,
      [
        instance.id,
        instance.userId,
        instance.tenantId,
        instance.name,
        instance.image,
        instance.instanceType,
        instance.containerId,
        instance.vpcId,
        instance.privateIp,
        instance.mac,
        instance.hostName,
        instance.hostId,
        JSON.stringify(instance.env),
        instance.command ? JSON.stringify(instance.command) : null,
        JSON.stringify(instance.labels),
        JSON.stringify(instance.metadata),
        instance.at,
      ],
    );
    return row;
  },

  /** What a tenant's instances take. One that is being deleted counts until it is gone, since until then it takes as much. */
  async usage(tenantId: string): Promise<InstanceUsage> {
    const [row] = await sql.query<{ instances: number; vcpus: number; memory_mb: number; disk_gb: number }>(
      'instances.usage',
      `select coalesce(sum(u.count), 0)::int as instances, coalesce(sum(u.count * t.vcpus), 0)::int as vcpus,
         coalesce(sum(u.count * t.memory_mb), 0)::int as memory_mb, coalesce(sum(u.count * t.disk_gb), 0)::int as disk_gb
       from (select instance_type, count(*) as count from instances where tenant_id = $1 group by instance_type) as u
       left join instance_types t on t.id = u.instance_type`,
      [tenantId],
    );
    return { instances: row!.instances, vcpus: row!.vcpus, memoryMb: row!.memory_mb, diskGb: row!.disk_gb };
  },

  async findType(id: string): Promise<InstanceTypeRow | undefined> {
    const [row] = await sql.query<InstanceTypeRow>(
      'instances.find_type',
      `select ${TYPE_COLUMNS} from instance_types where id = $1`,
      [id],
    );
    return row;
  },

  listTypes: (page: PageRequest): Promise<readonly InstanceTypeRow[]> =>
    sql.query<InstanceTypeRow>(
      'instances.list_types',
      `select ${TYPE_COLUMNS} from instance_types where $1::text is null or id > $1::text order by id limit $2`,
      [page.after, page.limit + 1],
    ),

  async setPower(id: string, power: 'running' | 'stopped', at: Date): Promise<InstanceRow> {
    const [row] = await sql.query<InstanceRow>(
      'instances.set_power',
      `update instances set power = $2, version = version + 1, updated_at = $3 where id = $1 returning ${INSTANCES.columns}`,
      [id, power, at],
    );
    return row!;
  },

  async requestReboot(id: string, at: Date): Promise<InstanceRow> {
    const [row] = await sql.query<InstanceRow>(
      'instances.request_reboot',
      `update instances set restart_generation = restart_generation + 1, version = version + 1, updated_at = $2 where id = $1 returning ${INSTANCES.columns}`,
      [id, at],
    );
    return row!;
  },

  /** As the operator's role, which may not stop a single one (migration 024). */
  async stopAll(tenantId: string, at: Date): Promise<number> {
    const [row] = await sql.query<{ stopped: number }>(
      'instances.stop_all',
      'select operator_stop_instances($1, $2) as stopped',
      [tenantId, at],
    );
    return row!.stopped;
  },

  /** Live ones in a VPC. */
  async countIn(vpcId: string): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'instances.count_in_vpc',
      'select count(*)::int as count from instances where vpc_id = $1 and deleted_at is null',
      [vpcId],
    );
    return row!.count;
  },
});

/** A tag of a list's input, `key` or `key:value`. */
export const labelOfTag = (tag: string): Label => {
  const colon = tag.indexOf(':');
  return colon < 0 ? { key: tag } : { key: tag.slice(0, colon), value: tag.slice(colon + 1) };
};
