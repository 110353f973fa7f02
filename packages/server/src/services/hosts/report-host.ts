import type { Availability } from '../../kernel/availability.ts';
import type { Log } from '../../kernel/log.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import type { HostCapacity } from './host.ts';
import { type HostReport, writeReport } from './host-repository.pg.ts';

/** Milliseconds between two reports; a host that was silent for 20 s counts as dead (front/rest/host-checks.ts). */
const REPORT_MS = 5_000;

export interface HostDeps {
  readonly database: Database;
  readonly log: Log;
  /** The engines that must be available for the host to be up. */
  readonly engines: readonly { availability(): Promise<Availability> }[];
  readonly capacity: () => Promise<HostCapacity>;
  readonly hostName: string;
  readonly overcommit: HostReport['overcommit'];
}

const NOTHING: HostCapacity = { vcpus: 0, memoryMb: 0, diskGb: 0 };

/** Writes the host's state and capacity once. Returns the host's id. */
export const reportHost = async (deps: HostDeps): Promise<string> => (await report(deps)).id;

async function report(deps: HostDeps): Promise<{ readonly id: string; readonly reason: string | null }> {
  const signs = await Promise.all(deps.engines.map((engine) => engine.availability()));
  const missing = signs.flatMap((one) => (one.ok ? [] : [one.missing]));
  const up = missing.length === 0;
  const capacity = up ? await deps.capacity() : NOTHING;
  // Several engines may miss the same program.
  const reason = up ? (capacity.warning ?? null) : [...new Set(missing)].join(' ');
  const told: HostReport = {
    name: deps.hostName,
    capacity,
    overcommit: deps.overcommit,
    state: up ? 'up' : 'unavailable',
    reason,
  };
  return { id: await deps.database.transaction({ tenantId: '*' }, (sql) => writeReport(sql, told)), reason };
}

export function createHostWorker(deps: HostDeps): WorkerSide {
  let last: string | null = null;
  const run = async (): Promise<void> => {
    const { reason } = await report(deps);
    if (reason !== last && reason !== null) deps.log.warn({ host: deps.hostName, reason }, 'the host has a problem');
    if (reason !== last && reason === null) deps.log.info({ host: deps.hostName }, 'the host has recovered');
    last = reason;
  };
  return { repeats: [{ name: 'report the host', ms: REPORT_MS, run }] };
}
