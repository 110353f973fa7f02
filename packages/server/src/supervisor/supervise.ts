import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineState, Settings } from '../config.ts';
import {
  bringUpExternalDatabase,
  bringUpOwnDatabase,
  type DatabasePlan,
  type ReadyDatabase,
} from './bring-up-database.ts';
import { bundleOnce, provideNode } from './bundle.ts';
import { checkExternalDatabase } from './check-database.ts';
import { type Claim, claimDataFolder } from './claim-data-folder.ts';
import { layOutDataFolder, type Owners } from './data-folder.ts';
import { keepEngine, lookForEngine } from './engine.ts';
import { type Kept, keepRunning } from './keep-running.ts';
import { boundLogs } from './log-files.ts';
import { askPlatformId, bindDataFolder, recallPlatformId } from './platform-id.ts';
import { refuseTakenAddresses, refuseTakenPgPort } from './ports.ts';
import type { Handover } from './process-protocol.ts';
import { endLeftovers, recordProcesses, type SeenProcess, startOf } from './processes.ts';
import { findConsole } from './find-console.ts';
import { replaceKeys } from '../kernel/master-keys.ts';
import { readAuditKey, readDatabasePasswords, readMasterKeys, watchMasterKeys } from './secrets.ts';
import { type ProcessLife, startProcess } from './start-process.ts';
import { currentIdentity, ensureSystemUser, userOf } from './system-users.ts';
import type { Patience } from './watchdog.ts';

const POSTGRES_USER = 'postgres';

export interface SupervisorOptions {
  readonly settings: Settings;
  /** The checkout: migrations, packages, the code that is bundled. */
  readonly repository: string;
  /** Entry of the processes' bundle, relative to the checkout. */
  readonly entry: string;
  /** Builds the web console where it is not built yet; answers its folder. Default: there is none. */
  readonly ensureConsole?: () => Promise<string>;
  /** Folders to look for programs in, `:` between them. */
  readonly searchPath: string;
  /** One line for the person at the terminal. */
  readonly say: (line: string) => void;
  /** Default: what this machine has. */
  readonly engine?: EngineState;
  /** How long a process may leave questions open before it is ended. Default: half a minute. */
  readonly patience?: Patience;
}

/** A platform that runs. */
export interface Platform {
  /** Where the API answers, as it says itself. */
  readonly addresses: readonly string[];
  /** Where its AWS door answers; undefined: it is closed. */
  readonly awsAddress: string | undefined;
  /** Whether the API serves the web console. */
  readonly hasConsole: boolean;
  readonly databaseUrls: ReadyDatabase['urls'];
  readonly howToConnect: string;
  readonly engine: EngineState;
  readonly processes: () => readonly { readonly name: string; readonly pid: number | undefined }[];
  /** API, worker, Incus with its instances, PostgreSQL: in this order. `hurry` shortens every wait. */
  stop(hurry: AbortSignal): Promise<void>;
}

/** Brings everything up on this machine and keeps it up. When a step fails, what was started is stopped again before it rejects. */
export async function supervise(options: SupervisorOptions): Promise<Platform> {
  const { settings, say } = options;
  const isRoot = process.getuid?.() === 0;
  const claim = claimDataFolder(settings.dataDir);
  const running: Running = { database: undefined, engine: undefined, worker: undefined, api: undefined };
  try {
    return await bringUp(options, isRoot, claim, running);
  } catch (error) {
    if (inStopOrder(running).length > 0) say('stopping what was already started');
    await stopAll(running, AbortSignal.timeout(20_000), say);
    claim.abandon();
    throw error;
  }
}

interface Running {
  database: Kept | undefined;
  engine: Kept | undefined;
  worker: Kept | undefined;
  api: Kept | undefined;
}

/** What can be known to fail is refused before anything is made, so that a mistyped setting leaves nothing behind. */
async function refuseWhatCannotWork(settings: Settings): Promise<void> {
  const { pgPort, externalDatabaseUrl } = settings;
  await refuseTakenAddresses(settings);
  if (externalDatabaseUrl !== undefined) await checkExternalDatabase(externalDatabaseUrl);
  // Once there is a cluster, an earlier start's may still be listening there; it is ended first.
  else if (pgPort !== undefined && !existsSync(settings.paths.postgres)) await refuseTakenPgPort(pgPort);
}

