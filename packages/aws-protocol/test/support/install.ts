import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Other clients, of other ages and languages, are installed here on first use; the folder is never committed. */
export const CACHE = fileURLToPath(new URL('../../.cache/', import.meta.url));
const TEN_MINUTES = 600_000;
/** Registry clients see the caller's environment: proxies, mirrors and certificates are named there. */
const INHERIT = { inherit: true };

/** Runs a program to its end. Throws with what it printed when it fails or takes longer than `timeoutMs`. */
export function run(
  command: string,
  args: readonly string[],
  options: { inherit?: boolean; cwd?: string; timeoutMs?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      ...(options.inherit
        ? {}
        : { env: { PATH: '/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin', HOME: CACHE, LANG: 'C.UTF-8' } }),
      timeout: options.timeoutMs ?? TEN_MINUTES,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let all = '';
    child.stdout.on('data', (d: Buffer) => {
      out += d;
      all += d;
    });
    child.stderr.on('data', (d: Buffer) => (all += d));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(out);
      else
        reject(
          new Error(`${command} ${args.slice(0, 4).join(' ')} ended with ${code ?? signal}:\n${all.slice(-3000)}`),
        );
    });
  });
}

/** Test files may run side by side: one installs, the others wait. A lock older than the deadline was left by a dead process. */
async function once(name: string, install: () => Promise<void>): Promise<void> {
  const ready = `${CACHE}${name}.ready`;
  const lock = `${CACHE}${name}.lock`;
  mkdirSync(CACHE, { recursive: true });
  const deadline = Date.now() + TEN_MINUTES;
  while (!existsSync(ready)) {
    if (existsSync(lock) && Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0) < TEN_MINUTES) {
      if (Date.now() > deadline) throw new Error(`another process has been installing ${name} for ten minutes`);
      await sleep(500);
      continue;
    }
    rmSync(lock, { recursive: true, force: true });
    try {
      mkdirSync(lock);
    } catch {
      // Another one was quicker.
      continue;
    }
    try {
      await install();
      writeFileSync(ready, '');
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

/** A Python with the newest boto3 and awscli of the package index, in a virtual environment. */
export async function latestPython(): Promise<string> {
  const home = `${CACHE}python-latest`;
  const python = `${home}/bin/python`;
  await once('python-latest', async () => {
    try {
      await run('python3', ['-m', 'venv', '--clear', home], INHERIT);
      await run(
        python,
        ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'boto3[crt]', 'awscli'],
        INHERIT,
      );
    } catch (error) {
      throw new Error(
        'These tests need python3 with venv, and pip able to reach a package index, to install boto3 and awscli.',
        { cause: error },
      );
    }
  });
  return python;
}

/** A Python with the newest Celery of the package index, and what it needs for SQS, in a virtual environment. */
export async function celeryPython(): Promise<string> {
  const home = `${CACHE}python-celery`;
  const python = `${home}/bin/python`;
  await once('python-celery', async () => {
    await run('python3', ['-m', 'venv', '--clear', home], INHERIT);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'celery[sqs]'], INHERIT);
  });
  return python;
}

/** Debian's python3 with its packaged boto3 and awscli, installed through apt where root may. */
export async function debianPython(): Promise<string> {
  const python = '/usr/bin/python3';
  await once('python-debian', async () => {
    if (await works(python, ['-c', 'import boto3, awscli'])) return;
    try {
      await run('apt-get', ['update', '-qq'], INHERIT);
      await run(
        'apt-get',
        ['install', '-y', '-qq', '-o', 'Dpkg::Options::=--force-confold', 'python3-boto3', 'awscli'],
        INHERIT,
      );
    } catch (error) {
      throw new Error('These tests need Debian packages: apt-get install python3-boto3 awscli', { cause: error });
    }
  });
  return python;
}

/** The JS SDK clients of a year before the pinned ones, in a folder with a node_modules of its own. */
export async function olderJsSdk(packages: readonly string[], version: string): Promise<string> {
  const home = `${CACHE}js-sdk-${version}`;
  await once(`js-sdk-${version}`, async () => {
    mkdirSync(home, { recursive: true });
    writeFileSync(`${home}/package.json`, '{"private":true}');
    try {
      const wanted = packages.map((name) => `${name}@<=${version}`);
      await run('npm', ['install', '--no-audit', '--no-fund', '--no-workspaces', '--prefix', home, ...wanted], {
        ...INHERIT,
        cwd: home,
      });
    } catch (error) {
      throw new Error('These tests need npm able to reach its registry, to install an older AWS SDK.', {
        cause: error,
      });
    }
  });
  return home;
}

async function works(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args);
    return true;
  } catch {
    return false;
  }
}
