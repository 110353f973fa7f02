import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';

const PROGRAM = fileURLToPath(new URL('worker-process.ts', import.meta.url));
const WORKERS = 3;
const JOBS = 20;
/** A minute of the jobs' time passes in 200 ms. */
const SPEED = 300;
const MINUTE_MS = 60_000;

interface Row {
  readonly job_id: string;
  readonly ticks: readonly Date[];
  readonly outputs: readonly string[];
  readonly messages: readonly string[];
}

/** Three workers run the same jobs, and one of them is killed again and again. Then each tick of each job has one run and one message. */
export async function killWorkers(seconds: number): Promise<{ readonly kills: number; readonly ticks: number }> {
  const { api, owner, database } = await setUpApi();
  for (let n = 0; n < JOBS; n++) {
    const queue = await api.call('queues.create', { name: `queue-${n}` }, owner);
    const job = await api.call(
      'cron.create',
      { name: `job-${n}`, schedule: 'rate(1 minute)', missed: 'all', target_queue_id: queue.data.id },
      owner,
    );
    expect([queue.status, job.status]).toEqual([201, 201]);
  }
  const origin = Date.now();
  const begin = (): ChildProcess =>
    fork(PROGRAM, [database.workerUrl, String(origin), String(SPEED)], { stdio: 'inherit' });
  const workers = Array.from({ length: WORKERS }, begin);
  let kills = 0;
  try {
    while (Date.now() - origin < seconds * 1_000) {
      const place = Math.floor(Math.random() * WORKERS);
      // One that has not looked yet could be killed by nothing but bad luck, again and again.
      await once(workers[place]!, 'message');
      await sleep(Math.random() * 900);
      workers[place]!.kill('SIGKILL');
      await once(workers[place]!, 'exit');
      workers[place] = begin();
      kills++;
    }
    // Whatever was killed, the others go on.
    for (const worker of workers) await once(worker, 'message');
    await sleep(1_000);
  } finally {
    for (const worker of workers) {
      worker.kill('SIGKILL');
      if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
    }
  }
  // What a killed worker had begun is undone when the database notices.
  await sleep(500);
  const { rows } = await api.owner.query<Row>(
    `select r.job_id, array_agg(r.scheduled_at order by r.scheduled_at) as ticks, array_agg(r.output order by r.output) as outputs,
       (select array_agg(m.id::text order by m.id::text) from queue_messages m where m.queue_id = j.target_queue_id) as messages
     from cron_job_runs r join cron_jobs j on j.id = r.job_id group by r.job_id, j.target_queue_id`,
  );
  expect(rows).toHaveLength(JOBS);
  for (const { ticks, outputs, messages } of rows) {
    expect(outputs).toEqual(messages);
    for (const [place, tick] of ticks.entries())
      if (place > 0) expect(tick.getTime() - ticks[place - 1]!.getTime()).toBe(MINUTE_MS);
    expect(ticks.length).toBeGreaterThan(seconds);
  }
  return { kills, ticks: rows.reduce((sum, { ticks }) => sum + ticks.length, 0) };
}
