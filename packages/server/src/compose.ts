import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { Config } from './config.ts';
import { IncusComputeEngine } from './engines/incus/incus-compute-engine.ts';
import { LinuxNetworkEngine } from './engines/linux-network/linux-network-engine.ts';
import { createHostChecks } from './front/rest/host-checks.ts';
import { createRestServer } from './front/rest/server.ts';
import { createWaiter, STATUS_CHANNEL } from './front/rest/waiter.ts';
import { systemClock } from './kernel/clock.ts';
import { every } from './kernel/every.ts';
import { createExecute } from './kernel/execute.ts';
import { lockHost } from './kernel/host-lock.ts';
import { randomBelow } from './kernel/ids.ts';
import { createLog, type Log } from './kernel/log.ts';
import { createMetrics, type Metrics } from './kernel/metrics.ts';
import { startNotifier } from './kernel/notifier.ts';
import { prune } from './kernel/prune.ts';
import { startReconcilers } from './kernel/reconcile.ts';
import { releaseHostLeases, WAKE_CHANNEL } from './kernel/reconcile-queue.ts';
import { createSealer, type Sealer } from './kernel/seal.ts';
import { addDatabaseMetrics } from './kernel/sql/database-metrics.ts';
import { type Database, openDatabase } from './kernel/sql/pool.ts';
import { openTransactions } from './kernel/sql/tx.ts';
import { guardEngine } from './kernel/engine-guard.ts';
import { createLiveClient } from './live/client.ts';
import type { Shape } from './live/places.ts';
import { serveLive } from './live/server.ts';
import { composeRegistry } from './services.ts';
import { createAuthenticator } from './services/identity/index.ts';
import { createInstanceLive, createInstanceReconciler, report, watchHost } from './services/instances/index.ts';
import { createVpcReconciler } from './services/vpcs/index.ts';

