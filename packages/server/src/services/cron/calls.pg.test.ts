import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { createEgress } from '../../kernel/egress/egress.ts';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Answer, memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { beginCalls, type CronCallerDeps } from './calls.ts';
import { fireDue } from './worker.ts';

const LOOPBACK = ['127.0.0.0/8'];
const { api, owner, database } = await setUpApi({ callNetworks: LOOPBACK });
const worker = openDatabase({ connectionString: database.workerUrl, max: 4, min: 0 });
const data = openDatabase({ connectionString: database.dataUrl, max: 4, min: 0 });
afterAll(() => Promise.all([worker.close(), data.close()]));

interface Seen {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
const seen: Seen[] = [];
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
/** Answers by the path: a status, or `silent`. */
function answer({ path }: Seen, response: ServerResponse): void {
  const said = path.split('/')[1]!;
  if (said !== 'silent') response.writeHead(Number(said)).end(`answer ${said}`);
}
const target = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const one = {
      path: request.url!,
      method: request.method!,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    seen.push(one);
    answer(one, response);
  });
}).listen(0, '127.0.0.1');
servers.push(target);
await once(target, 'listening');
const url = (path: string): string => `http://127.0.0.1:${(target.address() as AddressInfo).port}${path}`;

type Input = Readonly<Record<string, unknown>>;
const call = (name: string, input: Input, actor = owner): Promise<Answer> => api.call(name, input, actor);
async function good(name: string, input: Input, actor = owner) {
  const answered = await call(name, input, actor);
  expect(answered.status, answered.text).toBeLessThan(300);
  return answered.data;
}
const make = async (path: string, more: Input = {}, actor = owner): Promise<string> =>
  (
    await good(
      'cron.create',
      {
        name: `j-${uniqueWord()}`,
        schedule: 'rate(1 minute)',
        target_url: url(path),
        target_payload: 'hello',
        ...more,
      },
      actor,
    )
  ).id;
const runsOf = (id: string, actor = owner) => good('cron.runs', { id }, actor);
const setDue = (id: string) =>
  api.owner.query(
    `update cron_jobs set next_run_at = now() - interval '1 second', due_at = now() - interval '1 second', counts_from = now() - interval '1 day' where id = $1`,
    [id],
  );
const skipBackOff = () =>
  api.owner.query('update cron_job_runs set next_attempt_at = now() where next_attempt_at is not null');
const logged: string[] = [];
afterAll(() => expect(logged).toEqual([]));
const newDeps = (totalMs = 5_000): CronCallerDeps => ({
  sql: data,
  clock: systemClock,
  log: memoryLog(logged),
  sealer: api.sealer,
  egress: createEgress({ allowed: LOOPBACK, totalMs }),
});
const never = new AbortController().signal;
const fireAll = () => fireDue({ database: worker, clock: systemClock, log: memoryLog([]) }, never);
async function callAll(deps = newDeps()): Promise<number> {
  const calls = await beginCalls(deps, never);
  await Promise.all(calls);
  return calls.length;
}

