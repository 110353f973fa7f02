import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runTwice } from './run-twice.mjs';
import { NODE, REPOSITORY } from './setup.mjs';

const VITEST = join(REPOSITORY, 'node_modules', 'vitest', 'vitest.mjs');

/** Runs vitest twice in a folder with these test files. Resolves to the exit code and the arguments of each run. */
async function runIn(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'tc-run-twice-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'node_modules'));
  for (const [name, body] of Object.entries(files))
    await writeFile(
      join(folder, name),
      `import { existsSync, writeFileSync } from 'node:fs';
       const isSecond = () => { const was = existsSync('ran'); writeFileSync('ran', ''); return was; };
       ${body}`,
    );
  const runs: string[][] = [];
  const code = await runTwice(async (args, environment = {}) => {
    runs.push(args.filter((arg) => !arg.startsWith('--')).map((path) => path.replace(`${folder}/`, '')));
    const child = spawn(NODE, [VITEST, 'run', '--globals', ...args], {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, ...environment },
    });
    return new Promise<number>((resolve) => child.once('exit', (exitCode) => resolve(exitCode ?? 1)));
  });
  return { code, runs };
}

describe('a whole run of the tests', () => {
  const GOOD = `it('holds', () => undefined);`;
  const BAD = `it('fails', () => { throw new Error('always'); });`;
  const UNSTEADY = `it('fails once', () => { if (!isSecond()) throw new Error('the first time'); });`;

  it('ends well where a file that failed passes by itself, and runs no other again', async () => {
    const { code, runs } = await runIn({ 'good.test.mjs': GOOD, 'unsteady.test.mjs': UNSTEADY });
    expect(runs).toEqual([[], ['unsteady.test.mjs']]);
    expect(code).toBe(0);
  }, 60_000);

  it('fails where a file fails twice', async () => {
    const { code, runs } = await runIn({ 'bad.test.mjs': BAD, 'unsteady.test.mjs': UNSTEADY });
    expect([code, runs.length]).toEqual([1, 2]);
  }, 60_000);

  it('fails at once where many files fail, or something fails outside of a test', async () => {
    const many = await runIn({ 'a.test.mjs': BAD, 'b.test.mjs': BAD, 'c.test.mjs': BAD, 'd.test.mjs': BAD });
    expect([many.code, many.runs.length]).toEqual([1, 1]);
    const outside = await runIn({
      'a.test.mjs': `it('fails once', () => { if (!isSecond()) { Promise.reject(new Error('stray')); throw new Error('x'); } });`,
    });
    expect([outside.code, outside.runs.length]).toEqual([1, 1]);
  }, 60_000);
});
