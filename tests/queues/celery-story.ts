import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { run } from '../../packages/aws-protocol/test/support/install.ts';
import { waitFor } from '../../packages/testkit/src/platform-api.ts';
import { makeAwsKey } from '../../packages/server/src/testing/aws-clients.ts';
import type { Actor, TestApi } from '../../packages/server/src/testing/test-api.ts';
import type { AwsPair } from './doors.ts';

const FOLDER = fileURLToPath(new URL('./celery/', import.meta.url));
const TASKS = 30;
const TASK_SECONDS = 0.4;
const VISIBILITY_SECONDS = 5;
/** A worker fetches a message while its processes are busy with others: it is received before it begins, by one task's length or so. */
const FETCHED_EARLIER_SECONDS = 1.5;

export interface Broker {
  /** Of the AWS door. */
  readonly url: string;
  readonly pair: AwsPair;
  /** How many messages are in the queue of that name. */
  countMessages(queue: string): Promise<number>;
}

/** The queues of an API under test. */
export const brokerOf = async (api: TestApi, owner: Actor): Promise<Broker> => ({
  url: api.awsUrl,
  pair: await makeAwsKey(api, owner),
  async countMessages(queue) {
    const text = 'select count(*)::int as n from queue_messages m join queues q on q.id = m.queue_id where q.name = $1';
    return (await api.owner.query<{ n: number }>(text, [queue])).rows[0]!.n;
  },
});

/** A task's begin or end, as it noted it. */
interface Note {
  readonly what: string;
  readonly number: number;
  readonly worker: string;
  readonly at: number;
}

/** Two Celery workers do tasks from one queue, and one of them is killed in the middle of a task. */
export async function tellCeleryStory(python: string, { url, pair, countMessages }: Broker): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'thecloud-celery-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const queue = `celery-${Math.random().toString(36).slice(2)}`;
  const notesPath = join(home, 'notes');
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: home,
    PYTHONDONTWRITEBYTECODE: '1',
    BROKER: `sqs://${pair.accessKeyId}:${encodeURIComponent(pair.secretAccessKey)}@${new URL(url).host}`,
    VISIBILITY: String(VISIBILITY_SECONDS),
    QUEUE: queue,
    NOTES: notesPath,
  };
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const notes = (): Note[] =>
    (existsSync(notesPath) ? readFileSync(notesPath, 'utf8') : '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '))
      .map(([what, number, worker, at]) => ({ what: what!, number: Number(number), worker: worker!, at: Number(at) }));
  const begun = (worker: string) => notes().filter((note) => note.what === 'begin' && note.worker === worker);
  const ended = (worker?: string) =>
    notes().filter((note) => note.what === 'end' && (worker === undefined || note.worker === worker));

  await run('env', ['-C', FOLDER, ...settings, python, 'work.py', String(TASKS), String(TASK_SECONDS)], {
    timeoutMs: 60_000,
  });
  expect(await countMessages(queue)).toBe(TASKS);
  const [first, second] = ['first', 'second'].map((name) => startWorker(python, name, { ...env, WORKER: name }));
  const explain = () => `${first!.output()}\n${second!.output()}`;
  await waitFor(
    'both workers to have done tasks, and the first one to be in the middle of one',
    () => ended('first').length >= 3 && ended('second').length >= 1 && begun('first').length > ended('first').length,
    { stepMs: 10, explain },
  );
  const killedAt = Date.now() / 1000;
  await first!.kill();
  const interrupted = begun('first').filter(({ number }) => !ended('first').some((note) => note.number === number));
  expect(interrupted.length).toBeGreaterThan(0);

  await waitFor(
    'all tasks to be done, and deleted',
    async (saw) => {
      const done = new Set(ended().map(({ number }) => number)).size;
      const left = await countMessages(queue);
      saw(`${done} done, ${left} messages left`);
      return done === TASKS && left === 0;
    },
    { deadlineMs: 45_000, explain },
  );
  for (let number = 0; number < TASKS; number++) {
    const begins = notes().filter((note) => note.what === 'begin' && note.number === number);
    if (begins.length === 1) continue;
    // Begun again is only what the dead worker had not finished, or not yet deleted, and only when its visibility had passed.
    const [one, two, ...more] = begins;
    expect({ number, worker: one!.worker, more }).toEqual({ number, worker: 'first', more: [] });
    const end = ended('first').find((note) => note.number === number);
    if (end) expect(end.at).toBeGreaterThan(killedAt - 1);
    expect(two!.at - one!.at).toBeGreaterThan(VISIBILITY_SECONDS - FETCHED_EARLIER_SECONDS);
  }
  for (const { number } of interrupted) expect(begun('second').map((note) => note.number)).toContain(number);
  await second!.stop();
}

/** With two processes of its own, in a process group. */
function startWorker(python: string, name: string, env: Readonly<Record<string, string>>) {
  const words = ['-m', 'celery', '-A', 'work', 'worker', '--concurrency', '2', '--loglevel', 'INFO', '-n', name];
  const child: ChildProcess = spawn(python, words, {
    cwd: FOLDER,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-6_000);
    });
  const exit = once(child, 'exit');
  const signal = async (kind: NodeJS.Signals, pid: number) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    process.kill(pid, kind);
    await exit;
  };
  const kill = () => signal('SIGKILL', -child.pid!);
  onTestFinished(kill);
  // Celery ends its own processes when it is told to stop.
  return { output: () => output, kill, stop: () => signal('SIGTERM', child.pid!) };
}