/** A process of the platform that runs. */
export interface Running {
  /** Where it listens; of a worker none. */
  readonly addresses: readonly string[];
  /** Resolves when it has ended by itself; then the process should end too. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Longest wait for requests or passes under way when a process stops. */
const DRAIN_MS = 10_000;
const PRUNE_MS = 60_000;
/** Longest wait for a predecessor's lock on the host. */
const HOST_LOCK_WAIT_MS = 20_000;

interface Base {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly database: Database;
}

function openBase(config: Config, role: 'api' | 'worker'): Base {
  const log = createLog(config.logLevel, role);
  const metrics = createMetrics(role);
  const database = openDatabase(
    {
      connectionString: config.databaseUrl,
      applicationName: `thecloud-${role}`,
      max: config.dbPoolMax,
      min: config.dbPoolMin,
      watchTransactions: config.testMode,
    },
    {
      query: metrics.query,
      slowQuery: (name, ms) => log.warn({ query: name, ms: Math.round(ms) }, 'slow query'),
      connectionLost: (error) => log.warn({ err: error }, 'a database connection was lost'),
    },
  );
  addDatabaseMetrics(metrics, database);
  return { log, metrics, database };
}

const sealerOf = (config: Config): Sealer => createSealer(new Map([[1, Buffer.from(config.masterKey)]]));

/** The API process: parses what strangers send, holds no engine. */
export async function startApi(config: Config): Promise<Running> {
  const { log, metrics, database } = openBase(config, 'api');
  const clock = systemClock;
  const registry = composeRegistry({ ...config, sealer: sealerOf(config) });
  const execute = createExecute({ database, registry, clock, log, metrics });
  const notifier = startNotifier({ connectionString: config.databaseUrl, channels: [STATUS_CHANNEL], clock, log });
  const authenticator = createAuthenticator({ database, clock, log });
  const live = createLiveClient(config.paths.workerSocket);
  const app = createRestServer({
    registry,
    execute,
    authenticator,
    live,
    waiter: createWaiter(notifier, clock),
    clock,
    log,
    metrics,
    checks: { database_primary: async () => void (await database.query('health.ping', 'select 1 as ok')) },
    parts: createHostChecks(database),
    rates: {
      perKey: { perSecond: config.rateLimit, burst: config.rateLimit * 3 },
      perAddress: { perSecond: config.authRateLimit / 60, burst: config.authRateLimit },
    },
    trustedProxies: config.trustedProxies,
    testMode: config.testMode,
  });
  const stop = async () => {
    const drained = app.close();
    const forced = clock.sleep(DRAIN_MS).then(() => app.server.closeAllConnections());
    await Promise.race([drained, forced]);
    await Promise.all([authenticator.stop(), notifier.stop(), live.stop()]);
    await database.close();
    log.flush();
  };
  try {
    await database.warm();
    await database.query(
      'platform.registration',
      'update platform set registration_open = $1 where registration_open <> $1',
      [config.registration === 'open'],
    );
    await app.listen({ host: config.listen.host, port: config.listen.port });
  } catch (error) {
    await stop();
    throw error;
  }
  return { addresses: app.addresses().map(urlOf), ended: new Promise(() => undefined), stop };
}

function urlOf(address: AddressInfo | string): string {
  if (typeof address === 'string') return address;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

/** The worker process: drives the engines of its host, parses nothing from outside. */
export async function startWorker(config: Config): Promise<Running> {
  const { log, metrics, database } = openBase(config, 'worker');
  const clock = systemClock;
  const hostName = `${hostname()}-${config.platformId.slice(0, 8)}`;
  const lock = await lockHost({
    connectionString: config.databaseUrl,
    host: hostName,
    waitMs: HOST_LOCK_WAIT_MS,
    clock,
  });
  const guard = <Engine extends object>(engine: Engine): Engine =>
    config.testMode ? guardEngine(engine, openTransactions) : engine;
  const incus = new IncusComputeEngine({ dataDir: config.dataDir, platformId: config.platformId });
  const compute = guard(incus);
  const network = guard(
    new LinuxNetworkEngine({
      platformId: config.platformId,
      egress: config.egress,
      portsOf: (bridge) => incus.portsOf(bridge),
    }),
  );

  const hostDeps = {
    database,
    compute,
    network,
    clock,
    log,
    hostName,
    overcommit: { cpu: config.overcommitCpu, memory: config.overcommitMemory, disk: config.overcommitDisk },
  };
  const hostId = await report(hostDeps);
  const freed = await database.transaction({ tenantId: '*' }, (sql) => releaseHostLeases(sql, hostId));
  if (freed > 0) log.info({ freed }, 'took over what a worker that died had in hand');

  let stopping = false;
  const notifier = startNotifier({ connectionString: config.databaseUrl, channels: [WAKE_CHANNEL], clock, log });
  const reconcilers = startReconcilers(
    [createVpcReconciler({ engine: network, hostId }), createInstanceReconciler({ engine: compute, clock })],
    {
      database,
      notifier,
      clock,
      log,
      metrics,
      hostId,
      random: () => randomBelow(1_000_000) / 1_000_000,
      ...(config.slowPassesMs > 0 ? { slowdown: () => clock.sleep(randomBelow(config.slowPassesMs)) } : {}),
    },
  );
  const host = watchHost(hostDeps, hostId);
  const pruner = every(PRUNE_MS, 'prune', () => prune(database), { clock, log });
  const live = await serveLive({
    socketPath: config.paths.workerSocket,
    handlers: createInstanceLive(compute),
    database,
    log,
    metrics: () => metrics.prometheus.getMetricsAsJSON(),
  });
  const shapes: readonly Shape[] = ['answer', 'stream', 'socket'];
  metrics.gauges('thecloud_live_open', 'Commands, streams and sockets that the worker serves', ['shape'], async () =>
    shapes.map((shape) => ({ labels: { shape }, value: live.open(shape) })),
  );
  return {
    addresses: [],
    ended: lock.lost.then(() => {
      if (!stopping) log.error('the lock on this host was lost; ending, so that a fresh worker takes over');
    }),
    async stop() {
      stopping = true;
      await live.stop();
      await reconcilers.stop(DRAIN_MS);
      await Promise.all([host.stop(), pruner.stop(), notifier.stop()]);
      await incus.close();
      await lock.release();
      await database.close();
      log.flush();
    },
  };
}
