import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FakeAnswer } from '../../../../sdk/src/testing/fake-server.ts';
import { cloudAgainstFakeServer, words } from '../../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();
const SENT = { id: 'm1', queue_id: 'q1', md5: 'x', created_at: '2026-01-02T03:04:05.678Z' };
const handles = (count: number) => Array.from({ length: count }, (_, nth) => `handle-${nth + 1}`);
const REFUSED: FakeAnswer = { status: 403, error: { code: 'FORBIDDEN', message: 'no longer' } };

interface Batch {
  readonly entries: readonly { readonly id: string; readonly body: string }[];
}
const bodiesSent = () => at.seen.map(({ body }) => (body as Batch).entries.map((entry) => entry.body));
const takesAll = (): void => {
  at.answer = ({ body }) => ({ data: { successful: (body as Batch).entries.map(({ id }) => ({ id })), failed: [] } });
};

describe('queues send', () => {
  it('sends a text with what belongs to it', async () => {
    at.answer = () => ({ status: 201, data: SENT });
    const ended = await at.cloud([
      ...words('queues send jobs.fifo hello --delay 10 --group g --deduplication-id d'),
      ...words('--attribute kind=order --attribute tries:Number=5 --attribute a=b=c'),
    ]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^id +m1$/m);
    expect(at.seen).toMatchObject([
      {
        method: 'POST',
        path: '/queues/jobs.fifo/messages',
        body: {
          body: 'hello',
          delay_seconds: 10,
          group_id: 'g',
          deduplication_id: 'd',
          attributes: {
            kind: { type: 'String', value: 'order' },
            tries: { type: 'Number', value: '5' },
            a: { type: 'String', value: 'b=c' },
          },
        },
      },
    ]);
  });

  it('takes a text from a file or a pipe as it is, with its line breaks', async () => {
    at.answer = () => ({ status: 201, data: SENT });
    const path = join(at.homeDir, 'text');
    writeFileSync(path, 'from a file\n');
    await at.cloud(['queues', 'send', 'jobs', '--file', path]);
    await at.cloud(words('queues send jobs -'), { stdin: 'piped ✓\r\n' });
    await at.cloud(words('queues send jobs'), { stdin: 'piped' });
    await at.cloud(words('queues send jobs -- -x'));
    expect(at.seen.map(({ body }) => body)).toEqual([
      { body: 'from a file\n' },
      { body: 'piped ✓\r\n' },
      { body: 'piped' },
      { body: '-x' },
    ]);
  });

  it.each<[string[], string | Uint8Array | undefined, string]>([
    [words('queues send jobs'), undefined, 'give it behind the name, or use --file, or pipe it in'],
    [words('queues send jobs'), '', 'standard input is empty'],
    [['queues', 'send', 'jobs', ''], undefined, 'the text is empty'],
    [words('queues send jobs x --file y'), undefined, 'and not both'],
    [words('queues send jobs --file /nowhere'), undefined, "'/nowhere' cannot be read"],
    [words('queues send jobs'), new Uint8Array([0xff]), 'is not text in UTF-8; encode it'],
    [words('queues send jobs'), 'x'.repeat(1_048_577), 'standard input has more than 1048576 bytes'],
    [words('queues send jobs x --attribute y'), undefined, 'It must have the form name=value or name:type=value.'],
    [words('queues send jobs x --lines'), undefined, '--lines reads standard input or --file'],
    [words('queues send jobs --lines --deduplication-id d'), 'x', 'only the first line would be stored'],
    [words('queues send jobs x --delay 901'), undefined, 'from 0 to 900'],
  ])('%j is refused before anything is sent', async (argv, stdin, told) => {
    const ended = await at.cloud(argv, stdin === undefined ? {} : { stdin });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(told);
    expect(at.seen).toEqual([]);
  });
});

