import { appendFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

/** The middle value. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** Runs both sides in turn, A B A B, so that a noisy moment hits both. */
export async function alternate<A, B>(
  rounds: number,
  a: () => Promise<A>,
  b: () => Promise<B>,
): Promise<{ a: A[]; b: B[] }> {
  const results: { a: A[]; b: B[] } = { a: [], b: [] };
  for (let round = 0; round < rounds; round++) {
    results.a.push(await a());
    results.b.push(await b());
  }
  return results;
}

/** Sends `total` requests over `connections` at once; answers the milliseconds of each. Throws at the first that is not 2xx. */
export async function load(
  total: number,
  connections: number,
  send: (index: number) => Promise<Response>,
): Promise<number[]> {
  const times: number[] = [];
  let next = 0;
  const run = async () => {
    while (next < total) {
      const index = next++;
      const started = performance.now();
      const response = await send(index);
      const text = await response.text();
      if (!response.ok) throw new Error(`request ${index} answered ${response.status}: ${text.slice(0, 300)}`);
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: connections }, run));
  return times;
}

/** Sends at a fixed rate, whatever the answers take, so that a slow server is not spared; answers the milliseconds of each. */
export async function loadAtRate(
  perSecond: number,
  seconds: number,
  send: (index: number) => Promise<Response>,
): Promise<number[]> {
  const times: number[] = [];
  const pending: Promise<void>[] = [];
  const begun = performance.now();
  for (let index = 0; index < perSecond * seconds; index++) {
    const due = begun + (index * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    pending.push(
      send(index).then(async (response) => {
        const text = await response.text();
        if (!response.ok) throw new Error(`request ${index} answered ${response.status}: ${text.slice(0, 300)}`);
        times.push(performance.now() - due);
      }),
    );
  }
  await Promise.all(pending);
  return times;
}

/** Prints a line and appends it to bench/results.md with date, machine and versions. */
export async function record(name: string, line: string): Promise<void> {
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.versions.node}`;
  console.log(`${name}: ${line}`);
  await appendFile(
    join(import.meta.dirname, 'results.md'),
    `| ${new Date().toISOString().slice(0, 16)} | ${name} | ${line} | ${machine} |\n`,
  );
}

export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
