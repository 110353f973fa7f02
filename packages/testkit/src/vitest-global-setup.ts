import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrateUp } from '../../server/src/migrations/migrate.ts';
import { startPostgresCluster } from './postgres-cluster.ts';

/** What a test file needs to make databases of its own. */
export interface PostgresForTests {
  /** Makes and drops databases. */
  readonly adminUrl: string;
  /** A URL of the owner, with TEMPLATE where the database's name stands. */
  readonly ownerUrl: string;
  readonly apiUrl: string;
  readonly workerUrl: string;
  readonly operatorUrl: string;
  readonly dataUrl: string;
  /** A migrated database that is cloned, never connected to. */
  readonly template: string;
  /** Prefix of every database of this run. */
  readonly prefix: string;
  /** The tables' owner; undefined: the user of adminUrl. */
  readonly owner: string | undefined;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** One for each worker of the run. */
    postgres: readonly PostgresForTests[];
  }
}

/** Stands for the database's name in the URLs. */
export const DATABASE_PLACE = 'DATABASE';

/**
 * Once a test run: a private cluster for each worker, or the server that DATABASE_URL names, with a migrated template. What one test holds open
 * in a cluster, a snapshot or a lock, is seen in all of its databases.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  // The one setting of the tests, read where the run starts.
  const given = process.env.DATABASE_URL;
  const prefix = `thecloud_test_${process.pid}_`;
  const count = given ? 1 : Math.max(1, project.config.maxWorkers);
  const servers: Server[] = [];
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop(prefix)));
  };
  try {
    for (let place = 0; place < count; place++) servers.push(given ? useServer(given) : await startPrivate());
    const postgres = await Promise.all(servers.map((server) => prepare(server, prefix, given !== undefined)));
    project.provide('postgres', postgres);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** Makes the template of a server. */
async function prepare(server: Server, prefix: string, isGiven: boolean): Promise<PostgresForTests> {
  const template = `${prefix}template`;
  await runAsAdmin(
    server.adminUrl,
    `create database ${template}${server.owner === undefined ? '' : ` owner ${server.owner}`}`,
  );
  await migrateUp({
    connectionString: server.ownerUrl.replace(DATABASE_PLACE, template),
    folder: fileURLToPath(new URL('../../../migrations', import.meta.url)),
  });
  if (isGiven)
    await runAsAdmin(server.adminUrl, 'grant cloud_api, cloud_worker, cloud_operator, cloud_data to current_user');
  const { stop: _stop, ...places } = server;
  return { ...places, template, prefix };
}

interface Server extends Omit<PostgresForTests, 'template' | 'prefix'> {
  stop(prefix: string): Promise<void>;
}

async function startPrivate(): Promise<Server> {
  const cluster = await startPostgresCluster();
  const adminUrl = cluster.url('postgres', 'postgres');
  await runAsAdmin(adminUrl, 'create role cloud login createdb createrole');
  return {
    adminUrl,
    ownerUrl: cluster.url('cloud', DATABASE_PLACE),
    apiUrl: cluster.url('cloud_api', DATABASE_PLACE),
    workerUrl: cluster.url('cloud_worker', DATABASE_PLACE),
    operatorUrl: cluster.url('cloud_operator', DATABASE_PLACE),
    dataUrl: cluster.url('cloud_data', DATABASE_PLACE),
    owner: 'cloud',
    stop: () => cluster.stop(),
  };
}

/**
 * A server of somebody else's: its user must be able to create databases and roles. The processes' roles are taken on after login, so
 * that none of their passwords is changed; their timeouts, which PostgreSQL sets at login, are not in force then.
 */
function useServer(given: string): Server {
  // A URL for a socket names no host, which the URL class does not allow beside a user; the `host` parameter wins over the name put there.
  const url = new URL(given.replace('@/', '@localhost/'));
  const adminUrl = url.href;
  url.pathname = `/${DATABASE_PLACE}`;
  const ownerUrl = url.href;
  const as = (role: string) => {
    const changed = new URL(ownerUrl);
    changed.searchParams.set('options', `-c role=${role}`);
    return changed.href;
  };
  return {
    adminUrl,
    ownerUrl,
    apiUrl: as('cloud_api'),
    workerUrl: as('cloud_worker'),
    operatorUrl: as('cloud_operator'),
    dataUrl: as('cloud_data'),
    owner: undefined,
    stop: async (prefix) => {
      const client = new pg.Client({ connectionString: adminUrl });
      await client.connect();
      try {
        const { rows } = await client.query<{ datname: string }>(
          'select datname from pg_database where starts_with(datname, $1)',
          [prefix],
        );
        for (const { datname } of rows)
          await client.query(`drop database if exists ${client.escapeIdentifier(datname)} with (force)`);
      } finally {
        await client.end();
      }
    },
  };
}

async function runAsAdmin(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
