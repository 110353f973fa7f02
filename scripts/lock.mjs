/** One set-up at a time works in a checkout. */
import { closeSync, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { run, SetupError } from './progress.mjs';

/** How long another installation is waited for. npm needs 10 to 60 s. */
const LOCK_MS = 15 * 60_000;

/**
 * Held by the kernel for this process alone: it ends with it, however it ends, and what it started does not inherit it.
 * @param {string} path
 * @param {number} [patienceMs] how long another set-up is waited for
 * @returns {Promise<() => void>}
 */
export async function lock(path, patienceMs = LOCK_MS) {
  const descriptor = openSync(path, 'a');
  const deadline = performance.now() + patienceMs;
  for (let told = false; ; told = true) {
    const { code, output } = await run('flock', ['-n', '3'], { descriptor });
    if (code === 0) return () => closeSync(descriptor);
    if (code !== 1)
      throw new SetupError(`cannot lock ${path}: flock (of util-linux) ended with ${code} ${output.trim()}`);
    if (performance.now() > deadline)
      throw new SetupError(
        `another set-up in this folder has held ${path} for ${patienceMs / 60_000} minutes; end it, and start again`,
      );
    if (!told) console.log('another set-up is running in this folder; waiting for it');
    await pause(500);
  }
}
