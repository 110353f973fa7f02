import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { ApiConfig, Config } from './config.ts';
import { IncusComputeEngine } from './engines/incus/incus-compute-engine.ts';
import { LinuxNetworkEngine } from './engines/linux-network/linux-network-engine.ts';
import { createRates } from './front/limits.ts';
import { createAwsCredentials } from './front/aws/credentials.ts';
import { createAwsServer } from './front/aws/server.ts';
import { createHostChecks } from './front/rest/host-checks.ts';
import { createRestServer } from './front/rest/server.ts';
import { createWaiter } from './front/rest/waiter.ts';
import { createUnderWay, createUntaken } from './front/under-way.ts';
import { systemClock } from './kernel/clock.ts';
import { every } from './kernel/every.ts';
import { createExecute } from './kernel/execute.ts';
import { lockHost } from './kernel/host-lock.ts';
import { randomBelow } from './kernel/ids.ts';
import type { LiveHandlers } from './kernel/live.ts';
import { createLog, type Log } from './kernel/log.ts';
import { createMetrics, type Metrics } from './kernel/metrics.ts';
import { startNotifier } from './kernel/notifier.ts';
import { STATUS_CHANNEL } from './kernel/resource.ts';
import { prune, RETENTIONS } from './kernel/retention.ts';
import { startReconcilers } from './kernel/reconcile.ts';
import { releaseHostLeases, WAKE_CHANNEL } from './kernel/reconcile-queue.ts';
import { createSealer, type Sealer } from './kernel/seal.ts';
import { addDatabaseMetrics } from './kernel/sql/database-metrics.ts';
import { type Database, openDatabase, type PoolSettings } from './kernel/sql/pool.ts';
import { openTransactions } from './kernel/sql/tx.ts';
import { guardEngine } from './kernel/engine-guard.ts';
import { sweep, wakeSweeps } from './kernel/sweep.ts';
import { createLiveClient } from './live/client.ts';
import type { Shape } from './live/places.ts';
import { serveLive } from './live/server.ts';
import { composeRegistry } from './services.ts';
import { AUTHORITY_CHANNEL, createAuthenticator } from './services/identity/index.ts';
import { reportHost } from './services/hosts/index.ts';