describe('a cron job that calls a URL', () => {
  it('calls it as it says when the time has come, and records what was answered', async () => {
    const id = await make('/201/hook?a=b', {
      target_method: 'PUT',
      target_headers: ['Authorization: Bearer abc', 'x-n: 1'],
    });
    await setDue(id);
    await fireAll();
    expect(await runsOf(id)).toMatchObject([{ status: 'RUNNING', attempts: 0 }]);
    await callAll();
    expect(seen.filter(({ path }) => path === '/201/hook?a=b')).toMatchObject([
      { method: 'PUT', body: 'hello', headers: { authorization: 'Bearer abc', 'x-n': '1', 'user-agent': 'TheCloud' } },
    ]);
    const [run, ...others] = await runsOf(id);
    expect(others).toEqual([]);
    expect(run).toMatchObject({ status: 'SUCCESS', status_code: 201, output: 'answer 201', attempts: 1 });
    expect(run.duration_ms).toBeGreaterThanOrEqual(0);
    expect(run.next_attempt_at).toBeUndefined();
  });

  it('shows the names of its headers and nowhere their values', async () => {
    const id = await make('/200', { target_headers: ['Authorization: Bearer very-secret'] });
    const shown = await call('cron.get', { id });
    expect(shown.data).toMatchObject({ target_method: 'POST', target_header_names: ['authorization'] });
    expect(shown.text).not.toContain('very-secret');
    const { rows } = await api.owner.query('select j::text as text from cron_jobs j where id = $1', [id]);
    expect(rows[0].text).not.toContain('very-secret');
    // The same headers once more are no change; others replace them all.
    const same = await good('cron.update', { id, target_headers: ['authorization: Bearer very-secret'] });
    expect(same.version).toBe(1);
    expect(await good('cron.update', { id, target_headers: ['x-a: b'] })).toMatchObject({
      target_header_names: ['x-a'],
    });
    expect(await good('cron.update', { id, target_headers: [] })).toMatchObject({ target_header_names: [] });
  });

  it('tries again what may pass, five times in all, with a growing pause', async () => {
    const id = await make('/503');
    await good('cron.run', { id });
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 5; attempt++) {
      await callAll();
      const [run] = await runsOf(id);
      expect(run).toMatchObject({
        status: attempt < 5 ? 'RUNNING' : 'FAILED',
        attempts: attempt,
        status_code: 503,
        error: 'the URL answered 503',
      });
      if (attempt < 5) pauses.push(Date.parse(run.next_attempt_at) - Date.now());
      expect(await callAll()).toBe(0);
      await skipBackOff();
    }
    expect(await callAll()).toBe(0);
    for (const [place, seconds] of [15, 30, 60, 120].entries()) {
      expect(pauses[place]).toBeGreaterThan(seconds * 1_000 - 5_000);
      expect(pauses[place]).toBeLessThanOrEqual(seconds * 1_250);
    }
  });

  it.each([
    ['/404', { status_code: 404, error: 'the URL answered 404', output: 'answer 404' }],
    ['/302', { status_code: 302, error: 'the URL answered 302; redirects are not followed' }],
  ])('fails at once where trying again is of no use: %s', async (path, expected) => {
    const id = await make(path);
    await good('cron.run', { id });
    await callAll();
    expect(await runsOf(id)).toMatchObject([{ status: 'FAILED', attempts: 1, ...expected }]);
  });

  it('succeeds in a later attempt, and is tried again if the process died in one', async () => {
    const id = await make('/200');
    await good('cron.run', { id });
    const dying = new AbortController();
    dying.abort(new Error('killed'));
    await Promise.all(await beginCalls(newDeps(), dying.signal));
    expect(await runsOf(id)).toMatchObject([{ status: 'RUNNING', attempts: 1 }]);
    await skipBackOff();
    await callAll();
    expect(await runsOf(id)).toMatchObject([{ status: 'SUCCESS', attempts: 2 }]);
  });

  it('is called once by several processes', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, (_, n) => make(`/200/once-${n}`)));
    for (const id of ids) await good('cron.run', { id });
    await Promise.all([callAll(), callAll(), callAll()]);
    for (const [n, id] of ids.entries()) {
      expect(seen.filter(({ path }) => path === `/200/once-${n}`)).toHaveLength(1);
      expect(await runsOf(id)).toMatchObject([{ status: 'SUCCESS' }]);
    }
  });

  it('whose target does not answer holds up no other job and no other tenant', async () => {
    const neighbour = await api.makeActor();
    const silent = await Promise.all(Array.from({ length: 25 }, () => make('/silent')));
    for (const id of silent) await good('cron.run', { id });
    const other = await make('/200', {}, neighbour);
    await good('cron.run', { id: other }, neighbour);
    const deps = newDeps(1_500);
    const calls = await beginCalls(deps, never);
    // Twenty of the one tenant, and the neighbour's.
    expect(calls).toHaveLength(21);
    await expect.poll(async () => (await runsOf(other, neighbour))[0].status).toBe('SUCCESS');
    expect(await beginCalls(deps, never)).toHaveLength(0);
    await Promise.all(calls);
    expect(await beginCalls(deps, never)).toHaveLength(5);
    const runs = await Promise.all(silent.map(async (id) => (await runsOf(id))[0]));
    expect(runs.filter(({ error }) => error === 'no answer within 1.5 s')).toHaveLength(20);
    await api.owner.query('delete from cron_jobs where id = any ($1)', [silent]);
  });

  it.each([
    ['skip', ['RUNNING', 'SKIPPED', 'SKIPPED']],
    ['allow', ['RUNNING', 'RUNNING', 'RUNNING']],
  ])('treats a tick during a run as it says: %s', async (overlap, statuses) => {
    const id = await make('/200', { overlap });
    for (const _ of statuses) {
      await setDue(id);
      await fireAll();
    }
    expect((await runsOf(id)).map(({ status }: { status: string }) => status).toReversed()).toEqual(statuses);
    await api.owner.query('delete from cron_jobs where id = $1', [id]);
  });

  it('has ten runs under way at most', async () => {
    const id = await make('/200');
    for (let n = 0; n < 12; n++) await good('cron.run', { id });
    const runs = await runsOf(id);
    expect(runs[0]).toMatchObject({ status: 'SKIPPED', error: '10 runs before it are under way' });
    expect(runs.filter(({ status }: { status: string }) => status === 'RUNNING')).toHaveLength(10);
    await api.owner.query('delete from cron_jobs where id = $1', [id]);
  });

  it('becomes one that sends to a queue, and one that calls again', async () => {
    const id = await make('/200', { target_headers: ['x-a: b'] });
    await good('cron.run', { id });
    const queue = (await good('queues.create', { name: `q-${uniqueWord()}` })).id;
    const sends = await good('cron.update', { id, target_queue_id: queue });
    expect([sends.target_queue_id, sends.target_url, sends.target_header_names]).toEqual([queue, undefined, []]);
    await callAll();
    expect(await runsOf(id)).toMatchObject([{ status: 'FAILED', error: 'the job has had another target since' }]);
    const calls = await good('cron.update', { id, target_url: url('/200') });
    expect([calls.target_queue_id, calls.target_method]).toEqual([undefined, 'POST']);
  });

  it.each([
    [{ target_url: 'http://10.0.0.1/' }, 'an address that is not public'],
    [{ target_url: 'ftp://example.com/' }, 'neither http:// nor https://'],
    [{ target_headers: ['Host: inside'] }, `sets 'host' itself`],
    [{ target_headers: ['no name'] }, 'one has no name'],
    [{ target_headers: ['a: 1', 'A: 2'] }, `'A' is there twice`],
    [{ target_queue_id: 'q' }, 'a cron job has one target'],
    [{ target_url: undefined }, 'needs a target'],
    [{ target_url: undefined, target_queue_id: 'q', target_method: 'GET' }, 'are for jobs with a target_url'],
    [{ starts_at: '2100-01-02T00:00:00Z', ends_at: '2100-01-01T00:00:00Z' }, 'is not after starts_at'],
    [{ ends_at: '2001-01-01T00:00:00Z' }, 'has no time after'],
    [{ window_minutes: 2 }, 'is longer than the time between two runs'],
  ])('is refused with %j', async (more, words) => {
    const answered = await call('cron.create', {
      name: 'j',
      schedule: 'rate(1 minute)',
      target_url: url('/200'),
      ...more,
    });
    expect([answered.status, answered.code]).toEqual([400, 'INVALID_INPUT']);
    expect(answered.message).toContain(words);
  });
});

