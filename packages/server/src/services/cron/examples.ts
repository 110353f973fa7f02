import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { newId } from '../../kernel/ids.ts';
import type { cronOperations } from './operations.ts';

async function insertQueue({ owner, userId, tenantId, unique }: ExampleWorld): Promise<string> {
  const id = newId();
  await owner.query(`insert into queues (id, user_id, tenant_id, name, arn) values ($1, $2, $3, $4, 'arn')`, [
    id,
    userId,
    tenantId,
    `queue-${unique()}`,
  ]);
  return id;
}

/** A job by SQL that sends to a queue of its own, with two runs. */
async function insertJob(world: ExampleWorld, status = 'ACTIVE'): Promise<string> {
  const id = newId();
  const { owner, tenantId } = world;
  await owner.query(
    `insert into cron_jobs (id, user_id, tenant_id, name, schedule, target_queue_id, status, next_run_at, due_at)
     values ($1, $2, $3, $4, '0 0 1 1 *', $5, $6, $7, $7)`,
    [
      id,
      world.userId,
      tenantId,
      `job-${world.unique()}`,
      await insertQueue(world),
      status,
      status === 'ACTIVE' ? '2199-01-01' : null,
    ],
  );
  for (let n = 0; n < 2; n++)
    await owner.query(
      `insert into cron_job_runs (id, job_id, tenant_id, status, started_at) values ($1, $2, $3, 'SUCCESS', now())`,
      [newId(), id, tenantId],
    );
  return id;
}

/** A job by SQL that calls a URL which nobody may call. */
async function insertCallingJob({ owner, userId, tenantId, unique }: ExampleWorld): Promise<string> {
  const id = newId();
  await owner.query(
    `insert into cron_jobs (id, user_id, tenant_id, name, schedule, http_endpoint, target_method, status)
     values ($1, $2, $3, $4, '0 0 1 1 *', 'http://127.0.0.1/', 'POST', 'PAUSED')`,
    [id, userId, tenantId, `job-${unique()}`],
  );
  return id;
}

const ofJob = (more: object = {}): Example => ({ input: async (world) => ({ id: await insertJob(world), ...more }) });

export const cronExamples: Record<keyof typeof cronOperations, Example> = {
  create: {
    input: async (world) => ({
      name: `job-${world.unique()}`,
      schedule: '0 8 * * mon-fri',
      timezone: 'Europe/Berlin',
      target_queue_id: await insertQueue(world),
    }),
  },
  list: {
    input: async (world) => {
      for (let n = 0; n < 2; n++) await insertJob(world);
      return {};
    },
  },
  get: ofJob(),
  update: ofJob({ schedule: '@hourly' }),
  delete: ofJob(),
  pause: ofJob(),
  resume: { input: async (world) => ({ id: await insertJob(world, 'PAUSED') }) },
  run: { ...ofJob(), more: async (world) => [{ id: await insertCallingJob(world) }] },
  runs: ofJob(),
  next: ofJob({ count: 3 }),
  preview: { input: async () => ({ schedule: '@daily' }) },
};
