import { describe, expect, it } from 'vitest';
import { setUpInstancePasses } from '../../testing/instance-passes.ts';

const world = setUpInstancePasses();
const { events, find, launch, markDeleted, pass, requestReboot, row, setPower, settledAs, status } = world;

describe('an engine that fails', () => {
  it('is asked again later, and that is shown', async () => {
    const id = await launch();
    world.engine.failNext('define', 'failed', 'disk full');
    await expect(pass(id)).rejects.toThrow('disk full');
    expect(await row(id)).toMatchObject({
      status: 'STARTING',
      status_reason: 'the host failed to do this; the platform retries it',
      reason_code: 'ENGINE_FAILED',
    });
    await settledAs(id, 'RUNNING');
    expect(await row(id)).toMatchObject({ status_reason: null, reason_code: null });
  });

  it('ends in ERROR when it goes on for two minutes and five tries, and a new version is tried again', async () => {
    const id = await launch();
    world.engine.failNext('start', 'failed', 'will not start', 99);
    for (const early of [
      { attempts: 99, failingMs: 119_000 },
      { attempts: 4, failingMs: 3_600_000 },
    ])
      await expect(pass(id, early)).rejects.toThrow('will not start');
    const late = await pass(id, { attempts: 5, failingMs: 120_000 });
    expect(late, 'what it said is for the operator').toEqual({ kind: 'settled', because: 'will not start' });
    expect(await row(id)).toMatchObject({
      status: 'ERROR',
      status_reason: expect.stringContaining('stopped retrying'),
      reason_code: 'ENGINE_FAILED',
    });
    world.engine.failNext('start', 'failed', 'once more', 1);
    await setPower(id, 'running');
    expect(await status(id)).toBe('STARTING');
    await expect(pass(id)).rejects.toThrow('once more');
    await settledAs(id, 'RUNNING');
  });

  it('that is away is waited for however long', async () => {
    const id = await launch();
    world.engine.failNext('inspect', 'unavailable', 'no socket', 2);
    for (const attempts of [9, 50]) {
      expect(await pass(id, { attempts, failingMs: 3_600_000 })).toMatchObject({ kind: 'again', because: 'no socket' });
      expect(await row(id)).toMatchObject({
        status: 'STARTING',
        status_reason: 'the host is not available at the moment; the platform continues when it is',
        reason_code: 'WAITING_FOR_ENGINE',
      });
      await world.clock.advance(3_600_000);
    }
    await settledAs(id, 'RUNNING');
  });

  it('that cannot end what runs parks the work, and tells the tenant once', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    await setPower(id, 'stopped');
    world.engine.failNext('stop', 'stuck', '2 processes do not end', 2);
    for (let tries = 0; tries < 2; tries++)
      expect(await pass(id)).toEqual({ kind: 'parked', because: '2 processes do not end' });
    expect(await row(id)).toMatchObject({ status: 'RUNNING', reason_code: 'ENGINE_STUCK' });
    expect(await status(id)).toBe('STOPPING');
    await settledAs(id, 'STOPPED');
    expect(await row(id)).toMatchObject({ status_reason: null, reason_code: null });
    await markDeleted(id);
    world.engine.failNext('remove', 'stuck', '2 processes do not end', 2);
    for (let tries = 0; tries < 2; tries++) expect(await pass(id)).toMatchObject({ kind: 'parked' });
    expect(await row(id)).toMatchObject({ reason_code: 'DELETE_STUCK' });
    const told = (await events(id)).filter((type) => type.endsWith('_STUCK'));
    expect(told).toEqual(['INSTANCE_STUCK', 'INSTANCE_DELETE_STUCK']);
    expect(await pass(id)).toMatchObject({ kind: 'gone' });
  });

  it('that was away does not change since when one runs', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    const { started_at: startedAt } = await row(id);
    await world.clock.advance(60_000);
    world.engine.failNext('inspect', 'unavailable', 'no socket');
    await pass(id);
    expect(await row(id)).toMatchObject({ status: 'RUNNING', reason_code: 'WAITING_FOR_ENGINE' });
    await settledAs(id, 'RUNNING');
    expect(await row(id)).toMatchObject({ reason_code: null, started_at: startedAt });
    expect(await events(id)).toEqual(['INSTANCE_RUNNING']);
  });

  it('is not asked about one that has failed, until its owner wants something else', async () => {
    const id = await launch();
    world.engine.failNext('define', 'invalid', 'no such thing');
    await settledAs(id, 'ERROR');
    world.engine.failNext('inspect', 'unavailable', 'no socket');
    await settledAs(id, 'ERROR');
    expect(await row(id)).toMatchObject({ reason_code: 'ENGINE_REFUSED' });
    await setPower(id, 'running');
    expect(await pass(id)).toMatchObject({ kind: 'again', because: 'no socket' });
    await settledAs(id, 'RUNNING');
  });

  it('that finds the spec invalid ends in ERROR at once', async () => {
    const id = await launch();
    world.engine.failNext('define', 'invalid', 'no such thing');
    await settledAs(id, 'ERROR');
    expect(await row(id)).toMatchObject({
      status_reason: 'the host cannot provide this configuration; delete it and create it with another one',
      reason_code: 'ENGINE_REFUSED',
    });
    expect(await events(id)).toEqual(['INSTANCE_ERROR']);
  });

  it('while deleting never ends in ERROR: it goes on until the machine is gone', async () => {
    const id = await launch();
    await pass(id);
    await markDeleted(id);
    world.engine.failNext('remove', 'invalid', 'busy');
    await expect(pass(id, { attempts: 20 })).rejects.toThrow('busy');
    expect(await row(id)).toMatchObject({
      deleted_at: expect.any(Date),
      status: 'RUNNING',
      status_reason: 'the host cannot remove it at the moment; the platform retries until it is gone',
      reason_code: 'DELETE_DELAYED',
    });
    expect((await pass(id)).kind).toBe('gone');
    expect(await events(id)).toEqual(['INSTANCE_RUNNING', 'INSTANCE_TERMINATED']);
  });

  it('for minutes while deleting is told by an event, once, whatever it says', async () => {
    const id = await launch();
    world.engine.imageState = { state: 'building', detail: 'slowly' };
    expect((await pass(id)).kind).toBe('again');
    await markDeleted(id);
    await world.clock.advance(10 * 60_000);
    world.engine.failNext('inspect', 'failed', 'busy', 2);
    await expect(pass(id), 'the wait for the image does not count').rejects.toThrow('busy');
    await world.clock.advance(4 * 60_000);
    await expect(pass(id)).rejects.toThrow('busy');
    expect(await row(id)).toMatchObject({ reason_code: 'DELETE_DELAYED' });
    expect(await events(id)).toEqual([]);
    await world.clock.advance(2 * 60_000);
    for (const [kind, words] of [
      ['failed', 'still busy'],
      ['unavailable', 'no socket'],
      ['timeout', 'too slow'],
    ] as const) {
      world.engine.failNext('inspect', kind, words);
      if (kind === 'unavailable') expect(await pass(id)).toMatchObject({ kind: 'again', because: words });
      else await expect(pass(id)).rejects.toThrow(words);
      expect(await row(id)).toMatchObject({
        reason_code: 'DELETE_STUCK',
        status_reason: 'the host cannot remove it at the moment; the platform retries until it is gone',
      });
      expect(await events(id)).toEqual(['INSTANCE_DELETE_STUCK']);
    }
    const { rows } = await world.db.owner.query('select actor, metadata from events where resource_id = $1', [id]);
    expect(rows).toEqual([
      {
        actor: 'system:instance',
        metadata: { reason: 'the host cannot remove it at the moment; the platform retries until it is gone' },
      },
    ]);
    expect((await pass(id)).kind).toBe('gone');
    expect(await find(id)).toBeUndefined();
  });

  it('is told the end of an instance by one pass only', async () => {
    const id = await launch();
    await markDeleted(id);
    world.engine.before = async () => void (await world.db.owner.query('delete from instances where id = $1', [id]));
    expect((await pass(id)).kind).toBe('gone');
    expect(await events(id)).toEqual([]);
  });

  it('that does not answer holds no pass that is cut short, and that is shown to nobody', async () => {
    const id = await launch();
    world.engine.before = (method) => (method === 'define' ? new Promise(() => undefined) : Promise.resolve());
    const cut = new AbortController();
    const passing = pass(id, { signal: cut.signal });
    setTimeout(() => cut.abort(new Error('the worker stops')), 100);
    await expect(passing).rejects.toThrow('the worker stops');
    expect((await row(id)).status_reason).toBeNull();
  });

  it('whose failure is a bug of ours is not shown', async () => {
    const id = await launch();
    world.engine.before = async () => {
      throw new TypeError('a bug');
    };
    await expect(pass(id)).rejects.toThrow('a bug');
    expect((await row(id)).status_reason).toBeNull();
  });

  it('is given the default type for one that is no longer there', async () => {
    const id = await launch({ type: 'gone-type' });
    await settledAs(id, 'RUNNING');
    expect(world.engine.machines.get(world.engine.nameOf(id))?.spec.memoryMb).toBe(1024);
  });

  it('by a machine that exists in name only recreates it, and records the loss if it existed before', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    world.engine.meddle(id, 'lost');
    await settledAs(id, 'RUNNING');
    expect((await events(id)).slice(1)).toEqual(['INSTANCE_LOST', 'INSTANCE_RUNNING']);
  });

  it('by a machine that is missing tells the loss at once, also of one that has to wait and of one halfway through a reboot', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    await world.clock.advance(60_000);
    await requestReboot(id);
    world.engine.failNext('start', 'unavailable', 'killed');
    expect((await pass(id)).kind).toBe('again');
    world.engine.meddle(id, undefined);
    world.engine.imageState = { state: 'building', detail: 'slowly' };
    for (let times = 0; times < 2; times++) {
      expect(await pass(id)).toMatchObject({ kind: 'again' });
      expect(await events(id)).toEqual(['INSTANCE_RUNNING', 'INSTANCE_LOST']);
    }
    expect(await row(id)).toMatchObject({ phase: 'making', reason_code: 'WAITING_FOR_IMAGE' });
    world.engine.imageState = { state: 'ready' };
    await settledAs(id, 'RUNNING');
    expect(await row(id)).toMatchObject({ phase: 'made' });
  });

  it('to recreate a lost machine shows it as starting, and the loss is recorded only once', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    world.engine.meddle(id, 'lost');
    world.engine.failNext('define', 'failed', 'disk full', 2);
    for (let times = 0; times < 2; times++) {
      await expect(pass(id)).rejects.toThrow('disk full');
      expect(await row(id)).toMatchObject({ status: 'STARTING', reason_code: 'ENGINE_FAILED', started_at: null });
    }
    await settledAs(id, 'RUNNING');
    expect((await events(id)).slice(1)).toEqual(['INSTANCE_LOST', 'INSTANCE_RUNNING']);
  });

  it('to find a machine lost that has its disk after all leaves it as it is', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    world.engine.meddle(id, 'lost');
    world.engine.before = async (method) => {
      if (method === 'discard') world.engine.meddle(id, 'running');
    };
    await settledAs(id, 'RUNNING');
    expect(world.engine.calls.filter((call) => /^(remove|discard)/.test(call))).toEqual([]);
  });

  it('by a machine whose creation was interrupted completes it, also if it was stopped in between', async () => {
    const id = await launch();
    world.engine.failNext('start', 'unavailable', 'killed');
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    world.engine.meddle(id, 'lost');
    await setPower(id, 'stopped');
    await settledAs(id, 'STOPPED');
    expect(world.engine.machines.get(world.engine.nameOf(id))?.state).toBe('stopped');
    expect(await events(id)).toEqual(['INSTANCE_STOPPED']);
  });

  it('to start a machine that has its disk never takes it away', async () => {
    const id = await launch();
    for (const kind of ['failed', 'not_found', 'timeout'] as const) {
      world.engine.failNext('start', kind, kind);
      await expect(pass(id)).rejects.toThrow(kind);
    }
    world.engine.failNext('start', 'unavailable');
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect(world.engine.calls.filter((call) => /^(remove|discard)/.test(call))).toEqual([]);
  });
});