describe('queues send --lines', () => {
  it('sends each line once, ten in a call, and says how many', async () => {
    takesAll();
    const lines = Array.from({ length: 23 }, (_, nth) => `line ${nth + 1}`);
    const ended = await at.cloud(words('queues send jobs --lines --delay 1 -o json'), {
      stdin: `${lines.join('\n')}\r\n\n`,
    });
    expect(JSON.parse(ended.stdout)).toEqual({ sent: 23, refused: 0 });
    expect(bodiesSent().flat().toSorted()).toEqual(lines.toSorted());
    expect(
      bodiesSent()
        .map(({ length }) => length)
        .toSorted((a, b) => a - b),
    ).toEqual([3, 10, 10]);
    expect(new Set(at.seen.map(({ path }) => path))).toEqual(new Set(['/queues/jobs/messages/batch']));
    for (const { body } of at.seen) expect((body as Batch).entries[0]).toMatchObject({ delay_seconds: 1 });
  });

  it('keeps the order of a group: one call at a time', async () => {
    let underWay = 0;
    let most = 0;
    at.answer = async ({ body }) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 20));
      underWay--;
      return { data: { successful: (body as Batch).entries.map(({ id }) => ({ id })), failed: [] } };
    };
    const stdin = Array.from({ length: 60 }, (_, nth) => String(nth)).join('\n');
    await at.cloud(words('queues send jobs.fifo --lines --group g'), { stdin });
    expect([most, bodiesSent().flat().join('\n')]).toEqual([1, stdin]);
    await at.cloud(words('queues send jobs --lines'), { stdin });
    expect(most).toBeGreaterThan(1);
  });

  it('fits each call into what a call may hold', async () => {
    takesAll();
    const line = 'x'.repeat(400_000);
    await at.cloud(words('queues send jobs --lines'), { stdin: Array.from({ length: 5 }, () => line).join('\n') });
    expect(
      bodiesSent()
        .map(({ length }) => length)
        .toSorted(),
    ).toEqual([1, 2, 2]);
  });

  it('names the lines that were refused', async () => {
    at.answer = ({ body }) => {
      const [first, ...others] = (body as Batch).entries;
      const failed = [{ id: first!.id, code: 'MESSAGE_CONTENT_INVALID', message: 'not this' }];
      return { data: { successful: others.map(({ id }) => ({ id })), failed } };
    };
    const ended = await at.cloud(words('queues send jobs --lines'), { stdin: 'a\n\nb\nc' });
    expect(ended).toEqual({ code: 1, stdout: 'sent      2\nrefused   1\n', stderr: 'line 1: not this\n' });
  });

  it('waits as the platform asks, and sends the same again', async () => {
    at.answer = (request, nth) =>
      nth === 1
        ? { status: 429, error: { code: 'RATE_LIMITED', message: 'slower' }, headers: { 'retry-after': '0' } }
        : { data: { successful: (request.body as Batch).entries.map(({ id }) => ({ id })), failed: [] } };
    const ended = await at.cloud(words('queues send jobs --lines'), { stdin: 'a\nb' });
    expect(ended).toMatchObject({ code: 0, stdout: 'sent      2\nrefused   0\n' });
    expect(bodiesSent()).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('ends at what is no message, with the lines before it sent', async () => {
    takesAll();
    const stdin = Buffer.concat([Buffer.from('a\nb\n'), Buffer.of(0xff), Buffer.from('\nc')]);
    const ended = await at.cloud(words('queues send jobs --lines'), { stdin });
    expect(ended).toMatchObject({ code: 2, stdout: 'sent      2\nrefused   0\n' });
    expect(ended.stderr).toContain('line 3 is not text in UTF-8');
    expect(bodiesSent()).toEqual([['a', 'b']]);
  });

  it('sends nothing twice where no answer came, and says of which lines it knows nothing', async () => {
    at.answer = ({ body }, nth) =>
      nth === 2
        ? { destroy: true }
        : { data: { successful: (body as Batch).entries.map(({ id }) => ({ id })), failed: [] } };
    const stdin = Array.from({ length: 35 }, (_, nth) => String(nth)).join('\n');
    const ended = await at.cloud(words('queues send jobs.fifo --lines --group g'), { stdin });
    expect(ended).toMatchObject({ code: 8, stdout: 'sent      10\nrefused   0\n' });
    expect(ended.stderr).toContain(
      'lines 11 to 20 may have been sent or not; of the others up to line 20 all were sent',
    );
    expect(at.seen).toHaveLength(2);
  });

  it('says of which lines it knows nothing, also where other calls went on for long beside the one that failed', async () => {
    at.answer = async ({ body }) => {
      const { entries } = body as Batch;
      if (entries[0]!.id === '1') {
        while (at.seen.length < 12) await new Promise((resolve) => setTimeout(resolve, 5));
        return { destroy: true };
      }
      return { data: { successful: entries.map(({ id }) => ({ id })), failed: [] } };
    };
    const stdin = Array.from({ length: 120 }, (_, nth) => String(nth)).join('\n');
    const ended = await at.cloud(words('queues send jobs --lines'), { stdin });
    expect(ended).toMatchObject({ code: 8, stdout: 'sent      110\nrefused   0\n' });
    expect(ended.stderr).toContain(
      'lines 1 to 10 may have been sent or not; of the others up to line 120 all were sent',
    );
  });
});

