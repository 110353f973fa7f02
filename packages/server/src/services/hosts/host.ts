import Type, { type Static } from 'typebox';

/** A host's capacity, or its allocated part. */
const Amount = Type.Object({ vcpus: Type.Integer(), memory_mb: Type.Integer(), disk_gb: Type.Integer() });

/** A host as operators see it. */
export const Host = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    state: Type.String({ description: 'up or unavailable' }),
    state_reason: Type.Optional(
      Type.String({ description: 'What is missing and how to install it; for a host that is up, what is running low' }),
    ),
    capacity: Amount,
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
}

export const presentHost = (row: HostRow): Host => ({
  id: row.id,
  name: row.name,
  state: row.state,
  ...(row.state_reason === null ? {} : { state_reason: row.state_reason }),
  capacity: { vcpus: row.vcpus, memory_mb: row.memory_mb, disk_gb: row.disk_gb },
  promised: { vcpus: row.promised_vcpus, memory_mb: row.promised_memory_mb, disk_gb: row.promised_disk_gb },
  ...(row.last_seen_at ? { last_seen_at: row.last_seen_at.toISOString() } : {}),
});
