import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from './setup.mjs';

/** More files that fail are no matter of chance. */
const MOST_UNSTEADY = 3;

/**
 * Runs all tests, and files in which some failed once more by themselves, where they are at most three: a moment in which the machine was busy must not
 * decide. What passes then is unsteady, which is a fault of the test or of the product: what it said stays in the output.
 * @param {(args: readonly string[], environment?: Readonly<Record<string, string>>) => Promise<number>} run vitest; resolves to its exit code
 * @returns {Promise<number>} the exit code
 */
export async function runTwice(run) {
  const folder = mkdtempSync(join(tmpdir(), 'failed-files-'));
  try {
    const list = join(folder, 'list.json');
    const reporters = ['--reporter=default', `--reporter=${join(REPOSITORY, 'scripts', 'failed-files.mjs')}`];
    const first = await run(reporters, { TC_FAILED_FILES: list });
    if (first === 0) return 0;
    const failed = readList(list);
    if (failed.length === 0 || failed.length > MOST_UNSTEADY) return first;
    console.log(
      `\nOnce more by themselves; unsteady where they pass now:\n${failed.map((path) => `  ${path}`).join('\n')}\n`,
    );
    return await run(failed);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} list @returns {readonly string[]} none where the run did not end by itself */
function readList(list) {
  try {
    return JSON.parse(readFileSync(list, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