describe('queues receive', () => {
  const MESSAGES = handles(2).map((receipt_handle, nth) => ({
    ...SENT,
    receipt_handle,
    body: `text ${nth + 1}\u001b[2J`,
    received_count: 1,
  }));

  it('asks for what was said, and prints what came', async () => {
    at.answer = () => ({ data: MESSAGES });
    const ended = await at.cloud(words('queues receive jobs --max 10 --wait 20 --visibility 60'));
    expect(ended.stdout).toMatch(/^RECEIPT HANDLE +RECEIVED COUNT +BODY\nhandle-1 +1 +text 1\\x1b\[2J\n/);
    expect(at.seen).toHaveLength(1);
    expect(at.seen[0]).toMatchObject({ method: 'GET', path: '/queues/jobs/messages' });
    expect(Object.fromEntries(at.seen[0]!.query)).toEqual({
      max_messages: '10',
      wait_seconds: '20',
      visibility_timeout: '60',
    });
  });

  it('prints texts alone, to a terminal without what it would obey', async () => {
    at.answer = () => ({ data: MESSAGES });
    const line = words('queues receive jobs --body');
    expect((await at.cloud(line)).stdout).toBe('text 1\u001b[2J\ntext 2\u001b[2J\n');
    expect((await at.cloud(line, { typed: [] })).stdout).toBe('text 1\\x1b[2J\ntext 2\\x1b[2J\n');
  });

  it('deletes what it has printed', async () => {
    at.answer = ({ method }) => ({ data: method === 'GET' ? MESSAGES : { successful: [], failed: [] } });
    expect(await at.cloud(words('queues receive jobs --delete'))).toMatchObject({ code: 0, stderr: '' });
    expect(at.seen[1]).toMatchObject({
      path: '/queues/jobs/messages/delete',
      body: { entries: handles(2).map((receipt_handle, nth) => ({ id: String(nth + 1), receipt_handle })) },
    });
  });

  it('says that nothing came, and prints an empty list where a program reads', async () => {
    at.answer = () => ({ data: [] });
    expect(await at.cloud(words('queues receive jobs --delete'))).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No message came.\n',
    });
    expect(await at.cloud(words('queues receive jobs -o json'))).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    expect(at.seen).toHaveLength(2);
  });
});

describe('queues delete-message and change-visibility', () => {
  it('act on one message by its handle', async () => {
    at.answer = ({ method }) => (method === 'DELETE' ? { status: 204 } : { data: { visible_at: SENT.created_at } });
    expect((await at.cloud(words('queues delete-message jobs handle-1'))).stdout).toBe('done\n');
    await at.cloud(words('queues change-visibility jobs handle-1 --visibility 0'));
    expect(at.seen).toMatchObject([
      { method: 'DELETE', path: '/queues/jobs/messages/handle-1' },
      { method: 'PATCH', path: '/queues/jobs/messages/handle-1', body: { visibility_timeout: 0 } },
    ]);
  });

  it('act on many, ten in a call, and say which failed', async () => {
    const failed = [{ id: '11', code: 'RECEIPT_HANDLE_INVALID', message: 'not of this queue' }];
    at.answer = (_, nth) => ({ data: { successful: [], failed: nth === 2 ? failed : [] } });
    const ended = await at.cloud(['queues', 'delete-message', 'jobs', ...handles(11)]);
    expect(ended).toEqual({ code: 1, stdout: '', stderr: 'message 11: not of this queue\n' });
    await at.cloud(['queues', 'change-visibility', 'jobs', ...handles(2), '--visibility', '60']);
    expect(at.seen.map(({ body }) => (body as { entries: unknown[] }).entries.length)).toEqual([10, 1, 2]);
    expect(at.seen[2]).toMatchObject({
      path: '/queues/jobs/messages/visibility',
      body: { entries: [{ id: '1', receipt_handle: 'handle-1', visibility_timeout: 60 }, { id: '2' }] },
    });
  });
});

describe('queues purge', () => {
  it('asks on a terminal, and not in a script', async () => {
    at.answer = () => ({ status: 204 });
    const no = await at.cloud(words('queues purge jobs'), { typed: ['n'] });
    expect(no).toMatchObject({ code: 1, stderr: expect.stringContaining("all messages of queue 'jobs'?") });
    expect(at.seen).toEqual([]);
    expect(await at.cloud(words('queues purge jobs'), { typed: ['y'] })).toMatchObject({ code: 0 });
    expect(await at.cloud(words('queues purge jobs --yes'), { typed: [] })).toMatchObject({ code: 0 });
    expect(await at.cloud(words('queues purge jobs'))).toMatchObject({ code: 0, stdout: 'done\n' });
    expect(at.seen).toHaveLength(3);
  });
});

