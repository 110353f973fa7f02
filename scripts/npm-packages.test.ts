import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const REPOSITORY = resolve(import.meta.dirname, '..');
const SETUP = join(REPOSITORY, 'scripts', 'setup.mjs');
/** The machine's own Node and npm, as for a person who has just fetched the sources. */
const OUTER = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
/** Few packages, which depend on nothing; two of them are large. */
const PACKAGES = [`node-linux-${process.arch}`, 'typebox', 'undici', 'fastest-levenshtein'];

describe('npm packages', { timeout: 120_000 }, () => {
  let folder: string;
  /** Path → size, of an install that nobody disturbed. */
  let whole: Map<string, number>;

  const files = (): Map<string, number> => {
    const modules = join(folder, 'node_modules');
    const names = readdirSync(modules, { recursive: true, encoding: 'utf8' }).sort();
    return new Map(
      names.filter((name) => name !== '.package-lock.json').map((name) => [name, sizeOf(join(modules, name))]),
    );
  };

  /** In a process group of its own, as from a shell. */
  const begin = (): ChildProcess =>
    spawn(
      'node',
      [
        '--input-type=module',
        '-e',
        `await (await import(${JSON.stringify(SETUP)})).ensureNpmPackages(process.argv[1])`,
        folder,
      ],
      { detached: true, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...OUTER } },
    );
  const end = (child: ChildProcess): Promise<number | null> =>
    new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done(child.exitCode)));
  const expectWhole = (): void => {
    expect(files()).toEqual(whole);
    const node = join(folder, 'node_modules', '.bin', 'node');
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(/^v24\./);
    expect(readdirSync(join(folder, '.cache'))).toEqual(['npm-install.lock']);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tc-npm-'));
    mkdirSync(join(folder, 'packages'));
    const { packages } = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string }>;
    };
    const entries = PACKAGES.map((name) => [name, packages[`node_modules/${name}`]] as const);
    const manifest = {
      name: 'tried',
      version: '1.0.0',
      dependencies: Object.fromEntries(entries.map(([name, entry]) => [name, entry?.version])),
    };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    const lock = {
      name: 'tried',
      version: '1.0.0',
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': manifest,
        ...Object.fromEntries(entries.map(([name, entry]) => [`node_modules/${name}`, entry])),
      },
    };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
    expect(await end(begin())).toBe(0);
    whole = files();
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['npm only loses its parent', 0.3],
    ['all of it', 0.7],
  ])(
    'killed while they are installed (%s, at %f of the time): the next start installs them whole',
    async (who, part) => {
      rmSync(join(folder, 'node_modules'), { recursive: true });
      const begun = performance.now();
      // The moment is one of npm's work, not of the clock: the machine may be busy.
      const total = whole.size;
      const child = begin();
      const place = join(folder, '.cache', 'npm-install', 'node_modules');
      while (child.exitCode === null && performance.now() - begun < 60_000) {
        const made = existsSync(place) ? readdirSync(place, { recursive: true }).length : 0;
        if (made >= total * part) break;
        await pause(5);
      }
      process.kill(who === 'all of it' ? -(child.pid ?? 0) : (child.pid ?? 0), 'SIGKILL');
      await end(child);
      expect(existsSync(join(folder, 'node_modules'))).toBe(false);
      expect(await end(begin())).toBe(0);
      expectWhole();
    },
  );

  test('two starts at once: one installs, the other waits for it', async () => {
    rmSync(join(folder, 'node_modules'), { recursive: true });
    expect(await Promise.all([end(begin()), end(begin())])).toEqual([0, 0]);
    expectWhole();
  });

  test('where npm makes no link to Node 24, the set-up does', async () => {
    rmSync(join(folder, 'node_modules', '.bin'), { recursive: true });
    expect(await end(begin())).toBe(0);
    expectWhole();
  });
});

const sizeOf = (path: string): number => {
  const found = statSync(path);
  return found.isFile() ? found.size : 0;
};
