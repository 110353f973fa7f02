import { createPrivateKey } from 'node:crypto';
import { hostname } from 'node:os';
import type { WorkerConfig } from '../config.ts';
import { IncusComputeEngine } from '../engines/incus/incus-compute-engine.ts';
import { LinuxNetworkEngine } from '../engines/linux-network/linux-network-engine.ts';
import { createSmtpMailer } from '../engines/smtp/smtp-mailer.ts';
import { systemClock } from '../kernel/clock.ts';
import { every } from '../kernel/every.ts';
import { lockHost } from '../kernel/host-lock.ts';
import { randomBelow } from '../kernel/ids.ts';
import type { LiveHandlers } from '../kernel/live.ts';
import { startNotifier } from '../kernel/notifier.ts';
import { prune, RETENTIONS } from '../kernel/retention.ts';
import { startReconcilers } from '../kernel/reconcile.ts';
import { releaseHostLeases } from '../kernel/reconcile-queue.ts';
import { openTransactions } from '../kernel/sql/tx.ts';
import { guardEngine } from '../kernel/engine-guard.ts';
import { sweep, wakeSweeps } from '../kernel/sweep.ts';
import type { Shape } from '../live/places.ts';
import { serveLive } from '../live/server.ts';
import { composeRegistry } from '../services.ts';
import { addAuditMetrics } from '../services/audit/index.ts';
import { reportHost } from '../services/hosts/index.ts';
import { DRAIN_MS, openBase, type Running, sealerOf } from './base.ts';

const PRUNE_MS = 60_000;
/** Longest wait for a predecessor's lock on the host. */
const HOST_LOCK_WAIT_MS = 20_000;

/** The worker process: drives the engines of its host, parses nothing from outside. */
export async function startWorker(config: WorkerConfig): Promise<Running> {
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
    log,
    engines: [compute, network],
    capacity: () => compute.capacity(),
    hostName,
    overcommit: { cpu: config.overcommitCpu, memory: config.overcommitMemory, disk: config.overcommitDisk },
  };
  const hostId = await reportHost(host);
  const { smtpUrl, mailFrom } = config;
  const mailer =
    smtpUrl === undefined || mailFrom === undefined
      ? undefined
      : guard(createSmtpMailer({ url: smtpUrl, from: mailFrom }));
  const auditKey = createPrivateKey(config.auditKey);
  const auditFolder = config.paths.audit;
  const keys = {
    masterKeyPath: config.paths.masterKey,
    masterKeys: config.masterKeys,
    // A lone process has the URL of a database elsewhere.
    isSupervised: config.externalDatabaseUrl === undefined,
  };
  const worker = {
    database,
    clock,
    log,
    hostId,
    host,
    compute,
    network,
    metrics,
    mailer,
    auditKey,
    auditFolder,
    ...keys,
  };
  const registry = composeRegistry({ ...config, sealer: sealerOf(config), worker });
  const { services } = registry;
  const sides = services.flatMap((service) => service.worker ?? []);
  const retentions = [...RETENTIONS, ...services.flatMap((service) => service.retention ?? [])];
  const reconcilers = [
    ...sides.flatMap((side) => side.reconcilers ?? []),
    sweep('prune', PRUNE_MS, async (signal) => void (await prune(database, retentions, signal))),
  ];
  await database.transaction({ tenantId: '*' }, (sql) => wakeSweeps(sql, reconcilers));
  const freed = await database.transaction({ tenantId: '*' }, (sql) => releaseHostLeases(sql, hostId));
  if (freed > 0) log.info({ freed }, 'took over the work of a worker that died');
  for (const side of sides)
    await side
      .begin?.()
      .catch((error: unknown) =>
        log.warn({ err: error }, 'the host could not be looked at; the next look finds what changed'),
      );

  addAuditMetrics(metrics, database, clock);
  let stopping = false;
  const notifier = startNotifier({ connectionString: config.databaseUrl, clock, log });
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
    .map(({ name, ms, share, run }) => every(ms, name, run, { clock, log, share }));
  const live = await serveLive({
    socketPath: config.paths.workerSocket,
    handlers: Object.assign({}, ...sides.map((side) => side.live)) as LiveHandlers,
    registry,
    database,
    onAudited: metrics.audited,
    log,
    metrics: () => metrics.prometheus.getMetricsAsJSON(),
  });
  metrics.gauges('thecloud_storage_bytes', 'Of the storage pool and of the disk below it', ['of'], async () => {
    // Where there is no pool there is nothing to measure; health says so.
    const measure = await incus.measureStorage().catch(() => ({}));
    return Object.entries(measure).map(([of, value]) => ({ labels: { of }, value: Number(value) }));
  });
  const shapes: readonly Shape[] = ['answer', 'stream', 'socket'];
  metrics.gauges('thecloud_live_open', 'Commands, streams and sockets that the worker serves', ['shape'], async () =>
    shapes.map((shape) => ({ labels: { shape }, value: live.open(shape) })),
  );
  return {
    addresses: [],
    ended: lock.lost.then(() => {
      if (!stopping) log.error('lost the lock on this host; exiting so that a new worker takes over');
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
