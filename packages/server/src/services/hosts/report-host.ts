import type { Availability } from '../../kernel/availability.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import type { HostCapacity } from './host.ts';
import { type HostReport, writeReport } from './host-repository.pg.ts';

/** Milliseconds between two reports; a host that was silent for 20 s counts as dead (front/rest/host-checks.ts). */
const REPORT_MS = 5_000;

export interface HostDeps {
  readonly database: Database;
  /** All that a host needs to be up. */
  readonly engines: readonly { availability(): Promise<Availability> }[];
  readonly capacity: () => Promise<HostCapacity>;
  readonly hostName: string;
  readonly overcommit: HostReport['overcommit'];
}

const NOTHING: HostCapacity = { vcpus: 0, memoryMb: 0, diskGb: 0 };

/** Says how the host is: whether all its engines can work, and what it has. Answers the host's id. */
export async function reportHost(deps: HostDeps): Promise<string> {
  const signs = await Promise.all(deps.engines.map((engine) => engine.availability()));
  const missing = signs.flatMap((one) => (one.ok ? [] : [one.missing]));
  const up = missing.length === 0;
  const report: HostReport = {
    name: deps.hostName,
    capacity: up ? await deps.capacity() : NOTHING,
    overcommit: deps.overcommit,
    state: up ? 'up' : 'unavailable',
    // Several engines may lack the same.
    reason: up ? null : [...new Set(missing)].join(' '),
  };
  return deps.database.transaction({ tenantId: '*' }, (sql) => writeReport(sql, report));
}

export const createHostWorker = (deps: HostDeps): WorkerSide => ({
  repeats: [{ name: 'report the host', ms: REPORT_MS, run: async () => void (await reportHost(deps)) }],
});
