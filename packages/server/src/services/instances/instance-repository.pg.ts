import { isUuid } from '../../kernel/ids.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { InstanceRow, InstanceTypeRow } from './instance.ts';
import type { HostedInstance, InstanceRepository } from './instance-repository.ts';

const COLUMNS = `id, user_id, tenant_id, name, image, container_id, vpc_id, instance_type, version, created_at, updated_at, env, command, labels,
  metadata, host(private_ip) as private_ip, mac::text as mac, host_id, power, restart_generation, deleted_at, status, status_reason,
  observed_version, observed_restart, started_at, phase_deadline`;

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
       where tenant_id = $1 and (id = $2::uuid or ec2_id = $3 or name = $3) and deleted_at is null
       order by id = $2::uuid desc, ec2_id = $3 desc limit 1`,
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
    const select = `select ${COLUMNS} from instances
       where tenant_id = $1 and deleted_at is null and ($2::uuid is null or id < $2::uuid) and labels @> $4 and labels ?& $5
         and ($6::uuid is null or vpc_id = $6::uuid)`;
    const values = [tenantId, page.after, page.limit + 1, JSON.stringify(wanted), keys, filter.vpcId];
    if (!filter.ids) return sql.query<InstanceRow>('instances.list', `${select} order by id desc limit $3`, values);
    // A statement of its own: one plan for both would not use the index.
    return sql.query<InstanceRow>(
      'instances.list_these',
      `${select} and (id = any ($7::uuid[]) or ec2_id = any ($8)) order by id desc limit $3`,
      [...values, filter.ids.filter(isUuid), filter.ids],
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

  async freeAddress(vpcId, first, last) {
    const [row] = await sql.query<{ address: string }>(
      'instances.free_address',
      `select host(candidate) as address
       from (select $2::inet as candidate union all select private_ip + 1 from instances where vpc_id = $1 and private_ip is not null) as free
       where candidate <= $3::inet and not exists (select 1 from instances taken where taken.vpc_id = $1 and taken.private_ip = candidate)
       order by candidate limit 1`,
      [vpcId, first, last],
    );
    return row?.address;
  },

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

  async load(id) {
    const [row] = await sql.query<InstanceRow>('instances.load', `select ${COLUMNS} from instances where id = $1`, [
      id,
    ]);
    return row;
  },

  async writeStatus(id, update) {
    await sql.query(
      'instances.write_status',
      `with written as (
         update instances set status = $2::varchar, status_reason = $3, observed_version = $4, observed_restart = $5, started_at = $6, phase_deadline = $7,
           failed_at = case when $2::varchar = 'ERROR' then now() end
         where id = $1 returning id)
       select pg_notify('cloud_status', id::text) from written`,
      [
        id,
        update.status,
        update.reason,
        update.observedVersion,
        update.observedRestart,
        update.startedAt,
        update.phaseDeadline,
      ],
    );
  },

  async remove(id) {
    await sql.query('instances.remove', 'delete from instances where id = $1 and deleted_at is not null', [id]);
  },

  onHost: (hostId, afterId, limit) =>
    sql.query<HostedInstance>(
      'instances.on_host',
      `select id, tenant_id, container_id, status, power, deleted_at is not null as deleted,
         observed_version is not distinct from version and observed_restart = restart_generation as settled
       from instances where host_id = $1 and ($2::uuid is null or id > $2::uuid) order by id limit $3`,
      [hostId, afterId, limit],
    ),

  async findByContainer(containerId) {
    const [row] = await sql.query<{ id: string; tenant_id: string }>(
      'instances.find_by_container',
      'select id, tenant_id from instances where container_id = $1 limit 1',
      [containerId],
    );
    return row;
  },
});
