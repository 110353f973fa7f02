import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { DATABASE_PLACE } from './vitest-global-setup.ts';

/** A database of one test file. */
export interface TestDatabase {
  readonly name: string;
  /** Of the tables' owner, whom row-level security does not bind: for fixtures and for looking behind the scenes. */
  readonly ownerUrl: string;
  /** Of cloud_api. */
  readonly apiUrl: string;
  /** Of cloud_worker. */
  readonly workerUrl: string;
  /** Ends every session on it and drops it. */
  drop(): Promise<void>;
}

/**
 * Makes a database, migrated unless `empty`. Call it in beforeAll, and `drop` in afterAll.
 * Safe in parallel: the name holds the run and a random part.
 */
export async function createTestDatabase(options: { readonly empty?: boolean } = {}): Promise<TestDatabase> {
  const server = inject('postgres');
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
    drop: () => runAsAdmin(server.adminUrl, `drop database if exists ${name} with (force)`),
  };
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

const runAsAdmin = (url: string, statement: string) =>
  withClient(url, (client) => client.query(statement).then(() => undefined));
