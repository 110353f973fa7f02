import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureConsole, listSources } from './console.mjs';

const REPOSITORY = resolve(import.meta.dirname, '..');
const SCRIPT = join(REPOSITORY, 'scripts', 'console.mjs');

/** The real Vite, on a console of a few lines. */
describe('the build of the console', { timeout: 60_000 }, () => {
  let repository: string;
  const builds = () => join(repository, '.cache', 'console');
  const folders = () => readdirSync(builds()).filter((name) => name !== 'lock');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), text);
  };
  const said: string[] = [];
  const ensure = () => ensureConsole({ repository, say: (line) => void said.push(line) });
  const assets = (folder: string) => readdirSync(join(folder, 'assets'));

  beforeEach(() => {
    said.length = 0;
    repository = mkdtempSync(join(tmpdir(), 'tc-build-'));
    symlinkSync(join(REPOSITORY, 'node_modules'), join(repository, 'node_modules'));
    write('packages/console/index.html', '<!doctype html><script type="module" src="/main.ts"></script>');
    write('packages/console/main.ts', 'document.title = "one" as string;');
    write('packages/console/vite.config.ts', `export default { base: '/console/' };`);
    write('package-lock.json', '{}');
    write('api/operations.json', '[]');
  });
  afterEach(() => rmSync(repository, { recursive: true, force: true }));

  test('has hashed files with compressed copies, and is made once', async () => {
    const folder = await ensure();
    expect(readFileSync(join(folder, 'index.html'), 'utf8')).toMatch(/src="\/console\/assets\/index-[\w-]{8}\.js"/);
    const names = assets(folder).filter((name) => name.endsWith('.js'));
    expect(assets(folder).sort()).toEqual([names[0], `${names[0]}.br`, `${names[0]}.gz`]);
    for (const path of [join(folder, 'index.html'), join(folder, 'assets', names[0]!)]) {
      const plain = readFileSync(path);
      expect(brotliDecompressSync(readFileSync(`${path}.br`))).toEqual(plain);
      expect(gunzipSync(readFileSync(`${path}.gz`))).toEqual(plain);
    }
    // Nothing would come of another build: there is no Vite any more.
    rmSync(join(repository, 'node_modules'));
    const begun = performance.now();
    expect(await ensure()).toBe(folder);
    expect(performance.now() - begun).toBeLessThan(250);
  });

  test('is made again when something changes that it is made from, and keeps the one before', async () => {
    const made = [await ensure()];
    for (const path of [
      'packages/console/main.ts',
      'packages/server/src/services/vpcs/console/main.page.tsx',
      'packages/sdk/src/index.ts',
      'packages/cli/src/table/verb.ts',
      'api/operations.json',
      'package-lock.json',
    ]) {
      write(path, '"two";');
      made.push(await ensure());
    }
    expect(new Set(made).size).toBe(7);
    expect(folders().sort()).toEqual(
      made
        .slice(-2)
        .map((path) => basename(path))
        .sort(),
    );
    write('packages/console/main.test.ts', 'tests are not part of the build');
    write('packages/server/src/services/vpcs/handlers.ts', 'nor is the server');
    expect(await ensure()).toBe(made.at(-1));
  });

  test('is made once by two set-ups at the same time', async () => {
    const [one, other] = await Promise.all([ensure(), ensure()]);
    expect(one).toBe(other);
    expect(folders()).toEqual([basename(one)]);
  });

  test('that fails says why, leaves nothing under its name, and works once the fault is gone', async () => {
    write('packages/console/main.ts', 'this is no program');
    await expect(ensure()).rejects.toThrow('building the console: vite ended with code 1');
    expect(folders().filter((name) => !name.startsWith('building-'))).toEqual([]);
    write('packages/console/main.ts', '"a program";');
    const folder = await ensure();
    expect(folders()).toEqual([basename(folder)]);
  });

  test('that was killed is finished by the next set-up', async () => {
    const program = `import(${JSON.stringify(SCRIPT)}).then(({ ensureConsole }) => ensureConsole({ repository: ${JSON.stringify(repository)} }))`;
    const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
    const ended = new Promise((end) => child.once('exit', end));
    const deadline = performance.now() + 20_000;
    while (!(existsSync(builds()) && folders().length > 0) && performance.now() < deadline)
      await new Promise((next) => setTimeout(next, 5));
    expect(folders()).toEqual([`building-${child.pid}`]);
    child.kill('SIGKILL');
    await ended;
    const folder = await ensure();
    expect(assets(folder).length).toBe(3);
    expect(folders().filter((name) => !name.startsWith('building-'))).toEqual([basename(folder)]);
  });
});

test('what the console is made from is all looked at, so that no change of it is missed', () => {
  const sources = new Set(listSources(REPOSITORY));
  const isCode = (path: string) => ['.ts', '.tsx'].includes(extname(path));
  const missed: string[] = [];
  // Types leave nothing in what is built.
  for (const path of [...sources].filter(isCode))
    for (const [, from] of readFileSync(path, 'utf8').matchAll(
      /^(?:import|export)(?! type\b)[^;']* from '(\.[^']+)'/gm,
    )) {
      const imported = resolve(dirname(path), from!);
      if (!sources.has(imported)) missed.push(`${path} imports ${imported}`);
    }
  expect(missed).toEqual([]);
  expect([...sources].filter(isCode).length).toBeGreaterThan(100);
});
