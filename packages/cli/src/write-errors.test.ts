import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCli } from '../build.ts';
import { type FakeServer, startFakeServer } from '../../sdk/src/testing/fake-server.ts';
import { ELSEWHERE } from './program.ts';
import { VERBS } from './table/verbs.ts';
import { WEB } from './testing/cloud-against.ts';
import { isPlain, lineOf } from './testing/line-of.ts';

// The bundle as people run it, in a process of its own: what Node does with an error that nobody hears is part of it.

const folder = mkdtempSync(join(tmpdir(), 'thecloud-write-errors-'));
const listPaths = VERBS.filter((verb) => verb.effect === 'list').map(
  (verb) => new RegExp(`^${verb.method} ${verb.path.replaceAll(/:\w+/g, '[^/]+')}$`),
);
const isList = (method: string, path: string) => listPaths.some((one) => one.test(`${method} ${path}`));
let bundle: string;
let server: FakeServer;
const logouts: unknown[] = [];

beforeAll(async () => {
  bundle = await buildCli(join(folder, 'dist', 'cloud.js'));
  server = await startFakeServer(({ method, path, body }) => {
    if (path === '/auth/logout') logouts.push(body);
    if (path === '/auth/login')
      return { data: { user: { email: 'a@b' }, api_key: 'the-session', expires_at: '2026-02-01T00:00:00Z' } };
    // Enough for any pipe.
    return { data: isList(method, path) ? Array.from({ length: 2_000 }, () => WEB) : WEB };
  });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

type Out = 'pipe' | 'full' | 'closed';

/** Runs it with a place to write to that is full, or that nobody reads. */
async function cloud(argv: readonly string[], out: { stdout?: Out; stderr?: Out; home?: string; stdin?: string }) {
  const full = openSync('/dev/full', 'w');
  const stdio = (kind: Out = 'pipe') => (kind === 'full' ? full : ('pipe' as const));
  const child = spawn(process.execPath, [bundle, ...argv], {
    env: { PATH: process.env.PATH!, HOME: out.home ?? folder, CLOUD_ENDPOINT: server.endpoint, CLOUD_API_KEY: 'k' },
    stdio: ['pipe', stdio(out.stdout), stdio(out.stderr)],
  });
  closeSync(full);
  child.stdin!.on('error', () => undefined).end(out.stdin ?? '');
  let [stdout, stderr] = ['', ''];
  if (out.stdout === 'closed') child.stdout!.destroy();
  else child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
  if (out.stderr === 'closed') child.stderr!.destroy();
  else child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

const lines: readonly (readonly string[])[] = [
  ...VERBS.filter(isPlain)
    .filter((verb) => !ELSEWHERE.includes(verb.name))
    .map((verb) => lineOf(verb, 'web')),
  ['whoami'],
  ['version'],
  ['--version'],
  ['--help'],
  ['help', 'instances', 'launch'],
  ['completion', 'bash'],
  ['__complete', '--', 'inst'],
  ['api', 'GET', '/instances'],
  ['instances', 'list', '-o', 'json'],
  ['instances', 'list', '-o', 'yaml'],
  ['instances', 'list', '-q'],
];

describe.each(lines.map((line) => [line.join(' '), line] as const))('cloud %s', (_, line) => {
  it('into a full disk says so in one line and fails; into a pipe that nobody reads it just ends', async () => {
    const [full, closed, deaf] = await Promise.all([
      cloud(line, { stdout: 'full' }),
      cloud(line, { stdout: 'closed' }),
      cloud(line, { stderr: 'full' }),
    ]);
    expect(full.stderr).toMatch(/^cloud: cannot write to standard output: ENOSPC[^\n]*\n$/);
    expect(full.code).toBe(1);
    expect(closed).toMatchObject({ code: 0, stderr: '' });
    expect(deaf).toMatchObject({ code: 0 });
  });
});

describe('what is told on standard error', () => {
  it('and cannot be told is a failure in the exit code, of a command that failed its own', async () => {
    expect(await cloud(['instances', 'get'], { stderr: 'full' })).toMatchObject({ code: 2 });
    expect(await cloud(['instances', 'get', '..'], { stderr: 'closed' })).toMatchObject({ code: 2 });
    const login = ['login', '--email', 'a@b', '--password-stdin'];
    expect(await cloud(login, { stderr: 'full', stdin: 'pass phrase' })).toMatchObject({ code: 1 });
  });
});

it('a login that cannot be kept is told in one line, and its session is ended', async () => {
  logouts.length = 0;
  const ended = await cloud(['login', '--email', 'a@b', '--password-stdin'], { home: '/proc', stdin: 'pass phrase' });
  expect(ended.stderr).toMatch(/^cloud: \/proc\/.config\/thecloud\/config.json cannot be written: [^\n]*\n$/);
  expect(ended.code).toBe(1);
  expect(logouts).toEqual([{ api_key: 'the-session' }]);
});
