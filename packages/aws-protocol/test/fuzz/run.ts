/**
 * `node test/fuzz/run.ts js|latest|debian [cases] [seed] [service…]`: a fuzz with more cases than the test suite runs,
 * through the JS SDK, the newest botocore or Debian's.
 */
import type { ModelId } from '../../src/index.ts';
import { debianPython, latestPython } from '../support/install.ts';
import { fuzzBotocore } from './botocore.ts';
import { fuzzJs } from './js.ts';

const [client = 'js', cases = '6', seed = '1', ...services] = process.argv.slice(2);
const started = performance.now();
const options = {
  cases: Number(cases),
  seed: Number(seed),
  ...(services.length ? { services: services as ModelId[] } : {}),
};
const result =
  client === 'js'
    ? await fuzzJs(options)
    : await fuzzBotocore(client === 'latest' ? await latestPython() : await debianPython(), options);
const { failures, ...figures } = result;
console.log(JSON.stringify(figures, null, 2), `${((performance.now() - started) / 1000).toFixed(1)} s`);
for (const failure of failures) console.log(failure);
console.log(`${failures.length} failures`);
process.exitCode = failures.length > 0 ? 1 : 0;
