import { expect, it } from 'vitest';
import { loadModel, MODEL_IDS } from '../src/index.ts';
import { fuzzJs } from './fuzz/js.ts';

/** One case an operation here; `node test/fuzz/run.ts 20` runs twenty. */
it('carries every operation and every error of every model through the JS SDK unchanged', {
  timeout: 300_000,
}, async () => {
  const result = await fuzzJs({ cases: 1, seed: 20261123 });
  expect(result.failures).toEqual([]);
  const all = MODEL_IDS.reduce((sum, id) => sum + loadModel(id).operationNames.length, 0);
  expect(result.operations + Object.keys(result.skipped).length).toBe(all);
  expect(Object.keys(result.skipped)).toHaveLength(6);
  expect(result.errorCases).toBe(MODEL_IDS.reduce((sum, id) => sum + loadModel(id).errorNames.length, 0));
});
