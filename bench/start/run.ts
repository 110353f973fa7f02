/** Warm start of the whole platform, and the memory of our own processes when idle. Targets: below 3 s; below 150 MB (PSS, API and worker). */
import { readFile } from 'node:fs/promises';
import { startPlatform } from '../../packages/testkit/src/platform-api.ts';
import { median, ms, record } from '../measure.ts';

const ROUNDS = 5;

/** Proportional set size in MB. */
async function pssOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]) / 1024;
}

const platform = await startPlatform({ env: { CLOUD_TEST_MODE: 'off' } });
try {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await platform.stop();
    times.push(await platform.start());
  }
  await record('start', `warm start: median ${ms(median(times))}, worst ${ms(Math.max(...times))}, n=${ROUNDS}`);
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  const [api, worker, supervisor] = await Promise.all(
    (['api', 'worker', 'supervisor'] as const).map(async (part) => pssOf(await platform.pid(part))),
  );
  await record(
    'start',
    `idle memory (PSS): API ${api!.toFixed(0)} MB, worker ${worker!.toFixed(0)} MB, together ${(api! + worker!).toFixed(0)} MB; supervisor ${supervisor!.toFixed(0)} MB`,
  );
} finally {
  await platform.close();
}
