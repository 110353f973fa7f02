import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const REPOSITORY = resolve(import.meta.dirname, '..');
const GENERATED = join('packages', 'server', 'src', 'generated');

/** The sources as they are fetched, without node_modules, on the Node that the machine has. */
describe('npm start on a fresh checkout', () => {
  let folder: string;
  const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { status, stdout, stderr } = spawnSync('node', ['scripts/start.mjs', ...args], {
      cwd: folder,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...env },
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { status, stdout, stderr };
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tc-start-'));
    mkdirSync(join(folder, GENERATED), { recursive: true });
    for (const path of ['package.json', 'package-lock.json', 'scripts', GENERATED])
      cpSync(join(REPOSITORY, path), join(folder, path), { recursive: true });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('--help is what the platform itself says, without a warning', () => {
    const platform = spawnSync(process.execPath, [join(REPOSITORY, 'packages/server/src/main.ts'), '--help'], {
      encoding: 'utf8',
    });
    expect(platform.stdout).toContain('CLOUD_DATA_DIR');
    expect(start(['--help'])).toEqual({ status: 0, stdout: platform.stdout, stderr: '' });
  });

  test('--version is that of the package', () => {
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { version: string };
    expect(start(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    [[], { CLOUD_ROLE: 'king' }, 'CLOUD_ROLE=king: must be one of all, api, worker\n'],
    [
      [],
      { CLOUD_LISTN: 'x', CLOUD_LISTEN: 'nowhere' },
      'warning: CLOUD_LISTN is not a setting; did you mean CLOUD_LISTEN?\nCLOUD_LISTEN=nowhere: must be host:port, for example 127.0.0.1:8080 or [::1]:8080\n',
    ],
    [
      [],
      { DATABASE_URL: 'postgres://a:secret@' },
      'DATABASE_URL=postgres://***@: must be postgres://user:password@host:port/database, with ?sslmode=… where wanted\n',
    ],
    [['sideways'], {}, "unknown argument 'sideways'; see npm start -- --help\n"],
  ])('%j %j is refused with what is wrong, and 2', (args, env, stderr) => {
    expect(start(args, env as Record<string, string>)).toEqual({ status: 2, stdout: '', stderr });
  });

  test('none of these installs anything', () => {
    expect(readdirSync(folder).sort()).toEqual(['package-lock.json', 'package.json', 'packages', 'scripts']);
    expect(existsSync(join(folder, 'node_modules'))).toBe(false);
  });
});
