import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config.ts';
import { migrateUp } from '../migrations/migrate.ts';
import {
  type DatabaseUrls,
  DATABASE,
  OWNER_ROLE,
  prepareExternalRoles,
  prepareOwnDatabase,
  setProcessPasswords,
  socketUrl,
  urlsOf,
  writePasswordFile,
} from './database-roles.ts';
import { checkExternalDatabase, explainDatabaseRefusal } from './check-database.ts';
import { type Kept, keepRunning } from './keep-running.ts';
import { findFreePort, isFree, refuseTakenPgPort } from './ports.ts';
import {
  type Cluster,
  connectAsSuperuser,
  createClusterOnce,
  endLeftoverPostgres,
  findBinariesFor,
  startPostgres,
  stopPostgres,
  waitUntilReady,
} from './postgres.ts';
import { describeExit } from './processes.ts';
import type { DatabasePasswords } from './secrets.ts';
import type { Identity } from './system-users.ts';

const DEFAULT_PG_PORT = 5433;

/** Who logs in how, and the line that lets a person look inside. */
export interface ReadyDatabase {
  readonly urls: DatabaseUrls;
  readonly howToConnect: string;
}

export interface DatabasePlan {
  readonly settings: Settings;
  readonly identity: Identity;
  readonly isRoot: boolean;
  readonly passwords: DatabasePasswords;
  readonly migrationsDir: string;
  readonly searchPath: string;
  readonly say: (line: string) => void;
  /** Told at once when PostgreSQL runs, so that it is stopped also when what follows fails. */
  readonly onKept: (kept: Kept) => void;
}

/** The own cluster: made once, started, kept running, migrated. */
export async function bringUpOwnDatabase(plan: DatabasePlan): Promise<ReadyDatabase> {
  const { settings, passwords, say } = plan;
  const cluster: Cluster = {
    paths: settings.paths,
    identity: plan.identity,
    isRoot: plan.isRoot,
    binaries: findBinariesFor(settings.paths, plan.searchPath),
    superuserPassword: passwords.superuser,
    // Both processes' pools, the operator's few, the data plane's pipelined lanes, people's sessions, and some for the superuser.
    maxConnections: Math.max(100, settings.dbPoolMax * 2 + 60),
  };
  if (await endLeftoverPostgres(settings.paths)) say('stopped a PostgreSQL left running by an earlier start');
  if (!existsSync(join(settings.paths.postgres, 'PG_VERSION'))) say('creating a PostgreSQL cluster');
  await createClusterOnce(cluster);
  const port = await choosePort(settings);
  const kept = await keepRunning({ name: 'PostgreSQL', say, start: () => bearPostgres(cluster, port) });
  plan.onKept(kept);

  const socketDir = settings.paths.postgresSocketDir;
  const superuser = await connectAsSuperuser(cluster, port);
  try {
    await prepareOwnDatabase(superuser, passwords);
    const owner = socketUrl(socketDir, port, OWNER_ROLE, passwords.owner);
    await migrate(owner, plan);
    await setProcessPasswords(superuser, passwords);
    const passwordFile = writePasswordFile(settings.paths.secrets, socketDir, port, passwords.owner);
    return {
      urls: urlsOf(owner, passwords, (user, password) => socketUrl(socketDir, port, user, password)),
      howToConnect: `PGPASSFILE=${passwordFile} psql -h localhost -p ${port} -U ${OWNER_ROLE} ${DATABASE}`,
    };
  } finally {
    await superuser.end();
  }
}

async function bearPostgres(cluster: Cluster, port: number) {
  await endLeftoverPostgres(cluster.paths);
  const child = startPostgres(cluster, port);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(describeExit(code, signal)));
    child.once('error', (error) => resolve(`cannot run (${error.message})`));
  });
  try {
    await waitUntilReady(cluster, child, port);
  } catch (error) {
    await stopPostgres(child);
    throw error;
  }
  return { pid: child.pid, ended, stop: (hurry: AbortSignal) => stopPostgres(child, hurry) };
}

/** The port set, else the one of the last start, else 5433, else the next free one: people write it down. */
async function choosePort(settings: Settings): Promise<number> {
  if (settings.pgPort !== undefined) {
    await refuseTakenPgPort(settings.pgPort);
    return settings.pgPort;
  }
  const file = join(settings.dataDir, 'postgres.port');
  const last = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : Number.NaN;
  const reserved = [settings.listen.port, settings.awsListen?.port];
  if (Number.isInteger(last) && !reserved.includes(last) && (await isFree('127.0.0.1', last))) return last;
  const port = await findFreePort(DEFAULT_PG_PORT, reserved);
  writeFileSync(file, `${port}\n`);
  return port;
}

/** A database of the operator's: migrated as its owner, the process roles given their passwords. */
export async function bringUpExternalDatabase(plan: DatabasePlan, ownerUrl: string): Promise<ReadyDatabase> {
  await migrate(ownerUrl, plan).catch(explainDatabaseRefusal(ownerUrl));
  const urls = await prepareExternalRoles(ownerUrl, plan.passwords);
  // That server may let the owner in and the processes' roles not.
  for (const url of [urls.api, urls.worker, urls.operator, urls.data]) await checkExternalDatabase(url);
  return { urls, howToConnect: 'the one of DATABASE_URL' };
}

async function migrate(ownerUrl: string, plan: DatabasePlan): Promise<void> {
  const ran = await migrateUp({ connectionString: ownerUrl, folder: plan.migrationsDir });
  if (ran.length > 0) plan.say(`ran ${ran.length} migration${ran.length === 1 ? '' : 's'}, up to ${ran.at(-1)}`);
}
