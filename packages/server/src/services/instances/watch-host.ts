import type { Clock } from '../../kernel/clock.ts';
import { every, type Repeated } from '../../kernel/every.ts';
import type { Log } from '../../kernel/log.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import type { NetworkEngine } from '../vpcs/index.ts';
import { observeNetworks } from '../vpcs/index.ts';
import type { ComputeEngine, HostCapacity } from './compute-engine.ts';
import { type HostReport, reportHost } from './host-repository.pg.ts';
import { observeInstances, wakeByMachine } from './observe-instances.ts';

/** Milliseconds between two reports of the host, two bulk looks, and two tries to follow the engine's events. */
const REPORT_MS = 5_000;
const OBSERVE_MS = 15_000;
const WATCH_RETRY_MS = 1_000;

export interface HostDeps {
  readonly database: Database;
  readonly compute: ComputeEngine;
  readonly network: NetworkEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostName: string;
  readonly overcommit: { readonly cpu: number; readonly memory: number; readonly disk: number };
}

const NOTHING: HostCapacity = { vcpus: 0, memoryMb: 0, diskGb: 0 };

/** Says how the host is: whether both engines can work, and what it holds. Answers the host's id. */
export async function report(deps: HostDeps): Promise<string> {
  const [compute, network] = await Promise.all([deps.compute.availability(), deps.network.availability()]);
  const missing = [compute, network].flatMap((one) => (one.ok ? [] : [one.missing]));
  const up = missing.length === 0;
  const host: HostReport = {
    name: deps.hostName,
    capacity: up ? await deps.compute.capacity() : NOTHING,
    overcommitCpu: deps.overcommit.cpu,
    overcommitMemory: deps.overcommit.memory,
    overcommitDisk: deps.overcommit.disk,
    state: up ? 'up' : 'unavailable',
    // Both engines may lack the same.
    reason: up ? null : [...new Set(missing)].join(' '),
  };
  return deps.database.transaction({ tenantId: '*' }, (sql) => reportHost(sql, host));
}

/** Reports the host, compares all it runs with the rows, and follows the engine's events. */
export function watchHost(deps: HostDeps, hostId: string): Repeated {
  const { log } = deps;
  const known = new Set<string>();
  const stopping = new AbortController();
  const look = async () => {
    const observeDeps = { database: deps.database, engine: deps.compute, hostId };
    const [compute, network] = await Promise.all([deps.compute.availability(), deps.network.availability()]);
    if (!compute.ok || !network.ok) return;
    const networks = await observeNetworks({ database: deps.database, engine: deps.network, hostId });
    const machines = await observeInstances(observeDeps);
    if (networks.drifted + machines.drifted > 0)
      log.info({ networks: networks.drifted, machines: machines.drifted }, 'drift seen; repairing');
    for (const name of [...networks.unknown, ...machines.unknown]) {
      // Twice in a row: what is being made or removed right now is no stranger.
      if (known.has(name)) log.warn({ name }, 'the engine holds something that no row knows; it is left alone');
      known.add(name);
    }
    for (const name of known)
      if (!networks.unknown.includes(name) && !machines.unknown.includes(name)) known.delete(name);
  };
  const follow = async () => {
    const ready = await deps.compute.availability();
    if (ready.ok) {
      await deps.compute.watch((name) => {
        wakeByMachine({ database: deps.database, engine: deps.compute, hostId }, name).catch((error: unknown) =>
          log.warn({ err: error, name }, 'an event of the engine was lost; the next look finds what it told'),
        );
      }, stopping.signal);
    }
  };
  const loops = [
    every(REPORT_MS, 'report host', async () => void (await report(deps)), deps),
    every(OBSERVE_MS, 'look at the host', look, deps),
    every(WATCH_RETRY_MS, 'follow the engine', follow, deps),
  ];
  return {
    async stop() {
      stopping.abort(new Error('stopping'));
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}
