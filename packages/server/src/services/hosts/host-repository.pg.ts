import { isUuid } from '../../kernel/ids.ts';
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
     -- What the operator has set wins: least() passes over a limit that is null.
     on conflict (name) do update set vcpus = least(excluded.vcpus, hosts.limit_vcpus),
       memory_mb = least(excluded.memory_mb, hosts.limit_memory_mb), disk_gb = least(excluded.disk_gb, hosts.limit_disk_gb),
       overcommit_cpu = coalesce(hosts.set_overcommit_cpu, excluded.overcommit_cpu),
       overcommit_memory = coalesce(hosts.set_overcommit_memory, excluded.overcommit_memory),
       overcommit_disk = coalesce(hosts.set_overcommit_disk, excluded.overcommit_disk),
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
  promised_disk_gb::float8, last_seen_at, overcommit_cpu, overcommit_memory, overcommit_disk, limit_vcpus, limit_memory_mb, limit_disk_gb, draining_since`;

/** By id or name. */
export async function findHost(sql: Sql, ref: string, lock: boolean): Promise<HostRow | undefined> {
  const by = isUuid(ref) ? 'id' : 'name';
  const [row] = await sql.query<HostRow>(
    `hosts.find_by_${by}${lock ? '_locked' : ''}`,
    `select ${COLUMNS} from hosts where ${by} = $1${lock ? ' for no key update' : ''}`,
    [ref],
  );
  return row;
}

/** Since when a host takes no launches; null: it takes them. */
export async function setDraining(sql: Sql, id: string, since: Date | null): Promise<void> {
  await sql.query('hosts.set_draining', 'update hosts set draining_since = $2 where id = $1', [id, since]);
}

/** What the operator sets of a host's capacity: what is undefined stays, and null is all that the worker reports. */
export interface SetCapacity {
  readonly limit_vcpus?: number | null | undefined;
  readonly limit_memory_mb?: number | null | undefined;
  readonly limit_disk_gb?: number | null | undefined;
  readonly set_overcommit_cpu?: number | null | undefined;
  readonly set_overcommit_memory?: number | null | undefined;
  readonly set_overcommit_disk?: number | null | undefined;
}

/** The worker's next report makes it the host's capacity. */
export async function setCapacity(sql: Sql, id: string, wanted: SetCapacity): Promise<boolean> {
  const columns = Object.entries(wanted).filter(([, value]) => value !== undefined);
  const names = columns.map(([column]) => column).join(', ');
  const values = columns.map((_, nth) => `$${nth + 2}`).join(', ');
  const rows = await sql.query(
    'hosts.set_capacity',
    `update hosts set (${names}) = row(${values}) where id = $1 and row(${names}) is distinct from row(${values}) returning 1 as ok`,
    [id, ...columns.map(([, value]) => value)],
  );
  return rows.length > 0;
}

/** Seconds after which a silent host counts as dead; a worker reports every 5 s. */
const SILENT_SECONDS = 20;

/** Whether there is a host whose worker lives and that can run instances. */
export async function findWorkingHost(sql: Sql): Promise<boolean> {
  const rows = await sql.query(
    'hosts.find_working',
    `select 1 as ok from hosts where state = 'up' and last_seen_at > now() - make_interval(secs => ${SILENT_SECONDS}) limit 1`,
  );
  return rows.length > 0;
}

/** A page of the platform's hosts, and one row more than its limit: see toPage. */
export const listHosts = (sql: Sql, page: PageRequest): Promise<readonly HostRow[]> =>
  sql.query<HostRow>(
    'hosts.list',
    `select ${COLUMNS} from hosts where $1::uuid is null or id < $1::uuid order by id desc limit $2`,
    [page.after, page.limit + 1],
  );