describe('when a cron job runs', () => {
  it('is between its beginning, from which a rate counts, and its end', async () => {
    const id = await make('/200', {
      schedule: 'rate(1 hour)',
      starts_at: '2100-01-01T00:10:00Z',
      ends_at: '2100-01-01T02:00:00Z',
    });
    expect((await good('cron.next', { id })).times).toEqual(['2100-01-01T00:10:00.000Z', '2100-01-01T01:10:00.000Z']);
    const later = await good('cron.update', { id, ends_at: '2100-01-01T02:10:00Z' });
    expect(later).toMatchObject({ next_run_at: '2100-01-01T00:10:00.000Z' });
  });

  it('is a random time within its window', async () => {
    const dueOf = async () => {
      const id = await make('/200', { schedule: 'rate(10 hours)', window_minutes: 600 });
      const { rows } = await api.owner.query(
        'select extract(epoch from due_at - next_run_at)::float as s from cron_jobs where id = $1',
        [id],
      );
      return rows[0].s as number;
    };
    const delays = await Promise.all(Array.from({ length: 8 }, dueOf));
    for (const delay of delays) {
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(36_000);
    }
    expect(new Set(delays).size).toBeGreaterThan(6);
  });

  it('is over with its last tick: the job is completed, until it gets a new schedule', async () => {
    const id = await make('/200', { ends_at: new Date(Date.now() + 90_000).toISOString() });
    await setDue(id);
    await api.owner.query(`update cron_jobs set ends_at = now() where id = $1`, [id]);
    await fireAll();
    expect(await good('cron.get', { id })).toMatchObject({ status: 'COMPLETED' });
    expect(await runsOf(id)).toMatchObject([{ status: 'RUNNING' }]);
    expect(await call('cron.pause', { id })).toMatchObject({ status: 409 });
    expect(await call('cron.resume', { id })).toMatchObject({ status: 400 });
    expect(await good('cron.update', { id, ends_at: '2100-01-01T00:00:00Z' })).toMatchObject({ status: 'ACTIVE' });
  });
});
