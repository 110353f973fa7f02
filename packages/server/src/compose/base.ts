import type { Config } from '../config.ts';
import { createLog, createLogDestination, type Log } from '../kernel/log.ts';
import { createMetrics, type Metrics } from '../kernel/metrics.ts';
import { createSealer, type Sealer } from '../kernel/seal.ts';
import { addDatabaseMetrics } from '../kernel/sql/database-metrics.ts';
import { type Database, openDatabase, type PoolSettings } from '../kernel/sql/pool.ts';

/** A process of the platform that runs. */
export interface Running {
  /** Where it listens, as URLs; of a worker none. */
  readonly addresses: readonly string[];
  /** Where the API's AWS door listens; undefined: it is closed. */
  readonly awsAddress?: string | undefined;
  /** Resolves when it cannot go on by itself; the process then ends and is started again. */
  readonly ended: Promise<void>;
  /** Takes no new work, lets what runs end, closes everything. */
  stop(): Promise<void>;
}

/** Longest wait for requests or passes under way when a process stops. */
export const DRAIN_MS = 10_000;

interface Base {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly database: Database;
}

export const openPool = (config: Config, log: Log, metrics: Metrics, settings: PoolSettings): Database =>
  openDatabase(
    { ...settings, watchTransactions: config.testMode },
    {
      query: metrics.query,
      slowQuery: (name, ms) => log.warn({ query: name, ms: Math.round(ms) }, 'slow query'),
      connectionLost: (error) => log.warn({ err: error }, 'a database connection was lost'),
    },
  );

export function openBase(config: Config, role: 'api' | 'worker'): Base {
  const destination = createLogDestination();
  const log = createLog(config.logLevel, role, destination);
  const metrics = createMetrics(role);
  metrics.gauge('thecloud_log_lines_dropped', 'Lines of the log that could not be written, since the start', () =>
    destination.dropped(),
  );
  const database = openPool(config, log, metrics, {
    connectionString: config.databaseUrl,
    applicationName: `thecloud-${role}`,
    max: config.dbPoolMax,
    min: config.dbPoolMin,
  });
  addDatabaseMetrics(metrics, database);
  return { log, metrics, database };
}

export const sealerOf = (config: Config): Sealer => createSealer(config.masterKeys);
