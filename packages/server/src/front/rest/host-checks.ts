import type { Database } from '../../kernel/sql/pool.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { countParked, type ParkedWork } from '../../services/work/index.ts';
import type { HealthCheck } from '../health-checks.ts';

/** A worker reports its host every 5 s; without a report for this long, it counts as dead. */
const SILENT_SECONDS = 20;

interface HostSigns {
  /** Seconds since the last report. Null: never. */
  readonly silent_seconds: number | null;
  readonly state: string;
  readonly state_reason: string | null;
  readonly free_disk_gb: number;
}

/**
 * Health checks of the hosts: a worker is alive, one of the live hosts can run instances, each has space for its allocated disk, and each could end what it
 * was to end.
 */
export function createHostChecks(
  database: Database,
  operator: Sql,
): Readonly<Record<'worker' | 'engine' | 'storage' | 'work', HealthCheck>> {
  let looking: Promise<readonly HostSigns[]> | undefined;
  let counting: Promise<readonly ParkedWork[]> | undefined;
  // One query at a time, because anybody may ask for health.
  const look = () => {
    looking ??= database
      .query<HostSigns>(
        'health.hosts',
        `select extract(epoch from now() - last_seen_at)::int as silent_seconds, state, state_reason, free_disk_gb::float8
         from hosts order by last_seen_at desc nulls last limit 20`,
      )
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };
  const findAlive = async (): Promise<readonly HostSigns[]> => {
    const hosts = await look();
    const alive = hosts.filter((host) => host.silent_seconds !== null && host.silent_seconds <= SILENT_SECONDS);
    if (alive.length > 0) return alive;
    const silent = hosts[0]?.silent_seconds ?? null;
    throw new Error(silent === null ? 'no worker has reported yet' : `no worker has reported for ${silent} s`);
  };
  return {
    worker: async () => void (await findAlive()),
    engine: async () => {
      const alive = await findAlive();
      const [first] = alive;
      if (!alive.some((host) => host.state === 'up')) throw new Error(first?.state_reason ?? `it is ${first?.state}`);
    },
    storage: async () => {
      const up = (await findAlive()).filter((host) => host.state === 'up');
      const warning = up.find((host) => host.state_reason !== null)?.state_reason;
      if (warning) throw new Error(warning);
      const short = up.find((host) => host.free_disk_gb < 0);
      if (short) throw new Error(`${-short.free_disk_gb} GB more are promised to instances than the disk has left`);
    },
    work: async () => {
      counting ??= countParked(operator).finally(() => {
        counting = undefined;
      });
      const parked = await counting;
      if (parked.length === 0) return;
      const what = parked.map(({ kind, count }) => `${kind}: ${count}`).join(', ');
      const minutes = Math.max(...parked.map((one) => one.minutes));
      throw new Error(
        `work is parked because the host does not end what it is to end (${what}; the oldest for ${minutes} min); see: cloud admin work stuck`,
      );
    },
  };
}
