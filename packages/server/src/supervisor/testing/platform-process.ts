import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const REPOSITORY = resolve(import.meta.dirname, '../../../../..');

/** A supervisor in a process of its own, so that a test can kill it. */
export interface PlatformProcess {
  readonly pid: number;
  /** What it printed so far. */
  readonly output: () => string;
  /** Where its API answers; rejects when it ended before it was ready. */
  readonly ready: Promise<string>;
  readonly exit: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/** Runs the supervisor with the stand-in processes, without engines: those have tests of their own. */
export function startPlatformProcess(env: Readonly<Record<string, string>>): PlatformProcess {
  const script = fileURLToPath(new URL('./supervise-stand-in.ts', import.meta.url));
  const child = spawn(process.execPath, [script, REPOSITORY], {
    cwd: REPOSITORY,
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
      CLOUD_LISTEN: '127.0.0.1:0',
      CLOUD_AWS_LISTEN: '127.0.0.1:0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exit = new Promise<number | null>((done) => child.once('close', done));
  const ready = new Promise<string>((done, fail) => {
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      const address = /ready at (\S+)/.exec(output)?.[1];
      if (address) done(address);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    void exit.then((code) => fail(new Error(`ended with ${code} before it was ready:\n${output}`)));
  });
  ready.catch(() => undefined);
  return { pid: child.pid ?? 0, output: () => output, ready, exit, kill: (signal) => void child.kill(signal) };
}

/** A folder that system users can reach; the long random name keeps two runs apart. */
export function makeDataDir(): string {
  return mkdtempSync('/tmp/tc-sup-');
}

/** Stops whatever still works on the folder (a start takes leftovers over and stops them), then removes it. */
export async function removeDataDir(dataDir: string): Promise<void> {
  const cleaner = startPlatformProcess({ CLOUD_DATA_DIR: dataDir });
  await cleaner.ready.catch(() => undefined);
  cleaner.kill('SIGTERM');
  await cleaner.exit;
  rmSync(dataDir, { recursive: true, force: true });
}

/** Looks until the check holds. @throws Error with what was waited for. */
export async function until(what: string, check: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms, but did not see: ${what}`);
    await pause(25);
  }
}

export function pathIn(dataDir: string, ...parts: readonly string[]): string {
  return join(dataDir, ...parts);
}
