import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { ApiConfig } from '../config.ts';
import { createConnections } from '../front/connections.ts';
import { createHeldBytes } from '../front/held-bytes.ts';
import { createRates } from '../front/limits.ts';
import { createProcessorShares } from '../front/processor-shares.ts';
import { createAwsCredentials } from '../front/aws/credentials.ts';
import { createAwsServer } from '../front/aws/server.ts';
import { createHostChecks } from '../front/rest/host-checks.ts';
import { createRestServer } from '../front/rest/server.ts';
import { createWaiter } from '../front/rest/waiter.ts';
import { createUnderWay, createUntaken } from '../front/under-way.ts';
import { systemClock } from '../kernel/clock.ts';
import { createDiskRoom } from '../kernel/disk-room.ts';
import { every } from '../kernel/every.ts';
import { createExecute } from '../kernel/execute.ts';
import { createWriteBudget } from '../kernel/write-budget.ts';
import { startNotifier } from '../kernel/notifier.ts';
import { createLiveClient } from '../live/client.ts';
import { composeRegistry } from '../services.ts';
import { createEventFeed } from '../services/events/index.ts';
import { AUTHORITY_CHANNEL, createAuthenticator } from '../services/identity/index.ts';
import { countParked } from '../services/work/index.ts';
import { addAccountMetrics } from './account-metrics.ts';
import { DRAIN_MS, openBase, openPool, type Running, sealerOf } from './base.ts';

/** Connections of the operator's operations: a person makes them, one after the other. */
const OPERATOR_POOL = 3;
/** Of the data plane: its statements are gathered, so that few connections carry many calls. */
const DATA_POOL = 8;

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
  addAccountMetrics(metrics, operator, clock);
  metrics.gauges(
    'thecloud_reconcile_parked',
    'Resources that the host cannot end, of each kind; they are retried rarely and apart from other work',
    ['kind'],
    async () => (await countParked(operator)).map(({ kind, count }) => ({ labels: { kind }, value: count })),
  );
  const sealer = sealerOf(config);
  const authenticator = createAuthenticator({ database, clock, log });
  const credentials = createAwsCredentials({ database, sealer, authenticator, clock });
  const notifier = startNotifier({ connectionString: config.databaseUrl, clock, log });
  const feed = createEventFeed({ database, notifier, clock, log, metrics });
  const stopping = new AbortController();
  const registry = composeRegistry({
    ...config,
    awsUrl: () => awsAddress(),
    feed,
    data: { sql: data, notifier, clock, log, metrics, stopping: stopping.signal },
    sealer,
    forgetCallers: authenticator.forget,
    countLogin: metrics.authAttempt,
  });
  const execute = createExecute({
    writes: createWriteBudget(clock, metrics, config.writesPerDay),
    room: createDiskRoom(config.dataDir, clock),
    databases: { api: database, operator, data },
    registry,
    sealer,
    clock,
    log,
    metrics,
  });
  notifier.subscribe(AUTHORITY_CHANNEL, authenticator.forget);
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
    shares: createProcessorShares(clock, metrics),
    underWay: createUnderWay(),
    heldBytes: createHeldBytes(clock, metrics),
    untaken: createUntaken(clock, metrics),
    connections: createConnections({ metrics, trustedProxies: config.trustedProxies }),
    checks: { database_primary: async () => void (await database.query('health.ping', 'select 1 as ok')) },
    trustedProxies: config.trustedProxies,
    testMode: config.testMode,
  };
  const app = createRestServer({
    ...shared,
    authenticator,
    live,
    corsOrigins: config.corsOrigins,
    hosts: hostNamesOf(config),
    consoleDir: config.consoleDir,
    waiter: createWaiter(notifier, clock),
    parts: createHostChecks(database, operator),
  });
  const aws =
    config.awsListen &&
    createAwsServer({
      ...shared,
      credentials,
      region: config.region,
    });
  const repeats = registry.services
    .flatMap((service) => service.apiRepeats ?? [])
    .map(({ name, ms, share, run }) => every(ms, name, run, { clock, log, share }));
  const awsAddress = () => (aws?.listening ? urlOf(aws.address()!) : undefined);
  const stop = async () => {
    stopping.abort();
    const drained = Promise.all([app.close(), aws && closeServer(aws)]);
    const forced = clock.sleep(DRAIN_MS).then(() => {
      app.server.closeAllConnections();
      aws?.closeAllConnections();
    });
    await Promise.race([drained, forced]);
    await Promise.all(repeats.map((one) => one.stop()));
    await Promise.all([authenticator.stop(), feed.stop(), notifier.stop(), live.stop()]);
    await Promise.all([database.close(), operator.close(), data.close()]);
    log.flush();
  };
  try {
    await database.warm();
    await database.query(
      'platform.registration',
      // What the operator has set at run time wins over the environment.
      `update platform set registration_open = wanted.open
       from (select coalesce((select value from platform_settings where name = 'registration'), $1) = 'open' as open) as wanted
       where registration_open <> wanted.open`,
      [config.registration],
    );
    await app.listen({ host: config.listen.host, port: config.listen.port });
    if (aws && config.awsListen) await once(aws.listen(config.awsListen.port, config.awsListen.host), 'listening');
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: app.addresses().map(urlOf),
    awsAddress: awsAddress(),
    ended: new Promise(() => undefined),
    stop,
  };
}

/** Resolves when what is under way has been answered; of a server that never listened at once. */
const closeServer = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** The names by which people reach the platform. */
const hostNamesOf = ({ hosts, publicUrl, listen }: ApiConfig): readonly string[] => [
  ...hosts,
  hostname(),
  listen.host,
  ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname]),
];

function urlOf(address: AddressInfo | string): string {
  if (typeof address === 'string') return address;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
