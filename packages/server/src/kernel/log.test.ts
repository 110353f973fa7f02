import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { waitFor } from '../../../testkit/src/platform-wait.ts';
import { createLog, createLogDestination } from './log.ts';

/** Every write to it fails with ENOSPC. */
const FULL = '/dev/full';

function openFor(path: string): number {
  const descriptor = openSync(path, 'a');
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

describe('the log', () => {
  it('gathers lines, writes all of them, and the last at a flush', async () => {
    const folder = mkdtempSync('/tmp/cloud-log-');
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'log');
    const destination = createLogDestination(openFor(path));
    const log = createLog('info', 'api', destination);
    for (let n = 0; n < 1_000; n++) log.info({ n }, 'said');
    const written = () => readFileSync(path, 'utf8').split('\n').slice(0, -1);
    await waitFor('most lines', () => written().length > 900);
    log.flush();
    expect(written().map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
    expect(destination.dropped()).toBe(0);
  });

  it('drops and counts what a full disk does not take', async () => {
    const destination = createLogDestination(openFor(FULL));
    const log = createLog('info', 'api', destination);
    for (let n = 0; n < 1_000; n++) log.info({ n }, 'lost');
    log.flush();
    await waitFor('all lines to be counted', () => destination.dropped() === 1_000);
  });

  it('holds no more than a megabyte for a disk that does not answer', () => {
    const destination = createLogDestination(openFor(FULL));
    // No turn of the event loop: so nothing can be written in between.
    for (let n = 0; n < 5_000; n++) destination.write('x'.repeat(1024));
    expect(destination.dropped()).toBeGreaterThan(3_900);
  });

  it('does not keep a process from ending on a full disk', async () => {
    const script = `import { createLog } from '${fileURLToPath(new URL('./log.ts', import.meta.url))}';
      const log = createLog('info', 'api');
      for (let n = 0; n < 1000; n++) log.info({ n }, 'lost');
      process.exit(7);`;
    const stdout = openFor(FULL);
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', stdout, 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    expect(await once(child, 'exit')).toEqual([7, null]);
  });
});
