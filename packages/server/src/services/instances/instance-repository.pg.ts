import { isUuid } from '../../kernel/ids.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type InstanceRow, INSTANCES, type InstanceTypeRow } from './instance.ts';
import type { InstanceRepository } from './instance-repository.ts';

const COLUMNS = INSTANCES.columns;

const TYPE_COLUMNS = 'id, name, vcpus, memory_mb, disk_gb, network_mbps, price_per_hour, category, processes';

export const createPgInstanceRepository = (sql: Sql): InstanceRepository => ({
  async insert(instance) {
    const [row] = await sql.query<InstanceRow>(
      'instances.insert',
      `insert into instances (id, user_id, tenant_id, name, image, instance_type, container_id, vpc_id, private_ip, mac, host_id, env, command,
         labels, metadata, status, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'STARTING', $16, $16)
       on conflict (tenant_id, name) where deleted_at is null do nothing returning ${COLUMNS}`,
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

  async find(tenantId, ref) {
    const [row] = await sql.query<InstanceRow>(
      'instances.find',
      `select ${COLUMNS} from instances
       where tenant_id = $1 and (id = $2::uuid or name = $3) and deleted_at is null order by id = $2::uuid desc limit 1`,
      [tenantId, isUuid(ref) ? ref : null, ref],
    );
    return row;
  },

  list(tenantId, filter, page) {
    const wanted = Object.fromEntries(
      filter.tags
        .filter((tag) => tag.includes(':'))
        .map((tag) => [tag.slice(0, tag.indexOf(':')), tag.slice(tag.indexOf(':') + 1)]),
    );
    const keys = filter.tags.filter((tag) => !tag.includes(':'));
    return sql.query<InstanceRow>(
      'instances.list',
      `select ${COLUMNS} from instances
       where tenant_id = $1 and deleted_at is null and ($2::uuid is null or id < $2::uuid) and labels @> $4 and labels ?& $5
         and ($6::uuid is null or vpc_id = $6::uuid)
       order by id desc limit $3`,
      [tenantId, page.after, page.limit + 1, JSON.stringify(wanted), keys, filter.vpcId],
    );
  },

  async usage(tenantId) {
    const [row] = await sql.query<{ instances: number; vcpus: number; memory_mb: number }>(
      'instances.usage',
      `select count(*)::int as instances, coalesce(sum(t.vcpus), 0)::int as vcpus, coalesce(sum(t.memory_mb), 0)::int as memory_mb
       from instances i left join instance_types t on t.id = i.instance_type where i.tenant_id = $1 and i.deleted_at is null`,
      [tenantId],
    );
    return { instances: row!.instances, vcpus: row!.vcpus, memoryMb: row!.memory_mb };
  },

  async findType(id) {
    const [row] = await sql.query<InstanceTypeRow>(
      'instances.find_type',
      `select ${TYPE_COLUMNS} from instance_types where id = $1`,
      [id],
    );
    return row;
  },

  listTypes: (page) =>
    sql.query<InstanceTypeRow>(
      'instances.list_types',
      `select ${TYPE_COLUMNS} from instance_types where $1::text is null or id > $1::text order by id limit $2`,
      [page.after, page.limit + 1],
    ),

  async place(hostId, type) {
    const [row] = await sql.query<{ host_id: string | null; refusal: string | null }>(
      'instances.place',
      'select host_id, refusal from place_instance($1, $2, $3, $4)',
      [hostId, type.vcpus, type.memory_mb, type.disk_gb],
    );
    return row!.host_id === null ? { refusal: row!.refusal ?? '' } : { hostId: row!.host_id };
  },

  async setPower(id, power, at) {
    const [row] = await sql.query<InstanceRow>(
      'instances.set_power',
      `update instances set power = $2, version = version + 1, updated_at = $3 where id = $1 returning ${COLUMNS}`,
      [id, power, at],
    );
    return row!;
  },

  async requestReboot(id, at) {
    const [row] = await sql.query<InstanceRow>(
      'instances.request_reboot',
      `update instances set restart_generation = restart_generation + 1, version = version + 1, updated_at = $2 where id = $1 returning ${COLUMNS}`,
      [id, at],
    );
    return row!;
  },

  async markDeleted(id, at) {
    await sql.query(
      'instances.mark_deleted',
      'update instances set deleted_at = $2, version = version + 1, updated_at = $2 where id = $1',
      [id, at],
    );
  },
});
