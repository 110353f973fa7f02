/** `node test/fuzz/run.ts [cases] [seed] [service…]`: the JS SDK fuzz with more cases than the test suite runs. */
import type { ModelId } from '../../src/index.ts';
import { fuzzJs } from './js.ts';

const [cases = '6', seed = '1', ...services] = process.argv.slice(2);
const started = performance.now();
const result = await fuzzJs({
  cases: Number(cases),
  seed: Number(seed),
  ...(services.length ? { services: services as ModelId[] } : {}),
});
const { failures, ...figures } = result;
console.log(JSON.stringify(figures, null, 2), `${((performance.now() - started) / 1000).toFixed(1)} s`);
for (const failure of failures.slice(0, 40)) console.log(failure);
console.log(`${failures.length} failures`);
process.exitCode = failures.length > 0 ? 1 : 0;
