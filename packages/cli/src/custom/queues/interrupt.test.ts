import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeServer, startFakeServer } from '../../../../sdk/src/testing/fake-server.ts';
import { buildCli } from '../../../build.ts';

// Ctrl-C reaches a process, so that these are processes.

const folder = mkdtempSync(join(tmpdir(), 'thecloud-interrupt-'));
const TASK = { id: 't1', source_queue_id: 'q1', status: 'RUNNING', moved: 1, to_move: 5, version: 1 };
let bundle: string;
let server: FakeServer;
/** Resolves with the next look at a task, and with the next batch. */
let onRequest: () => void = () => undefined;
beforeAll(async () => {
  bundle = await buildCli(join(folder, 'cloud.js'));
  server = await startFakeServer(({ method, path, body }) => {
    setImmediate(onRequest);
    if (path.endsWith('/batch')) {
      const { entries } = body as { entries: { id: string }[] };
      return { data: { successful: entries.map(({ id }) => ({ id })), failed: [] } };
    }
    return method === 'POST' ? { status: 202, data: TASK } : { data: [TASK] };
  });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

/** Runs the command, and presses Ctrl-C a moment after it has sent so many requests. Its input stays open. */
async function interrupted(line: string, input: string, requests: number) {
  const env = { HOME: folder, CLOUD_ENDPOINT: server.endpoint, CLOUD_API_KEY: 'k' };
  const child = spawn(process.execPath, [bundle, ...line.split(' ')], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  child.stdin.write(input);
  for (let nth = 0; nth < requests; nth++) await new Promise<void>((resolve) => (onRequest = resolve));
  setTimeout(() => child.kill('SIGINT'), 200);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

it('a redrive that is waited for goes on, and the command says how to end it', async () => {
  const ended = await interrupted('queues redrive dead --wait', '', 2);
  expect(ended).toEqual({
    code: 130,
    stdout: '',
    stderr: 'cloud: interrupted; the task goes on. To end it: cloud queues redrive dead --cancel\n',
  });
});

it('lines are sent a moment after they came, and the command ends with their number', async () => {
  const ended = await interrupted('queues send jobs --lines', `${'x\n'.repeat(10)}y\nhalf a li`, 2);
  expect(ended).toMatchObject({ code: 130, stdout: 'sent      11\nrefused   0\n' });
  expect(ended.stderr).toContain('interrupted');
});
