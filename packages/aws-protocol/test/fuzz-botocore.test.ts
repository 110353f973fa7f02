import { describe, expect, it } from 'vitest';
import { fuzzBotocore } from './fuzz/botocore.ts';
import { debianPython, latestPython } from './support/install.ts';

/** One case an operation here; `node test/fuzz/run.ts latest 10` runs ten. */
describe.each([
  ['the newest', latestPython, 2100, 20],
  // Debian's models are of 2022: a quarter of today's operations is not in them.
  ["Debian's", debianPython, 1600, 600],
] as const)('%s botocore', (_name, install, leastCases, mostUnknown) => {
  it('carries every operation it knows unchanged', { timeout: 600_000 }, async () => {
    const result = await fuzzBotocore(await install(), { cases: 1, seed: 20261123 });
    expect(result.failures).toEqual([]);
    expect(result.cases).toBeGreaterThan(leastCases);
    expect(result.unknownOperations).toBeLessThan(mostUnknown);
    expect(result.requestEqual).toBe(result.cases);
    expect(result.responseEqual).toBe(result.cases);
    expect(result.errorEqual).toBe(result.errorCases);
  });
});
