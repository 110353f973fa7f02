/**
 * `node test/fuzz/run.ts js|latest|debian [cases] [seed] [service…]`: a fuzz with more cases than the test suite runs,
 * through the JS SDK, the newest botocore or Debian's. `node test/fuzz/run.ts report [cases] [seed]` runs all three and
 * writes docs/fuzz-report.md.
 */
import { writeFileSync } from 'node:fs';
import type { ModelId } from '../../src/index.ts';
import { debianPython, latestPython } from '../support/install.ts';
import { type BotocoreResult, fuzzBotocore } from './botocore.ts';
import { type FuzzResult, fuzzJs } from './js.ts';

const SCOPE = `None is left out: streams of events are given and compared as lists, and each exception that may end one is thrown once. The clients are told to put no prefix before the endpoint's host name; what they do otherwise (\`stream-…\`, \`<route>.…\`, the session of a directory bucket) is in test/host-names.test.ts.`;

const [client = 'js', cases = '6', seed = '1', ...services] = process.argv.slice(2);
const options = {
  cases: Number(cases),
  seed: Number(seed),
  ...(services.length ? { services: services as ModelId[] } : {}),
};

async function fuzz(name: string): Promise<FuzzResult | BotocoreResult> {
  const started = performance.now();
  const result =
    name === 'js'
      ? await fuzzJs(options)
      : await fuzzBotocore(name === 'latest' ? await latestPython() : await debianPython(), options);
  const { failures, ...figures } = result;
  console.log(name, JSON.stringify(figures, null, 2), `${((performance.now() - started) / 1000).toFixed(1)} s`);
  for (const failure of failures) console.log(failure);
  console.log(`${failures.length} failures`);
  if (failures.length > 0) process.exitCode = 1;
  return result;
}

function section(title: string, result: FuzzResult | BotocoreResult): string {
  const rows: [string, number][] = [
    ['operations tried', result.operations],
    ...('unknownOperations' in result
      ? [['operations this client does not know', result.unknownOperations] as [string, number]]
      : []),
    ['cases', result.cases],
    ['requests that arrived as the client was given them', result.requestEqual],
    ['answers that arrived as the handler gave them', result.responseEqual],
    ['errors thrown', result.errorCases],
    ['errors that arrived by name and message', result.errorEqual],
    ...('membersCut' in result
      ? [['members cut, since this client does not know them', result.membersCut] as [string, number]]
      : []),
    ['left unequal and not explained', result.failures.length],
  ];
  const explained = Object.entries(result.explained).map(([why, times]) => `- ${why}: ${times}`);
  return [
    `## ${title}`,
    '',
    '| | |',
    '| --- | --- |',
    ...rows.map(([name, n]) => `| ${name} | ${n} |`),
    '',
    "Differences that are the client's own doing, counted as equal:",
    '',
    ...explained,
    '',
  ].join('\n');
}

if (client !== 'report') await fuzz(client);
else {
  const js = await fuzz('js');
  const latest = (await fuzz('latest')) as BotocoreResult;
  const debian = (await fuzz('debian')) as BotocoreResult;
  const head = `# Fuzz report\n\nEvery operation of every model, ${cases} random inputs and outputs each, through real clients over HTTP with signatures checked; every modelled error once. Seed ${seed}. Written by \`node test/fuzz/run.ts report ${cases} ${seed}\`.\n\n${SCOPE}\n`;
  const text = [
    head,
    section('AWS SDK for JavaScript v3, as pinned', js),
    section(`botocore ${latest.version}`, latest),
    section(`botocore ${debian.version} (Debian 12)`, debian),
  ].join('\n');
  writeFileSync(new URL('../../docs/fuzz-report.md', import.meta.url), text);
}
