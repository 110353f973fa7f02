import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeServer, startFakeServer } from '../../sdk/src/testing/fake-server.ts';
import { buildCli } from '../build.ts';
import { NOT_FOUND, WEB } from './testing/cloud-against.ts';

// What a person at a real terminal sees and answers; script(1) makes the terminal.

const folder = mkdtempSync(join(tmpdir(), 'thecloud-terminal-'));
let bundle: string;
let server: FakeServer;
let deleted = 0;
let looks = 0;
beforeAll(async () => {
  bundle = await buildCli(join(folder, 'cloud.js'));
  server = await startFakeServer(({ method }) => {
    if (method === 'DELETE') {
      deleted++;
      return { data: { message: 'it is being removed' } };
    }
    if (method === 'POST') return { status: 202, data: { ...WEB, status: 'STARTING' } };
    if (deleted > 0) return ++looks > 2 ? NOT_FOUND : { data: { ...WEB, status: 'DELETING' } };
    return { data: { ...WEB, status: ++looks > 2 ? 'RUNNING' : 'STARTING' } };
  });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

/** Runs a line of shell at a terminal; answers each question with the next word. */
async function atTerminal(line: string, answers: readonly (readonly [RegExp, string])[] = []): Promise<string> {
  const env = {
    PATH: process.env.PATH!,
    HOME: folder,
    TERM: 'xterm',
    CLOUD_ENDPOINT: server.endpoint,
    CLOUD_API_KEY: 'k',
  };
  const command = line.replace('cloud', `'${process.execPath}' '${bundle}'`);
  const child = spawn('script', ['-qec', `${command}; echo "ended with $?"`, '/dev/null'], { env });
  let said = '';
  const left = [...answers];
  child.stdout.on('data', (chunk) => {
    said += String(chunk);
    const [next] = left;
    if (next === undefined || !next[0].test(said)) return;
    left.shift();
    child.stdin.write(`${next[1]}\r`);
  });
  await new Promise((resolve) => child.once('close', resolve));
  expect(left, said).toEqual([]);
  return said;
}

it('a change shows its progress until it is done, and leaves only the result', async () => {
  looks = 0;
  const said = await atTerminal('cloud instances start web');
  expect(said).toMatch(/[⠋⠙⠹] web: .*STARTING/);
  // The line is wiped before the result.
  const [, result] = said.split(/\[K(?=[^\u2800-\u28ff]*$)/);
  expect(result).toMatch(/status.*RUNNING/);
  expect(said).toContain('ended with 0');
});

it('a deletion asks; no means no, and yes deletes what was shown and waits until it is gone', async () => {
  looks = 0;
  const question = /Delete instance 'web'.*\[y\/N\]/;
  const no = await atTerminal('cloud instances delete web', [[question, 'n']]);
  expect(no).toContain('nothing was changed');
  expect(no).toContain('ended with 1');
  expect(deleted).toBe(0);
  const yes = await atTerminal('cloud instances delete web', [[question, 'y']]);
  expect(deleted).toBe(1);
  expect(yes).toContain('web is gone');
  expect(yes).toContain('ended with 0');
});

it('a pipe is no terminal: nothing waits, nothing moves the cursor', async () => {
  deleted = 0;
  const said = await atTerminal('cloud instances start web | cat');
  expect(said).toMatch(/^status +STARTING\r$/m);
  expect(said).not.toContain('\u001b');
});
