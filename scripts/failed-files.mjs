/**
 * A reporter of vitest: writes the test files in which a test failed, a JSON list of paths, into the file that TC_FAILED_FILES names. Writes nothing where
 * the run ended by something else: an error outside of a test, or an interruption.
 */
import { writeFileSync } from 'node:fs';

// oxlint-disable-next-line import/no-default-export -- as vitest loads reporters
export default class FailedFiles {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} errors
   * @param {import('vitest/node').TestRunEndReason} reason
   */
  onTestRunEnd(modules, errors, reason) {
    const path = process.env.TC_FAILED_FILES;
    if (path === undefined || errors.length > 0 || reason === 'interrupted') return;
    const failed = modules.filter((module) => module.state() === 'failed').map((module) => module.moduleId);
    writeFileSync(path, JSON.stringify([...new Set(failed)]));
  }
}
