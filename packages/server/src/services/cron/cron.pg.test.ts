import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Answer, memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { fireDue } from './worker.ts';

const { api, owner, database } = await setUpApi();
const worker = openDatabase({ connectionString: database.workerUrl, max: 6, min: 0 });
afterAll(() => worker.close());

type Input = Readonly<Record<string, unknown>>;
const call = (name: string, input: Input, actor = owner): Promise<Answer> => api.call(name, input, actor);
async function good(name: string, input: Input) {
  const answer = await call(name, input);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.data;
}
const makeQueue = async (more: Input = {}): Promise<string> =>
  (await good('queues.create', { name: `q-${uniqueWord()}`, ...more })).id;
async function make(more: Input = {}) {
  const queue = await makeQueue();
  const job = await good('cron.create', {
    name: `j-${uniqueWord()}`,
    schedule: 'rate(1 minute)',
    target_queue_id: queue,
    target_payload: 'hello',
    ...more,
  });
  return { id: job.id as string, queue, job };
}
const setDue = (id: string, ago: string) =>
  api.owner.query(
    `update cron_jobs set next_run_at = date_trunc('milliseconds', now() - $2::interval), due_at = date_trunc('milliseconds', now() - $2::interval), counts_from = now() - interval '30 days' where id = $1`,
    [id, ago],
  );
const clock = { now: () => Date.now(), monotonic: () => performance.now(), sleep: async () => undefined };
const fireAll = () => fireDue({ database: worker, clock, log: memoryLog([]) }, AbortSignal.timeout(10_000));
async function messagesOf(queue: string): Promise<readonly { id: string; body: string; sender: string }[]> {
  return (await api.owner.query('select id, body, sender from queue_messages where queue_id = $1 order by id', [queue]))
    .rows;
}
const runsOf = (id: string): Promise<readonly Input[]> => good('cron.runs', { id });

