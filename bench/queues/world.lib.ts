import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  type Client,
  createTenant,
  type RunningPlatform,
  startPlatform,
  waitFor,
} from '../../packages/testkit/src/platform-api.ts';
import type { Door } from './dialects.lib.ts';
import type { SqlQueue } from './sql.lib.ts';

const REGION = 'us-east-1';
/** One key may have 200 requests under way at a time: larger crowds share several. */
const KEYS = 3;
const MAIN = join(import.meta.dirname, '../../packages/server/src/main.ts');

/** An API process: both its doors. */
export interface Api {
  readonly rest: string;
  readonly aws: string;
  readonly pid: number;
}

export interface Key {
  readonly key: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Tenant {
  readonly client: Client;
  readonly keys: readonly Key[];
}

export interface Queue {
  readonly id: string;
  readonly name: string;
  /** Doors for a crowd, one for each key. */
  sqs(api?: Api): readonly Door[];
  rest(api?: Api): readonly Door[];
}

/** The whole platform, durable as it is shipped, with limits of rate out of the way. */
export class World {
  readonly platform: RunningPlatform;
  readonly api: Api;
  readonly postgres: number;
  readonly #more: ChildProcess[] = [];
  #queues = 0;

  private constructor(platform: RunningPlatform, api: Api, postgres: number) {
    this.platform = platform;
    this.api = api;
    this.postgres = postgres;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<World> {
    const platform = await startPlatform({
      env: { CLOUD_TEST_MODE: 'off', CLOUD_LOG_LEVEL: 'warn', CLOUD_RATE_LIMIT: '1000000', ...env },
    });
    const api = { rest: platform.address, aws: platform.awsAddress, pid: await platform.pid('api') };
    return new World(platform, api, await platform.pid('postgres'));
  }

  /** A second API process on the same database. */
  async addApi(): Promise<Api> {
    const { dataDir, pgPort } = this.platform;
    const passwords = this.#passwords();
    const url = (role: string) => `postgres://cloud_${role}:${passwords[role]}@127.0.0.1:${pgPort}/thecloud`;
    const [rest, aws] = [await freePort(), await freePort()];
    const child = spawn(process.execPath, [MAIN], {
      cwd: '/',
      env: {
        PATH: process.env['PATH'] ?? '',
        CLOUD_ROLE: 'api',
        CLOUD_DATA_DIR: dataDir,
        DATABASE_URL: url('api'),
        CLOUD_OPERATOR_DATABASE_URL: url('operator'),
        CLOUD_DATA_DATABASE_URL: url('data'),
        CLOUD_LISTEN: `127.0.0.1:${rest}`,
        CLOUD_AWS_LISTEN: `127.0.0.1:${aws}`,
        CLOUD_RATE_LIMIT: '1000000',
        CLOUD_LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    this.#more.push(child);
    const address = `http://127.0.0.1:${rest}`;
    await waitFor('the second API process', async () => (await fetch(`${address}/health`)).ok);
    return { rest: address, aws: `http://127.0.0.1:${aws}`, pid: child.pid! };
  }

  async tenant(name: string): Promise<Tenant> {
    const client = await createTenant(this.platform, name);
    await this.platform.query(
      'insert into quotas (tenant_id, resource, max) values ($1, $2, 10000) on conflict do nothing',
      [client.tenantId, 'queues'],
    );
    const keys: Key[] = [];
    for (let nth = 0; nth < KEYS; nth++) {
      const made = await client.ask('POST', '/auth/keys', { name: `bench ${nth}` });
      keys.push({
        key: made.key,
        accessKeyId: made.aws_access_key_id,
        secretAccessKey: made.aws_secret_access_key,
      });
    }
    return { client, keys };
  }

  async queue(tenant: Tenant, attributes: object = {}): Promise<Queue> {
    const made = await tenant.client.ask('POST', '/queues', { name: `bench-${++this.#queues}`, ...attributes });
    const { id, name } = made as { id: string; name: string };
    const account = String(made.arn).split(':')[4];
    return {
      id,
      name,
      sqs: (api = this.api) =>
        tenant.keys.map(({ accessKeyId, secretAccessKey }) => ({
          kind: 'sqs',
          origin: api.aws,
          queueUrl: `${api.aws}/${account}/${name}`,
          region: REGION,
          accessKeyId,
          secretAccessKey,
        })),
      rest: (api = this.api) => tenant.keys.map(({ key }) => ({ kind: 'rest', origin: api.rest, queueId: id, key })),
    };
  }

  sql(tenant: Tenant, queue: Queue): SqlQueue {
    return {
      socketDir: join(this.platform.dataDir, 'run', 'postgres'),
      port: this.platform.pgPort,
      password: this.#passwords()['owner']!,
      tenantId: tenant.client.tenantId,
      queueId: queue.id,
    };
  }

  /** Messages of 1 KiB, by SQL: quicker than any door. */
  async fillBySql(tenant: Tenant, queue: Queue, messages: number): Promise<void> {
    await this.platform.query(
      `insert into queue_messages (queue_id, tenant_id, body, size, visible_after)
       select $1, $2, repeat('x', 1024), 1024, now() from generate_series(1, $3::int)`,
      [queue.id, tenant.client.tenantId, messages],
    );
  }

  /** As a new cluster has it: the rounds of one case do not slow down those of the next. */
  async clear(): Promise<void> {
    await this.platform.query('truncate queue_messages');
    await this.platform.query('checkpoint').catch(() => undefined);
  }

  async stop(): Promise<void> {
    for (const child of this.#more) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    await this.platform.close();
  }

  #passwords(): Record<string, string> {
    return JSON.parse(readFileSync(join(this.platform.dataDir, 'secrets', 'database.json'), 'utf8'));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
