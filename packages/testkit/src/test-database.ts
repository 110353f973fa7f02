import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { DATABASE_PLACE, type PostgresForTests } from './vitest-global-setup.ts';

/** A database of one test file. */
export interface TestDatabase {
  readonly name: string;
  /** Of the tables' owner, whom row-level security does not bind: for fixtures and for looking behind the scenes. */
  readonly ownerUrl: string;
  /** Of cloud_api. */
  readonly apiUrl: string;
  /** Of cloud_worker. */
  readonly workerUrl: string;
  /** Of cloud_operator. */
  readonly operatorUrl: string;
  /** Of cloud_data. */
  readonly dataUrl: string;
  /** Ends every session on it and drops it. */
  drop(): Promise<void>;
}

/**
 * Makes a database, migrated unless `empty`. Call it in beforeAll, and `drop` in afterAll.
 * Safe in parallel: the name holds the run and a random part.
 */
export async function createTestDatabase(options: { readonly empty?: boolean } = {}): Promise<TestDatabase> {
  const server = serverOfWorker();
  const name = `${server.prefix}${randomBytes(6).toString('hex')}`;
  const owned = server.owner === undefined ? '' : ` owner ${server.owner}`;
  await runAsAdmin(
    server.adminUrl,
    `create database ${name} template ${options.empty ? 'template0' : server.template} strategy file_copy${owned}`,
  );
  const at = (url: string) => url.replace(DATABASE_PLACE, name);
  return {
    name,
    ownerUrl: at(server.ownerUrl),
    apiUrl: at(server.apiUrl),
    workerUrl: at(server.workerUrl),
    operatorUrl: at(server.operatorUrl),
    dataUrl: at(server.dataUrl),
    drop: () => drop(server.adminUrl, name),
  };
}

/** Each worker of the run has a cluster; vitest counts them from 1. */
function serverOfWorker(): PostgresForTests {
  const servers = inject('postgres');
  return servers[(Number(process.env['VITEST_POOL_ID'] ?? 1) - 1) % servers.length]!;
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // A test that kills backends must not end the run.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A pool says that it has ended before its sockets have: they get a moment, then they are ended by force. */
const drop = (adminUrl: string, name: string): Promise<void> =>
  withClient(adminUrl, async (client) => {
    for (let tries = 0; tries < 40; tries++) {
      const { rows } = await client.query('select 1 from pg_stat_activity where datname = $1 limit 1', [name]);
      if (rows.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await client.query(`drop database if exists ${name} with (force)`);
  });

const runAsAdmin = (url: string, statement: string) =>
  withClient(url, (client) => client.query(statement).then(() => undefined));
