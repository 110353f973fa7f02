import type { Sql } from '../../kernel/sql/tx.ts';
import type { HostCapacity } from './compute-engine.ts';

/** A host as its worker says it is. */
export interface HostReport {
  readonly name: string;
  readonly capacity: HostCapacity;
  readonly overcommitCpu: number;
  readonly overcommitMemory: number;
  readonly overcommitDisk: number;
  readonly state: 'up' | 'unavailable';
  /** What is missing and how to get it. */
  readonly reason: string | null;
}

/** Writes down how the host is; answers its id. */
export async function reportHost(sql: Sql, host: HostReport): Promise<string> {
  const [row] = await sql.query<{ id: string }>(
    'hosts.report',
    `insert into hosts (name, vcpus, memory_mb, disk_gb, overcommit_cpu, overcommit_memory, overcommit_disk, state, state_reason, last_seen_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())
     on conflict (name) do update set vcpus = excluded.vcpus, memory_mb = excluded.memory_mb, disk_gb = excluded.disk_gb,
       overcommit_cpu = excluded.overcommit_cpu, overcommit_memory = excluded.overcommit_memory, overcommit_disk = excluded.overcommit_disk, state = excluded.state,
       state_reason = excluded.state_reason, last_seen_at = now(), updated_at = now()
     returning id`,
    [
      host.name,
      host.capacity.vcpus,
      host.capacity.memoryMb,
      host.capacity.diskGb,
      host.overcommitCpu,
      host.overcommitMemory,
      host.overcommitDisk,
      host.state,
      host.reason,
    ],
  );
  return row!.id;
}
