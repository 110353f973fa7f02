import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Client,
  createTenant,
  type RunningPlatform,
  startPlatform,
  waitFor,
} from '../../packages/testkit/src/platform-api.ts';
import { type AwsPair, type Door, restDoor, sqsDoor } from './doors.ts';

const MAIN = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url));
const READY_MS = 60_000;

/** A platform without engines, and further API processes on its database, with a tenant that has queues. */
export interface QueueWorld {
  readonly platform: RunningPlatform;
  readonly client: Client;
  readonly pair: AwsPair;
  /** The API processes beside the platform's. */
  readonly apis: readonly LoneApi[];
  /** Makes a queue; its name says whether it is a FIFO queue. */
  createQueue(name: string): Promise<Queue>;
  /** What refused calls were told, which no call should be. */
  readonly refusals: string[];
  close(): Promise<void>;
}

export interface Queue {
  readonly id: string;
  readonly fifo: boolean;
  /** Both doors of every API process. */
  readonly doors: readonly Door[];
  /** Ids of the messages that are in it now. */
  messageIds(): Promise<Set<string>>;
}

export interface LoneApi {
  readonly address: string;
  readonly awsAddress: string;
  /** Kills the process, and starts another one at the same addresses. */
  replace(): Promise<void>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  /** API processes beside the platform's own; default 2. */
  readonly apis?: number;
  /** Where the platform's folder is made. */
  readonly parent?: string;
}

/** PostgreSQL refuses to run as root, and without root no engine is started: neither is needed here. */
function ordinaryUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export async function startQueueWorld({ apis: wanted = 2, parent }: WorldOptions = {}): Promise<QueueWorld> {
  const user = ordinaryUser();
  const platform = await startPlatform({
    ...(user ? { user } : {}),
    ...(parent === undefined ? {} : { parent }),
    env: { CLOUD_DB_POOL_MAX: '8' },
  });
  const refusals: string[] = [];
  const apis: LoneApi[] = [];
  const close = async () => {
    await Promise.all(apis.map((api) => api.stop()));
    await platform.close();
  };
  try {
    for (let count = 0; count < wanted; count++) apis.push(await startLoneApi(platform, user));
    const client = await createTenant(platform, 'queues');
    const key = await client.ask('POST', '/auth/keys', { name: 'for the AWS door' });
    const pair = { accessKeyId: key.aws_access_key_id, secretAccessKey: key.aws_secret_access_key };
    return {
      platform,
      client,
      pair,
      apis,
      refusals,
      close,
      async createQueue(name) {
        const queue = await client.ask('POST', '/queues', { name });
        const path = `/${queue.arn.split(':')[4]}/${name}`;
        const refused = (text: string) => void refusals.push(text);
        return {
          id: queue.id,
          fifo: queue.fifo,
          doors: [platform, ...apis].flatMap(({ address, awsAddress }) => [
            restDoor(address, client.key, queue.id, refused),
            sqsDoor(awsAddress, pair, path, refused),
          ]),
          messageIds: async () =>
            new Set(
              (
                await platform.query<{ id: string }>('select id from queue_messages where queue_id = $1', [queue.id])
              ).map(({ id }) => id),
            ),
        };
      },
    };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

/** Role api, as an operator starts it on another machine. */
async function startLoneApi(
  platform: RunningPlatform,
  user: { uid: number; gid: number } | undefined,
): Promise<LoneApi> {
  const dataDir = mkdtempSync('/tmp/tc-api-');
  const secrets = join(dataDir, 'secrets');
  mkdirSync(secrets);
  cpSync(join(platform.dataDir, 'secrets', 'master.key'), join(secrets, 'master.key'));
  if (user) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, dataDir]);
  chmodSync(secrets, 0o700);
  const passwords = JSON.parse(readFileSync(join(platform.dataDir, 'secrets', 'database.json'), 'utf8'));
  const urlOf = (role: string) => `postgres://cloud_${role}:${passwords[role]}@127.0.0.1:${platform.pgPort}/thecloud`;
  const [port, awsPort] = await freePorts();
  let child: ChildProcess;
  let output = '';

  async function start(): Promise<void> {
    output = '';
    child = spawn(process.execPath, [MAIN], {
      cwd: '/',
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: dataDir,
        CLOUD_ROLE: 'api',
        CLOUD_DATA_DIR: dataDir,
        CLOUD_LISTEN: `127.0.0.1:${port}`,
        CLOUD_AWS_LISTEN: `127.0.0.1:${awsPort}`,
        CLOUD_DB_POOL_MAX: '8',
        CLOUD_RATE_LIMIT: '10000',
        DATABASE_URL: urlOf('api'),
        CLOUD_OPERATOR_DATABASE_URL: urlOf('operator'),
        CLOUD_DATA_DATABASE_URL: urlOf('data'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user,
    });
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-20_000);
      });
    await Promise.race([
      once(child, 'exit').then(() => undefined),
      waitFor('a further API process', () => hasEnded() || output.includes('api is ready'), {
        deadlineMs: READY_MS,
        stepMs: 20,
      }),
    ]);
    if (hasEnded()) throw new Error(`a further API process ended with ${child.exitCode}: ${output}`);
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const end = async (signal: NodeJS.Signals) => {
    if (hasEnded()) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  await start();
  return {
    address: `http://127.0.0.1:${port}`,
    awsAddress: `http://127.0.0.1:${awsPort}`,
    async replace() {
      await end('SIGKILL');
      // PostgreSQL may be away, as when an operator's supervisor starts it again and again.
      for (let tries = 1; ; tries++) {
        try {
          return await start();
        } catch (error) {
          if (tries === 20) throw error;
          await pause(500);
        }
      }
    },
    async stop() {
      await end('SIGTERM');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  try {
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
    const [port, aws] = servers.map((server) => (server.address() as AddressInfo).port);
    return [port!, aws!];
  } finally {
    for (const server of servers) server.close();
  }
}
