/**
 * 10,000 cron jobs that are all due at the same minute: how late their messages are there (target: p99 below 1 s), and what jobs that wait cost.
 */
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenant, startPlatform } from '../../packages/testkit/src/platform-api.ts';
import { ms, record } from '../measure.ts';
import { cpuDuring } from '../queues/cpu.lib.ts';

const JOBS = 10_000;
const QUEUES = 10;
const IDLE_SECONDS = 10;
const MINUTE_MS = 60_000;

const busy = (): string => {
  const [load = 0] = loadavg();
  return load > cpus().length ? ` (load average ${load.toFixed(1)})` : '';
};

const platform = await startPlatform({ env: { CLOUD_TEST_MODE: 'off', CLOUD_RATE_LIMIT: '100000' } });
try {
  const tenant = await createTenant(platform, 'bench');
  for (let n = 0; n < QUEUES; n++) await tenant.ask('POST', '/queues', { name: `queue-${n}` });
  const read = (path: string) => readFileSync(join(platform.dataDir, path), 'utf8');
  const processes = JSON.parse(read('run/processes.json')) as { name: string; pid: number }[];
  const pidOf = (name: string) => processes.find((one) => one.name === name)!.pid;
  const postgres = Number(read('postgres/postmaster.pid').split('\n')[0]);
  const pids = { worker: pidOf('worker'), api: pidOf('api'), postgres };
  const idle = async (what: string) => {
    const { cpu } = await cpuDuring(pids, () => sleep(IDLE_SECONDS * 1_000));
    const share = (name: keyof typeof pids) => `${name} ${(((cpu[name]! / IDLE_SECONDS) * 100) / 1_000).toFixed(1)} %`;
    await record('cron', `CPU with ${what}: ${share('worker')}, ${share('api')}, ${share('postgres')}${busy()}`);
  };
  await idle('no cron job');

  const due = Math.ceil((Date.now() + (IDLE_SECONDS + 10) * 1_000) / MINUTE_MS) * MINUTE_MS;
  await platform.query(`
    insert into cron_jobs (id, user_id, tenant_id, name, schedule, target_queue_id, target_payload, status, next_run_at, due_at)
    select gen_random_uuid(), q.user_id, q.tenant_id, 'job-' || n, '* * * * *', q.id, '{"n":' || n || '}', 'ACTIVE', to_timestamp(${due / 1_000}), to_timestamp(${due / 1_000})
    from generate_series(1, ${JOBS}) as n join queues q on q.name = 'queue-' || n % ${QUEUES}`);
  await idle(`${JOBS} that wait`);
  await sleep(Math.max(0, due - Date.now() - 500));
  // When so many of them were there to be received.
  const reached = new Map<number, number>();
  for (let ran = 0; ran < JOBS; await sleep(20)) {
    const [row] = await platform.query<{ ran: number }>(
      `select count(*)::int as ran from cron_job_runs where status = 'SUCCESS' and scheduled_at = to_timestamp(${due / 1_000})`,
    );
    ran = row!.ran;
    for (const part of [0.5, 0.99, 1])
      if (ran >= JOBS * part && !reached.has(part)) reached.set(part, Date.now() - due);
    if (Date.now() - due > MINUTE_MS) throw new Error(`only ${ran} of ${JOBS} jobs ran within a minute`);
  }
  const of = (part: number) => ms(reached.get(part)!);
  await record(
    'cron',
    `${JOBS} jobs due at once, until the message is there: p50 ${of(0.5)}, p99 ${of(0.99)}, max ${of(1)}${busy()}`,
  );
} finally {
  await platform.close();
}