describe('a cron job', () => {
  it('is made with its next run, and sends its payload when the time has come', async () => {
    const { id, queue, job } = await make();
    expect(job).toMatchObject({ status: 'ACTIVE', timezone: 'UTC', missed: 'once', target_queue_id: queue });
    expect(Date.parse(job.next_run_at) - Date.parse(job.created_at)).toBe(60_000);
    await setDue(id, '1 second');
    await fireAll();
    const [message, ...others] = await messagesOf(queue);
    expect(others).toEqual([]);
    expect(message).toMatchObject({ body: 'hello', sender: owner.userId });
    expect(await runsOf(id)).toMatchObject([{ status: 'SUCCESS', output: message!.id, job_id: id }]);
    const after = await good('cron.get', { id });
    expect(Date.parse(after.next_run_at)).toBeGreaterThan(Date.now());
    expect(Date.now() - Date.parse(after.last_run_at)).toBeLessThan(10_000);
  });

  it('runs each tick once with several workers', async () => {
    const jobs = await Promise.all(Array.from({ length: 20 }, () => make()));
    for (const { id } of jobs) await setDue(id, '1 second');
    await Promise.all([fireAll(), fireAll(), fireAll()]);
    await fireAll();
    for (const { id, queue } of jobs) {
      expect(await messagesOf(queue)).toHaveLength(1);
      expect(await runsOf(id)).toHaveLength(1);
    }
  });

  it('sends nothing and stays due if the worker fails before its commit', async () => {
    const { id, queue } = await make();
    await setDue(id, '1 second');
    // A run of the same tick makes the record fail, and the whole transaction with it.
    await api.owner.query(
      `insert into cron_job_runs (job_id, tenant_id, status, scheduled_at, started_at) select id, tenant_id, 'SUCCESS', next_run_at, now() from cron_jobs where id = $1`,
      [id],
    );
    await expect(fireAll()).rejects.toThrow('cron_job_runs_tick_key');
    expect(await messagesOf(queue)).toEqual([]);
    await good('cron.delete', { id });
  });

  it.each([
    ['skip', 0],
    ['once', 1],
    ['all', 7],
  ])('that missed ticks for five minutes makes up for them as it says: %s', async (missed, count) => {
    const { id, queue } = await make({ missed });
    await setDue(id, '5 minutes 1 second');
    await fireAll();
    expect((await messagesOf(queue)).length).toBeGreaterThanOrEqual(Math.max(0, Number(count) - 1));
    expect((await messagesOf(queue)).length).toBeLessThanOrEqual(Number(count));
    expect(Date.parse((await good('cron.get', { id })).next_run_at)).toBeGreaterThan(Date.now());
  });

  it('makes up for a hundred ticks at most', async () => {
    const { id, queue } = await make({ missed: 'all' });
    await setDue(id, '10 hours');
    await fireAll();
    expect(await messagesOf(queue)).toHaveLength(100);
    expect(Date.parse((await good('cron.get', { id })).next_run_at)).toBeGreaterThan(Date.now());
  });

  it('does not run while it is paused, but on request', async () => {
    const { id, queue } = await make();
    expect(await good('cron.pause', { id })).toMatchObject({ status: 'PAUSED' });
    expect((await good('cron.get', { id })).next_run_at).toBeUndefined();
    await fireAll();
    expect(await messagesOf(queue)).toEqual([]);
    const run = await good('cron.run', { id });
    expect(run).toMatchObject({ status: 'SUCCESS', output: (await messagesOf(queue))[0]!.id });
    expect(run.scheduled_at).toBeUndefined();
    const resumed = await good('cron.resume', { id });
    expect(Date.parse(resumed.next_run_at)).toBeGreaterThan(Date.now());
  });

  it('whose queue is gone fails in words, and holds up no other', async () => {
    const { id, queue } = await make();
    const other = await make();
    await good('queues.delete', { id: queue });
    await setDue(id, '1 second');
    await setDue(other.id, '1 second');
    await fireAll();
    expect(await runsOf(id)).toMatchObject([{ status: 'FAILED', error: 'the queue was deleted' }]);
    expect(await messagesOf(other.queue)).toHaveLength(1);
  });

  it('whose zone is gone does not run any more, and holds up no other', async () => {
    const { id } = await make();
    const other = await make();
    await setDue(id, '1 second');
    await setDue(other.id, '1 second');
    await api.owner.query(`update cron_jobs set timezone = 'Mars/Base' where id = $1`, [id]);
    await fireAll();
    expect(await messagesOf(other.queue)).toHaveLength(1);
    expect(await good('cron.get', { id })).toMatchObject({ status: 'COMPLETED' });
    expect(await runsOf(id)).toMatchObject([
      { status: 'FAILED', error: expect.stringContaining(`'Mars/Base' is not known`) },
    ]);
    await api.owner.query('delete from cron_jobs where id = $1', [id]);
  });

  it('shows its next runs, and those of a schedule that nobody has committed to', async () => {
    const { id } = await make({ schedule: '30 2 * * *', timezone: 'Europe/Berlin' });
    expect((await good('cron.next', { id, count: 3 })).times).toHaveLength(3);
    expect((await good('cron.preview', { schedule: 'cron(0 9 L * ? *)' })).times).toHaveLength(10);
    expect((await good('cron.preview', { schedule: 'cron(0 9 1 1 ? 2001)' })).times).toEqual([]);
  });

  it('counts a new schedule from now on, and keeps its next run otherwise', async () => {
    const { id, job } = await make();
    expect((await good('cron.update', { id, target_payload: 'other' })).next_run_at).toBe(job.next_run_at);
    const changed = await good('cron.update', { id, schedule: 'rate(1 day)' });
    expect(Date.parse(changed.next_run_at) - Date.parse(changed.updated_at)).toBe(86_400_000);
  });

  it.each([
    [{ schedule: '61 * * * *' }, `schedule: '61' is not a minute`],
    [{ schedule: 'at(2001-01-01T00:00:00)' }, 'has no time after'],
    [{ timezone: 'Mars/Base' }, `timezone 'Mars/Base' is not known`],
  ])('is refused with %s', async (more, words) => {
    const answer = await call('cron.create', {
      name: `j-${uniqueWord()}`,
      schedule: '@daily',
      target_queue_id: await makeQueue(),
      ...more,
    });
    expect([answer.status, answer.code]).toEqual([400, 'INVALID_INPUT']);
    expect(answer.message).toContain(words);
  });

  it('sends to no FIFO queue, and to none of another tenant', async () => {
    const name = `q-${uniqueWord()}.fifo`;
    await good('queues.create', { name });
    const fifo = await call('cron.create', { name: 'f', schedule: '@daily', target_queue_id: name });
    expect([fifo.status, fifo.message]).toEqual([400, expect.stringContaining('use a standard queue')]);
    const foreign = await call(
      'cron.create',
      { name: 'f', schedule: '@daily', target_queue_id: await makeQueue() },
      await api.makeActor(),
    );
    expect(foreign.status).toBe(404);
  });

  it('is made by nobody who may not send to queues', async () => {
    const queue = await makeQueue();
    const { key } = await good('keys.create', {
      name: `k-${uniqueWord()}`,
      permissions: ['cron:create', 'queue:read'],
    });
    const answer = await call(
      'cron.create',
      { name: 'k', schedule: '@daily', target_queue_id: queue },
      { ...owner, key },
    );
    expect([answer.status, answer.message]).toEqual([403, expect.stringContaining(`'queue:write'`)]);
  });
});
