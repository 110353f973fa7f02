import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findConsole } from './find-console.ts';

describe('the console of a platform', () => {
  let folder: string;
  let appDir: string;
  const said: string[] = [];
  /** A build that nobody else can read, as in a home folder. */
  const build = (name: string, text: string) => {
    const built = join(folder, name);
    mkdirSync(join(built, 'assets'), { recursive: true });
    writeFileSync(join(built, 'assets', 'page.js'), text);
    for (const path of [join(built, 'assets', 'page.js'), built]) chmodSync(path, 0o700);
    return () => Promise.resolve(built);
  };
  const find = (ensure: () => Promise<string>) => findConsole(ensure, (line) => void said.push(line), appDir);

  beforeEach(() => {
    said.length = 0;
    folder = mkdtempSync(join(tmpdir(), 'tc-found-'));
    appDir = join(folder, 'app');
    mkdirSync(appDir);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is a copy that the user of the API can read, made once for each build', async () => {
    const found = (await find(build('0123', 'one')))!;
    const copied = join(found, 'assets', 'page.js');
    expect(readFileSync(copied, 'utf8')).toBe('one');
    expect([found, join(found, 'assets'), copied].map((path) => statSync(path).mode & 0o777)).toEqual([
      0o755, 0o755, 0o644,
    ]);
    const { ino } = statSync(copied);
    expect(await find(build('0123', 'one'))).toBe(found);
    expect(statSync(copied).ino).toBe(ino);
  });

  test('replaces that of another build, and what an interrupted start has left', async () => {
    await find(build('0123', 'one'));
    mkdirSync(join(appDir, 'console-4567.new'));
    writeFileSync(join(appDir, 'console-4567.new', 'half'), '');
    writeFileSync(join(appDir, 'bundle.json'), '{}');
    const found = (await find(build('4567', 'two')))!;
    expect(readdirSync(appDir).sort()).toEqual(['bundle.json', 'console-4567']);
    expect(readdirSync(found)).toEqual(['assets']);
  });

  test('is none where it cannot be built, and the start goes on and says why', async () => {
    expect(await find(() => Promise.reject(new Error('vite ended with code 1')))).toBeUndefined();
    expect(said).toEqual(['the console could not be built, so there is none: vite ended with code 1']);
  });
});
