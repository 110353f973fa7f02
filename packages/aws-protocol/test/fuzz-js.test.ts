import { expect, it } from 'vitest';
import { loadModel, MODEL_IDS } from '../src/index.ts';
import { fuzzJs } from './fuzz/js.ts';
import { streamExceptions } from './fuzz/streams.ts';

/** One case an operation here; `node test/fuzz/run.ts js 20` runs twenty. */
it('carries every operation and every error of every model through the JS SDK unchanged', {
  timeout: 300_000,
}, async () => {
  const result = await fuzzJs({ cases: 1, seed: 20261123 });
  expect(result.failures).toEqual([]);
  const models = MODEL_IDS.map((id) => loadModel(id));
  const operations = models.flatMap((model) => model.operationNames.map((name) => model.operation(name)));
  expect(result.operations).toBe(operations.length);
  const thrown = models.reduce((sum, model) => sum + model.errorNames.length, 0);
  const streamed = operations.flatMap(streamExceptions).length;
  expect(streamed).toBeGreaterThan(2);
  expect(result.errorCases).toBe(thrown + streamed);
});
