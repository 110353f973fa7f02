import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildCli } from '../build.ts';
import { type FakeServer, startFakeServer } from '../../sdk/src/testing/fake-server.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'thecloud-bundle-'));
let bundle: string;
let server: FakeServer;

beforeAll(async () => {
  bundle = await buildCli(join(folder, 'dist', 'cloud.js'));
  server = await startFakeServer(({ path }) =>
    path.endsWith('/vpcs') ? { data: [{ name: '龍' }, { name: 'web' }] } : { data: 'x'.repeat(3_000_000) },
  );
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

const env = () => ({ PATH: process.env.PATH!, HOME: folder, CLOUD_ENDPOINT: server.endpoint, CLOUD_API_KEY: 'k' });

it('needs nothing beside itself', async () => {
  expect(readdirSync(join(folder, 'dist')).sort()).toEqual([
    'audit-verify.js',
    'cloud.js',
    'examine.js',
    'manual.js',
    'package.json',
    'support-bundle.js',
    'width.js',
    'yaml.js',
  ]);
  const { stdout, stderr } = await run(process.execPath, [bundle, 'version'], { env: env() });
  expect([stdout, stderr]).toEqual(['cloud 0.1.0\n', '']);
});

it('finds the parts that only some output needs', async () => {
  const list = async (...args: string[]) =>
    (await run(process.execPath, [bundle, 'vpcs', 'list', ...args], { env: env() })).stdout;
  expect(await list('-o', 'yaml')).toBe('- name: 龍\n- name: web\n');
  expect(await list()).toMatch(/龍 {5}-.*\n.*web {4}-/);
});

it('writes all of a long answer into a pipe, and minds not when nobody reads it', async () => {
  const long = await run(process.execPath, [bundle, 'api', 'GET', '/x'], { env: env(), maxBuffer: 10_000_000 });
  expect(long.stdout.length).toBeGreaterThan(3_000_000);
  const child = spawn(process.execPath, [bundle, 'api', 'GET', '/x'], {
    env: env(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect([code, stderr]).toEqual([0, '']);
});

it('is found through a link from elsewhere', async () => {
  const link = join(folder, 'cloud');
  symlinkSync(join(import.meta.dirname, '../bin/cloud'), link);
  const { stdout } = await run(link, ['version'], { env: env(), cwd: folder });
  expect(stdout).toBe('cloud 0.1.0\n');
});
