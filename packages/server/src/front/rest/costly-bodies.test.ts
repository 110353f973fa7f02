import { describe, expect, test } from 'vitest';
import { allOperations } from '../../testing/all-operations.ts';
import { costlyBodies } from '../../testing/costly-bodies.ts';
import { parseBody } from './read-request.ts';

/**
 * Milliseconds of the event loop that a body may take, whatever it holds: some ten times what the worst take. So many for any body, and so
 * many more for each MiB of it.
 */
const MOST_MS = { body: 20, mebibyte: 60 };

const operations = [...allOperations().registry.entries.values()].map((entry) => [entry.name, entry] as const);

describe('the worst body of each operation', () => {
  test.each(operations)('%s takes a moment', (_name, entry) => {
    const worst = { ms: 0, shape: '' };
    for (const { shape, json } of costlyBodies(entry)) {
      let ms = timeOf(entry.validate, json);
      // The first time includes what V8 compiles, and memory that others left to collect.
      if (ms > worst.ms) ms = Math.min(ms, timeOf(entry.validate, json));
      if (ms > worst.ms) Object.assign(worst, { ms, shape });
    }
    expect(worst.ms, worst.shape).toBeLessThan(MOST_MS.body + (MOST_MS.mebibyte * entry.bodyLimit) / (1 << 20));
  });
});

/** Of this thread's processor, since others may have it too. */
function timeOf(validate: (input: unknown) => unknown, json: Buffer): number {
  const before = process.threadCpuUsage();
  try {
    validate(parseBody(json));
  } catch {
    // Most are refused; a refusal takes time too.
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
