import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Door } from './dialects.lib.ts';

const run = promisify(execFile);
const READY_MS = 60_000;

/** What Maven brings: the servers' and the tool's Java classes. Versions are pinned, so that two runs compare. */
const ELASTICMQ = { group: 'org.elasticmq', artifact: 'elasticmq-server_2.13', version: '1.6.11' };
const PERF_TEST = { group: 'com.rabbitmq', artifact: 'perf-test', version: '2.22.1' };

export interface Peer {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface ElasticMq extends Peer {
  /** Makes a queue. */
  queue(name: string): Promise<Door>;
  remove(door: Door): Promise<void>;
}

export interface RabbitMq extends Peer {
  /** Runs RabbitMQ's own load tool; answers what it says in the end. */
  load(words: readonly string[]): Promise<RabbitRates>;
}

export interface RabbitRates {
  /** Messages a second. */
  readonly sent: number;
  readonly received: number;
  /** Milliseconds until a send was confirmed. */
  readonly p50?: number;
  readonly p99?: number;
}

async function classPathOf(dependency: typeof ELASTICMQ, folder: string): Promise<string> {
  const { group, artifact, version } = dependency;
  const pom = join(folder, `${artifact}.xml`);
  const paths = join(folder, `${artifact}.paths`);
  writeFileSync(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>${artifact}</artifactId><version>1</version><dependencies><dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency></dependencies></project>`,
  );
  await run('mvn', ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${paths}`]);
  return readFileSync(paths, 'utf8').trim();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a program and waits until it has said `ready`. Its output is kept in short for a failure. */
async function startUntil(
  program: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  ready: RegExp,
): Promise<ChildProcess> {
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${program} was not ready in time: ${said}`)), READY_MS);
    const hear = (part: Buffer) => {
      said = (said + part.toString()).slice(-8_000);
      if (!ready.test(said)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}: ${said}`)));
  });
  return child;
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const forced = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(forced);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** ElasticMQ with its messages in memory, which is how it is fastest. It looks at no signature. */
export async function startElasticMq(): Promise<ElasticMq> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-elasticmq-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const config = join(folder, 'elasticmq.conf');
  writeFileSync(
    config,
    `include classpath("application.conf")
node-address { protocol = http, host = "127.0.0.1", port = ${port}, context-path = "" }
rest-sqs { enabled = true, bind-port = ${port}, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats { enabled = false }
queues-storage { enabled = false }
messages-storage { enabled = false }
`,
  );
  const child = await startUntil(
    'java',
    ['-Xmx4g', `-Dconfig.file=${config}`, '-cp', await classPathOf(ELASTICMQ, folder), 'org.elasticmq.server.Main'],
    process.env,
    /ElasticMQ server .* started/,
  );
  const ask = async (action: string, input: object): Promise<Record<string, string>> => {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` };
    const answer = await fetch(origin, { method: 'POST', headers, body: JSON.stringify(input) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`ElasticMQ ${action}: ${answer.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
  };
  return {
    pid: child.pid!,
    queue: async (name) => ({
      kind: 'sqs',
      origin,
      queueUrl: (await ask('CreateQueue', { QueueName: name }))['QueueUrl']!,
      region: 'us-east-1',
      accessKeyId: 'bench',
      secretAccessKey: 'bench',
    }),
    remove: async (door) => {
      if (door.kind === 'sqs') await ask('DeleteQueue', { QueueUrl: door.queueUrl });
    },
    stop: () => stop(child, folder),
  };
}

/** RabbitMQ in a folder of its own, on loopback, with its own Erlang port mapper. */
export async function startRabbitMq(): Promise<RabbitMq> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-rabbitmq-'));
  const [port, distribution, mapper] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(
    join(folder, 'rabbitmq.conf'),
    `listeners.tcp.default = 127.0.0.1:${port}\nlog.console = true\nlog.console.level = info\nlog.file = false\n`,
  );
  writeFileSync(join(folder, 'enabled_plugins'), '[].\n');
  const env = {
    PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
    HOME: folder,
    LANG: 'C.UTF-8',
    RABBITMQ_NODENAME: `bench${port}@localhost`,
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_DIST_PORT: String(distribution),
    ERL_EPMD_PORT: String(mapper),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  // The one on the path changes to the system's user and folder.
  const child = await startUntil('/usr/lib/rabbitmq/bin/rabbitmq-server', [], env, /Server startup complete/);
  const classPath = await classPathOf(PERF_TEST, folder);
  return {
    pid: child.pid!,
    async load(words) {
      const { stdout } = await run(
        'java',
        ['-cp', classPath, 'com.rabbitmq.perf.PerfTest', '-h', `amqp://guest:guest@127.0.0.1:${port}/%2f`, ...words],
        { timeout: 120_000, maxBuffer: 4 << 20 },
      );
      const rate = (what: string) => Number(new RegExp(`${what} rate avg: (\\d+)`).exec(stdout)?.[1] ?? 0);
      const confirm = /confirm latency [^ ]+ \d+\/(\d+)\/\d+\/\d+\/(\d+)/.exec(
        stdout.slice(stdout.indexOf('test stopped')),
      );
      return {
        sent: rate('sending'),
        received: rate('receiving'),
        ...(confirm ? { p50: Number(confirm[1]) / 1000, p99: Number(confirm[2]) / 1000 } : {}),
      };
    },
    async stop() {
      await stop(child, folder);
      // The port mapper outlives the server that started it.
      await run('/usr/bin/epmd', ['-kill'], { env });
    },
  };
}
