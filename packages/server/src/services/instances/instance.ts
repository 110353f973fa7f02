import Type, { type Static } from 'typebox';
import { type Caller, isPermitted } from '../../kernel/caller.ts';
import type { CommonReason } from '../../kernel/pass.ts';
import { presentRow, type ResourceRow, type Table } from '../../kernel/resource.ts';
import { DNS_DOMAIN, hostNameOf } from '../vpcs/index.ts';

/** Contract, section 8; STOPPING and DELETING are on the way there. */
export const STATUSES = ['STARTING', 'RUNNING', 'STOPPING', 'STOPPED', 'ERROR', 'DELETING'] as const;

/** How the first process ended last. */
export const InstanceExit = Type.Object({
  code: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 255,
      description: 'Exit code. Absent if unknown, for example after a power cut',
    }),
  ),
  signal: Type.Optional(
    Type.String({
      description: 'Signal that ended the process, such as SIGKILL; the code is then 128 plus its number',
    }),
  ),
  oom_killed: Type.Boolean({ description: 'Whether the process was killed because the instance ran out of memory' }),
  at: Type.String({ format: 'date-time' }),
});

export const Instance = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    user_id: Type.String({ format: 'uuid' }),
    tenant_id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    image: Type.String(),
    container_id: Type.Optional(Type.String({ description: 'Name of the machine on the host' })),
    status: Type.Enum([...STATUSES]),
    status_reason: Type.Optional(Type.String({ description: 'What the instance waits for, or why it failed' })),
    status_reason_code: Type.Optional(
      Type.String({ description: 'status_reason for programs: WAITING_FOR_IMAGE, RESTING …' }),
    ),
    vpc_id: Type.Optional(Type.String({ format: 'uuid' })),
    private_ip: Type.Optional(Type.String()),
    hostname: Type.String({ description: 'Derived from the name; unique in the VPC' }),
    dns_name: Type.Optional(Type.String({ description: 'Full DNS name in the VPC' })),
    instance_type: Type.String(),
    env: Type.Optional(Type.Array(Type.String())),
    cmd: Type.Optional(Type.Array(Type.String())),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    metadata: Type.Optional(Type.Record(Type.String(), Type.String())),
    started_at: Type.Optional(Type.String({ format: 'date-time', description: 'Time of the last start' })),
    restart_count: Type.Integer({ description: 'Number of restarts after the first process ended' }),
    last_exit: Type.Optional(InstanceExit),
    restarts_at: Type.Optional(
      Type.String({
        format: 'date-time',
        description:
          'Time of the next restart, if the first process ended and the platform waits before it restarts it',
      }),
    ),
    version: Type.Integer(),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Instance' },
);
export type Instance = Static<typeof Instance>;

/** What the reconciler writes; the wire's STOPPING follows from spec and status together. */
export type StoredStatus = 'STARTING' | 'RUNNING' | 'STOPPED' | 'ERROR';

/** Why it is not as wanted yet, or cannot be. */
export type InstanceReason =
  | CommonReason
  | 'WAITING_FOR_IMAGE'
  | 'WAITING_FOR_NETWORK'
  | 'IMAGE_FAILED'
  | 'NETWORK_FAILED'
  | 'SECRET_MISSING'
  | 'RESTING';

export interface InstanceRow extends ResourceRow {
  readonly user_id: string;
  readonly image: string;
  readonly container_id: string | null;
  readonly vpc_id: string | null;
  readonly instance_type: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly private_ip: string | null;
  readonly mac: string | null;
  readonly host_name: string | null;
  readonly host_id: string | null;
  // spec
  readonly power: 'running' | 'stopped';
  readonly restart_generation: number;
  // status
  readonly status: StoredStatus;
  readonly status_reason: string | null;
  readonly reason_code: InstanceReason | null;
  /** `making`: it has no machine yet, or none any more. */
  readonly phase: 'making' | 'made';
  readonly observed_version: number | null;
  readonly observed_restart: number;
  readonly observed_ends: number;
  readonly crashes: number;
  readonly restart_count: number;
  readonly last_exit: Static<typeof InstanceExit> | null;
  readonly started_at: Date | null;
  readonly phase_deadline: Date | null;
}