/** A process of the platform that runs. */
export interface Running {
  /** Where it listens; of a worker none. */
  readonly addresses: readonly string[];
  /** Where the API's AWS door listens; undefined: it is closed. */
  readonly awsAddress?: string | undefined;
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

/** Connections of the operator's operations: a person makes them, one after the other. */
const OPERATOR_POOL = 3;
/** Of the data plane: its statements are gathered, so that few connections carry many calls. */
const DATA_POOL = 8;

const openPool = (config: Config, log: Log, metrics: Metrics, settings: PoolSettings): Database =>
  openDatabase(
    { ...settings, watchTransactions: config.testMode },
    {
      query: metrics.query,
      slowQuery: (name, ms) => log.warn({ query: name, ms: Math.round(ms) }, 'slow query'),
      connectionLost: (error) => log.warn({ err: error }, 'a database connection was lost'),
    },
  );

function openBase(config: Config, role: 'api' | 'worker'): Base {
  const log = createLog(config.logLevel, role);
  const metrics = createMetrics(role);
  const database = openPool(config, log, metrics, {
    connectionString: config.databaseUrl,
    applicationName: `thecloud-${role}`,
    max: config.dbPoolMax,
    min: config.dbPoolMin,
  });
  addDatabaseMetrics(metrics, database);
  return { log, metrics, database };
}

const sealerOf = (config: Config): Sealer => createSealer(new Map([[1, Buffer.from(config.masterKey)]]));

/** The API process: parses what strangers send, holds no engine. */
export async function startApi(config: ApiConfig): Promise<Running> {
  const { log, metrics, database } = openBase(config, 'api');
  const operator = openPool(config, log, metrics, {
    connectionString: config.operatorDatabaseUrl,
    applicationName: 'thecloud-operator',
    max: OPERATOR_POOL,
    min: 0,
  });
  const data = openPool(config, log, metrics, {
    connectionString: config.dataDatabaseUrl,
    applicationName: 'thecloud-data',
    max: DATA_POOL,
    min: 0,
  });
  const clock = systemClock;
  const sealer = sealerOf(config);
  const authenticator = createAuthenticator({ database, clock, log });
  const credentials = createAwsCredentials({ database, sealer, authenticator, clock });
  const forgetCallers = () => {
    authenticator.forget();
    credentials.forget();
  };
  const registry = composeRegistry({ ...config, sealer, forgetCallers });
  const execute = createExecute({
    databases: { api: database, operator, data },
    registry,
    sealer,
    clock,
    log,
    metrics,
  });
  const channels = [STATUS_CHANNEL, AUTHORITY_CHANNEL];
  const notifier = startNotifier({ connectionString: config.databaseUrl, channels, clock, log });
  notifier.subscribe(AUTHORITY_CHANNEL, forgetCallers);
  const live = createLiveClient(config.paths.workerSocket);
  const shared = {
    registry,
    execute,
    clock,
    log,
    metrics,
    limits: createRates(clock, {
      perKey: { perSecond: config.rateLimit, burst: config.rateLimit * 3 },
      perAddress: { perSecond: config.authRateLimit / 60, burst: config.authRateLimit },
    }),
    underWay: createUnderWay(),
    untaken: createUntaken(clock, metrics),
    trustedProxies: config.trustedProxies,
    testMode: config.testMode,
  };
  const app = createRestServer({
    ...shared,
    authenticator,
    live,
    waiter: createWaiter(notifier, clock),
    checks: { database_primary: async () => void (await database.query('health.ping', 'select 1 as ok')) },
    parts: createHostChecks(database),
  });
  const aws =
    config.awsListen &&
    createAwsServer({
      ...shared,
      credentials,
      region: config.region,
    });
  const stop = async () => {
    const drained = Promise.all([app.close(), aws && closeServer(aws)]);
    const forced = clock.sleep(DRAIN_MS).then(() => {
      app.server.closeAllConnections();
      aws?.closeAllConnections();
    });
    await Promise.race([drained, forced]);
    await Promise.all([authenticator.stop(), notifier.stop(), live.stop()]);
    await Promise.all([database.close(), operator.close(), data.close()]);
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
    if (aws && config.awsListen) await once(aws.listen(config.awsListen.port, config.awsListen.host), 'listening');
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: app.addresses().map(urlOf),
    awsAddress: aws && urlOf(aws.address()!),
    ended: new Promise(() => undefined),
    stop,
  };
}

/** Resolves when what is under way has been answered; of a server that never listened at once. */
const closeServer = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

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

  const host = {
    database,
    engines: [compute, network],
    capacity: () => compute.capacity(),
    hostName,
    overcommit: { cpu: config.overcommitCpu, memory: config.overcommitMemory, disk: config.overcommitDisk },
  };
  const hostId = await reportHost(host);
  const worker = { database, clock, log, hostId, host, compute, network };
  const { services } = composeRegistry({ ...config, sealer: sealerOf(config), worker });
  const sides = services.flatMap((service) => service.worker ?? []);
  const retentions = [...RETENTIONS, ...services.flatMap((service) => service.retention ?? [])];
  const reconcilers = [
    ...sides.flatMap((side) => side.reconcilers ?? []),
    sweep('prune', PRUNE_MS, async (signal) => void (await prune(database, retentions, signal))),
  ];
  await database.transaction({ tenantId: '*' }, (sql) => wakeSweeps(sql, reconcilers));
  const freed = await database.transaction({ tenantId: '*' }, (sql) => releaseHostLeases(sql, hostId));
  if (freed > 0) log.info({ freed }, 'took over what a worker that died had in hand');

  let stopping = false;
  const notifier = startNotifier({ connectionString: config.databaseUrl, channels: [WAKE_CHANNEL], clock, log });
  const running = startReconcilers(reconcilers, {
    database,
    notifier,
    clock,
    log,
    metrics,
    hostId,
    random: () => randomBelow(1_000_000) / 1_000_000,
    ...(config.slowPassesMs > 0 ? { slowdown: () => clock.sleep(randomBelow(config.slowPassesMs)) } : {}),
  });
  const repeats = sides
    .flatMap((side) => side.repeats ?? [])
    .map(({ name, ms, run }) => every(ms, name, run, { clock, log }));
  const live = await serveLive({
    socketPath: config.paths.workerSocket,
    handlers: Object.assign({}, ...sides.map((side) => side.live)) as LiveHandlers,
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
      await running.stop(DRAIN_MS);
      await Promise.all([...repeats, notifier].map((one) => one.stop()));
      await incus.close();
      await lock.release();
      await database.close();
      log.flush();
    },
  };
}
