import Type, { type Static } from 'typebox';

/** A host's capacity, or its allocated part. */
const Amount = Type.Object({ vcpus: Type.Integer(), memory_mb: Type.Integer(), disk_gb: Type.Integer() });

/** A host as operators see it. */
export const Host = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    state: Type.String({ description: 'up, draining (it takes no launches) or unavailable' }),
    state_reason: Type.Optional(
      Type.String({ description: 'What is missing and how to install it; for a host that is up, what is running low' }),
    ),
    capacity: Type.Object(Amount.properties, { description: 'What it has for instances, before overcommit' }),
    overcommit: Type.Object(
      { cpu: Type.Number(), memory: Type.Number(), disk: Type.Number() },
      { description: 'How much may be allocated for each real unit' },
    ),
    limits: Type.Optional(
      Type.Partial(Amount, { description: 'What you let instances have of it; absent: all that it has' }),
    ),
    draining_since: Type.Optional(Type.String({ format: 'date-time' })),
    promised: Type.Object(Amount.properties, { description: 'Allocated to instances, running or not' }),
    last_seen_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'Time of the last report; the worker reports every 5 s' }),
    ),
  },
  { $id: 'Host' },
);
export type Host = Static<typeof Host>;

export interface HostCapacity {
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  /** A sentence for the operator about what is running low while the host still works. */
  readonly warning?: string;
}

export interface HostRow {
  readonly id: string;
  readonly name: string;
  readonly state: 'up' | 'unavailable';
  readonly state_reason: string | null;
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly disk_gb: number;
  readonly promised_vcpus: number;
  readonly promised_memory_mb: number;
  readonly promised_disk_gb: number;
  readonly last_seen_at: Date | null;
  readonly overcommit_cpu: number;
  readonly overcommit_memory: number;
  readonly overcommit_disk: number;
  readonly limit_vcpus: number | null;
  readonly limit_memory_mb: number | null;
  readonly limit_disk_gb: number | null;
  readonly draining_since: Date | null;
}

export const presentHost = (row: HostRow): Host => ({
  id: row.id,
  name: row.name,
  state: row.state === 'up' && row.draining_since ? 'draining' : row.state,
  ...(row.state_reason === null ? {} : { state_reason: row.state_reason }),
  ...(row.draining_since ? { draining_since: row.draining_since.toISOString() } : {}),
  ...limitsOf(row),
  overcommit: { cpu: row.overcommit_cpu, memory: row.overcommit_memory, disk: row.overcommit_disk },
  capacity: { vcpus: row.vcpus, memory_mb: row.memory_mb, disk_gb: row.disk_gb },
  promised: { vcpus: row.promised_vcpus, memory_mb: row.promised_memory_mb, disk_gb: row.promised_disk_gb },
  ...(row.last_seen_at ? { last_seen_at: row.last_seen_at.toISOString() } : {}),
});

function limitsOf(row: HostRow): Pick<Host, 'limits'> {
  const limits = {
    ...(row.limit_vcpus === null ? {} : { vcpus: row.limit_vcpus }),
    ...(row.limit_memory_mb === null ? {} : { memory_mb: row.limit_memory_mb }),
    ...(row.limit_disk_gb === null ? {} : { disk_gb: row.limit_disk_gb }),
  };
  return Object.keys(limits).length === 0 ? {} : { limits };
}