export type PublicStatus = (typeof STATUSES)[number];

/** What people see: the status as far as the spec still agrees with it, else where it is going. */
export function publicStatus(
  row: Pick<
    InstanceRow,
    'status' | 'power' | 'deleted_at' | 'restart_generation' | 'observed_restart' | 'version' | 'observed_version'
  >,
): PublicStatus {
  if (row.deleted_at) return 'DELETING';
  if (row.status === 'ERROR')
    return row.observed_version === row.version ? 'ERROR' : row.power === 'stopped' ? 'STOPPING' : 'STARTING';
  if (row.power === 'stopped') return row.status === 'STOPPED' ? 'STOPPED' : 'STOPPING';
  if (row.status !== 'RUNNING' || row.observed_restart < row.restart_generation) return 'STARTING';
  return 'RUNNING';
}

const filled = <T extends object>(value: T): boolean => Object.keys(value).length > 0;

export const INSTANCES: Table<InstanceRow> = {
  name: 'instances',
  ec2Prefix: 'i',
  labels: 'instance_labels',
  columns: `id, user_id, tenant_id, name, image, container_id, vpc_id, instance_type, version, created_at, updated_at, env, command, labels,
    metadata, host(private_ip) as private_ip, mac::text as mac, host_name, host_id, power, restart_generation, deleted_at, status, status_reason,
    reason_code, phase, observed_version, observed_restart, observed_ends, crashes, restart_count, last_exit, started_at, phase_deadline`,
};

/** What it is called inside, and in its VPC. */
export const hostNameOfRow = (row: Pick<InstanceRow, 'id' | 'name' | 'host_name'>): string =>
  row.host_name ?? hostNameOf(row.name, row.id);

/** Environment and command often hold credentials: who may only look does not see them. */
export function presentInstance(row: InstanceRow, caller: Caller): Instance {
  const seesAll = caller.kind !== 'user' || isPermitted(caller.permissions, 'instance:update');
  const shown = presentRow(row, [
    'id',
    'user_id',
    'tenant_id',
    'name',
    'image',
    'container_id',
    'status_reason',
    'vpc_id',
    'private_ip',
    'instance_type',
    'restart_count',
    'last_exit',
    'version',
    'created_at',
    'updated_at',
  ]) as Omit<Instance, 'status'>;
  return {
    ...shown,
    status: publicStatus(row),
    hostname: hostNameOfRow(row),
    ...(row.vpc_id && !row.deleted_at ? { dns_name: `${hostNameOfRow(row)}.${DNS_DOMAIN}` } : {}),
    ...(row.reason_code ? { status_reason_code: row.reason_code } : {}),
    ...(seesAll && filled(row.env) ? { env: Object.entries(row.env).map(([key, value]) => `${key}=${value}`) } : {}),
    ...(seesAll && row.command ? { cmd: [...row.command] } : {}),
    ...(filled(row.labels) ? { labels: row.labels } : {}),
    ...(filled(row.metadata) ? { metadata: row.metadata } : {}),
    ...(row.reason_code === 'RESTING' && row.phase_deadline && row.observed_version === row.version
      ? { restarts_at: row.phase_deadline.toISOString() }
      : {}),
    ...(row.started_at && row.status === 'RUNNING' ? { started_at: row.started_at.toISOString() } : {}),
  };
}

export const InstanceType = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    vcpus: Type.Integer(),
    memory_mb: Type.Integer(),
    disk_gb: Type.Integer(),
    network_mbps: Type.Integer(),
    price_per_hour: Type.Number(),
    category: Type.String(),
  },
  { $id: 'InstanceType' },
);

export interface InstanceTypeRow {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly disk_gb: number;
  readonly network_mbps: number;
  readonly price_per_hour: string;
  readonly category: string;
  readonly processes: number;
}

export const presentType = (row: InstanceTypeRow): Static<typeof InstanceType> => ({
  id: row.id,
  name: row.name,
  vcpus: row.vcpus,
  memory_mb: row.memory_mb,
  disk_gb: row.disk_gb,
  network_mbps: row.network_mbps,
  price_per_hour: Number(row.price_per_hour),
  category: row.category,
});