describe('queues redrive', () => {
  const TASK = { id: 't1', source_queue_id: 'q1', status: 'RUNNING', moved: 0, to_move: 5, version: 1 };

  it('starts a task, and waits where that is asked for', async () => {
    at.answer = ({ method }, nth) =>
      method === 'POST'
        ? { status: 202, data: TASK }
        : { data: [{ ...TASK, moved: 5, status: nth > 3 ? 'COMPLETED' : 'RUNNING' }] };
    const started = await at.cloud(words('queues redrive dead --to jobs --rate 50'));
    expect(started.stdout).toMatch(/^status +RUNNING$/m);
    expect(at.seen).toMatchObject([
      { path: '/queues/dead/redrive', body: { destination_id: 'jobs', max_per_second: 50 } },
    ]);
    const waited = await at.cloud(words('queues redrive dead --wait'));
    expect(waited).toMatchObject({ code: 0, stderr: '' });
    expect(waited.stdout).toMatch(/^moved +5$/m);
    expect(waited.stdout).toMatch(/^status +COMPLETED$/m);
  });

  it('says how far it is on a terminal', async () => {
    at.answer = ({ method }) =>
      method === 'POST' ? { status: 202, data: TASK } : { data: [{ ...TASK, moved: 5, status: 'COMPLETED' }] };
    const { stderr } = await at.cloud(words('queues redrive dead'), { typed: [] });
    expect(stderr).toContain('0 of 5 moved');
    expect(stderr).toContain('5 of 5 moved');
  });

  it('ends when time is up with the way on, and with the reason of a task that failed', async () => {
    at.answer = ({ method }) => (method === 'POST' ? { status: 202, data: TASK } : { data: [TASK] });
    const late = await at.cloud(words('queues redrive dead --wait=1'));
    expect(late).toMatchObject({ code: 7, stderr: expect.stringContaining('cloud queues redrive dead --cancel') });
    at.answer = () => ({ status: 202, data: { ...TASK, status: 'FAILED', failure_reason: 'the queue is gone' } });
    const failed = await at.cloud(words('queues redrive dead --wait'));
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('the queue is gone') });
  });

  it('cancels the task that runs', async () => {
    at.answer = ({ method }) =>
      method === 'POST'
        ? { data: { ...TASK, status: 'CANCELLING' } }
        : { data: [TASK, { ...TASK, id: 't0', status: 'COMPLETED' }] };
    expect((await at.cloud(words('queues redrive dead --cancel'))).stdout).toMatch(/^status +CANCELLING$/m);
    expect(at.seen.at(-1)).toMatchObject({ method: 'POST', path: '/queues/dead/redrive/t1/cancel' });
    at.answer = () => ({ data: [] });
    expect(await at.cloud(words('queues redrive dead --cancel'))).toMatchObject({ code: 5 });
    expect(await at.cloud(words('queues redrive dead --cancel --to x'))).toMatchObject({ code: 2 });
  });
});

describe('queues stats --watch and tail', () => {
  it('print the numbers whenever they were counted, over a failure', async () => {
    const stats = { visible: 1, in_flight: 2, delayed: 0, bytes: 10, counted_at: 'once' };
    at.answer = (_, nth) =>
      nth === 2
        ? { status: 503, error: { code: 'UNAVAILABLE', message: 'starting' } }
        : nth > 3
          ? REFUSED
          : { data: { ...stats, visible: nth, ...(nth === 3 ? { oldest_age_seconds: 4, counted_at: 'later' } : {}) } };
    const ended = await at.cloud(words('queues stats jobs --watch'));
    expect(ended).toMatchObject({
      code: 3,
      stdout:
        'visible 1   in flight 2   delayed 0   oldest age seconds -   bytes 10\n' +
        'visible 3   in flight 2   delayed 0   oldest age seconds 4   bytes 10\n',
    });
  }, 15_000);

  it('print each message once, in the order of sending, and take none', async () => {
    const message = (nth: number) => ({ ...SENT, id: `m${nth}`, body: `text ${nth}`, created_at: `2026-01-0${nth}` });
    at.answer = (_, nth) =>
      nth > 3 ? REFUSED : { data: nth === 2 ? [message(2), message(3)] : [message(2), message(1)] };
    const ended = await at.cloud(words('queues tail jobs --body'));
    expect(ended).toMatchObject({ code: 3, stdout: 'text 1\ntext 2\ntext 3\n' });
    expect(new Set(at.seen.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set(['GET /queues/jobs/messages/peek']),
    );
  }, 15_000);

  it('say that a full look may miss newer messages', async () => {
    const many = Array.from({ length: 100 }, (_, nth) => ({ ...SENT, id: `m${nth}` }));
    at.answer = (_, nth) => (nth > 2 ? REFUSED : { data: many });
    const { stderr, stdout } = await at.cloud(words('queues tail jobs -o json'));
    expect(stderr.match(/100 messages or more/g)).toHaveLength(1);
    expect(stdout.trimEnd().split('\n')).toHaveLength(100);
  }, 15_000);
});

it('names of queues are completed, behind tail too', async () => {
  at.answer = () => ({ data: [{ id: 'q1', name: 'jobs' }] });
  for (const verb of ['send', 'receive', 'purge', 'tail'])
    expect((await at.cloud(['__complete', '--', 'queues', verb, 'j'])).stdout, verb).toBe('jobs\n');
});