async function bringUp(options: SupervisorOptions, isRoot: boolean, claim: Claim, running: Running): Promise<Platform> {
  const { settings, say } = options;
  const { paths } = settings;
  const pidsFile = join(paths.run, 'processes.json');
  const left = await endLeftovers(pidsFile);
  if (left.length > 0) say(`an earlier start was killed; ended its ${left.join(' and ')}`);
  await refuseWhatCannotWork(settings);

  const owners = findOwners(isRoot, paths.data);
  layOutDataFolder(paths, owners);
  const masterKeys = readMasterKeys(paths.masterKey);
  const auditKey = readAuditKey(paths.auditKey);
  // Built while the database starts.
  const consoleDir = options.ensureConsole && findConsole(options.ensureConsole, say, paths.app);
  const engine = options.engine ?? (await lookForEngine());

  // The data folder knows its platform's id from the second start on: Incus then starts beside PostgreSQL.
  const recalled = recallPlatformId(settings.dataDir);
  const startEngine = async (id: string): Promise<void> => {
    if (engine.available) running.engine = await keepEngine(settings, id, say);
  };
  const [bundle, database] = await allOrFirstError([
    bundleOnce(options.repository, paths.app, options.entry),
    bringUpDatabase(options, owners, isRoot, running),
    recalled === undefined ? undefined : startEngine(recalled),
  ]);
  const platformId = await askPlatformId(database.urls.owner);
  bindDataFolder(settings.dataDir, platformId);
  if (recalled === undefined) await startEngine(platformId);

  const node = provideNode(paths.app, isRoot);
  const common = {
    ...settings,
    masterKeys,
    platformId,
    engine,
    externalDatabaseUrl: undefined,
    operatorDatabaseUrl: undefined,
    dataDatabaseUrl: undefined,
  };
  const { urls } = database;
  const lives: { api?: ProcessLife; worker?: ProcessLife } = {};
  const keep = (handover: Handover): Promise<Kept> => {
    const { role } = handover;
    const identity = role === 'api' ? owners.api : owners.self;
    return keepRunning({
      name: role,
      say,
      start: async (stopping) => {
        const { patience } = options;
        const plan = { handover, node, bundle, logsDir: paths.logs, identity, isRoot, say, patience };
        const life = await startProcess(plan, stopping);
        lives[role] = life;
        return life;
      },
      onStart: () => recordProcesses(pidsFile, seen(lives)),
    });
  };
  // Not side by side: the worker first writes down what stopped with the host, and only then somebody may ask.
  running.worker = await keep({
    role: 'worker',
    config: { ...common, role: 'worker', databaseUrl: urls.worker, auditKey },
  });
  running.api = await keep({
    role: 'api',
    config: {
      ...common,
      smtpUrl: undefined,
      role: 'api',
      databaseUrl: urls.api,
      operatorDatabaseUrl: urls.operator,
      dataDatabaseUrl: urls.data,
      consoleDir: await consoleDir,
    },
  });

  const logs = [
    ...['api', 'worker', 'postgres'].map((name) => join(paths.logs, `${name}.log`)),
    // Beside the others' folder, where the engine puts them.
    ...['incusd.log', 'incusd.out', 'lxcfs.out'].map((name) => join(paths.data, name)),
  ];
  const keyTimer = watchMasterKeys(
    paths.masterKey,
    (keys) => {
      // A process that is started again gets them with its handover.
      replaceKeys(masterKeys, keys);
      for (const life of [lives.worker, lives.api]) life?.tell({ kind: 'keys', keys });
    },
    (error) => say(`${paths.masterKey} cannot be used: ${error.message}; going on with the keys from before`),
  );
  const logTimer = setInterval(() => boundLogs(logs, say), 10_000).unref();
  return {
    addresses: lives.api?.addresses ?? [],
    awsAddress: lives.api?.awsAddress,
    hasConsole: (await consoleDir) !== undefined,
    databaseUrls: database.urls,
    howToConnect: database.howToConnect,
    engine,
    processes: () => inStopOrder(running).map((kept) => ({ name: kept.name, pid: kept.life()?.pid })),
    stop: async (hurry) => {
      clearInterval(keyTimer);
      clearInterval(logTimer);
      await stopAll(running, hurry, say);
      rmSync(pidsFile, { force: true });
      claim.release();
    },
  };
}

function findOwners(isRoot: boolean, dataDir: string): Owners {
  const self = currentIdentity();
  if (!isRoot) return { self, postgres: self, api: self };
  return { self, postgres: ensureSystemUser(POSTGRES_USER), api: userOf(dataDir) };
}

function bringUpDatabase(
  options: SupervisorOptions,
  owners: Owners,
  isRoot: boolean,
  running: Running,
): Promise<ReadyDatabase> {
  const { settings, say } = options;
  const plan: DatabasePlan = {
    settings,
    isRoot,
    identity: owners.postgres,
    passwords: readDatabasePasswords(settings.paths.secrets),
    migrationsDir: join(options.repository, 'migrations'),
    searchPath: options.searchPath,
    say,
    onKept: (kept) => {
      running.database = kept;
    },
  };
  const external = settings.externalDatabaseUrl;
  return external === undefined ? bringUpOwnDatabase(plan) : bringUpExternalDatabase(plan, external);
}

function seen(lives: Readonly<Record<string, ProcessLife>>): SeenProcess[] {
  return Object.entries(lives).flatMap(([name, life]) => {
    const started = life.pid === undefined ? undefined : startOf(life.pid);
    return life.pid === undefined || started === undefined ? [] : [{ name, pid: life.pid, started }];
  });
}

function inStopOrder(running: Running): Kept[] {
  return [running.api, running.worker, running.engine, running.database].filter((kept) => kept !== undefined);
}

/** One that cannot be stopped must not keep the next from it. */
async function stopAll(running: Running, hurry: AbortSignal, say: (line: string) => void): Promise<void> {
  for (const kept of inStopOrder(running)) {
    try {
      await kept.stop(hurry);
    } catch (error) {
      say(`${kept.name} could not be stopped cleanly: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Like Promise.all, but waits for the others too: what they start must be known before it is stopped. */
async function allOrFirstError<T extends readonly unknown[]>(
  work: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: Awaited<T[K]>;
  };
}
