import type { PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { HostCapacity, HostRow } from './host.ts';

/** A host as its worker says it is. */
export interface HostReport {
  readonly name: string;
  readonly capacity: HostCapacity;
  /** How much may be promised for each real one. */
  readonly overcommit: { readonly cpu: number; readonly memory: number; readonly disk: number };
  readonly state: HostRow['state'];
  /** What is missing and how to get it; of one that is up, what is running short. */
  readonly reason: string | null;
}

/** Writes down how the host is; answers its id. */
export async function writeReport(
  sql: Sql,
  { name, capacity, overcommit, state, reason }: HostReport,
): Promise<string> {
  const [row] = await sql.query<{ id: string }>(
    'hosts.report',
    `insert into hosts (name, vcpus, memory_mb, disk_gb, overcommit_cpu, overcommit_memory, overcommit_disk, state, state_reason, last_seen_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())
     on conflict (name) do update set vcpus = excluded.vcpus, memory_mb = excluded.memory_mb, disk_gb = excluded.disk_gb,
       overcommit_cpu = excluded.overcommit_cpu, overcommit_memory = excluded.overcommit_memory, overcommit_disk = excluded.overcommit_disk,
       state = excluded.state, state_reason = excluded.state_reason, last_seen_at = now(), updated_at = now()
     returning id`,
    [
      name,
      capacity.vcpus,
      capacity.memoryMb,
      capacity.diskGb,
      overcommit.cpu,
      overcommit.memory,
      overcommit.disk,
      state,
      reason,
    ],
  );
  return row!.id;
}

const COLUMNS = `id, name, state, state_reason, vcpus, memory_mb, disk_gb, promised_vcpus::float8, promised_memory_mb::float8,
  promised_disk_gb::float8, last_seen_at`;

export async function findHost(sql: Sql, name: string): Promise<HostRow | undefined> {
  const [row] = await sql.query<HostRow>('hosts.find', `select ${COLUMNS} from hosts where name = $1`, [name]);
  return row;
}

/** A page of the platform's hosts, and one row more than its limit: see toPage. */
export const listHosts = (sql: Sql, page: PageRequest): Promise<readonly HostRow[]> =>
  sql.query<HostRow>(
    'hosts.list',
    `select ${COLUMNS} from hosts where $1::uuid is null or id < $1::uuid order by id desc limit $2`,
    [page.after, page.limit + 1],
  );
