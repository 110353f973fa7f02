import { describe, expect, it } from 'vitest';
import { setUpInstancePasses } from '../../testing/instance-passes.ts';

const world = setUpInstancePasses();
const { events, launch, now, pass, repository, row, settledAs, status } = world;

describe('an engine that fails', () => {
  it('is asked again later, and what it said is shown', async () => {
    const id = await launch();
    world.engine.failNext('define', 'failed', 'disk full');
    await expect(pass(id)).rejects.toThrow('disk full');
    expect(await row(id)).toMatchObject({ status: 'STARTING', status_reason: 'disk full' });
    await settledAs(id, 'RUNNING');
  });

  it('ends in ERROR when it goes on for nine passes, and a new version is tried again', async () => {
    const id = await launch();
    world.engine.failNext('start', 'failed', 'will not start', 99);
    await expect(pass(id, { attempts: 8 })).rejects.toThrow('will not start');
    expect((await pass(id, { attempts: 9 })).kind).toBe('settled');
    expect(await row(id)).toMatchObject({ status: 'ERROR', status_reason: 'will not start' });
    world.engine.failNext('start', 'failed', 'once more', 1);
    await repository((instances) => instances.setPower(id, 'running', now()));
    expect(await status(id)).toBe('STARTING');
    await expect(pass(id)).rejects.toThrow('once more');
    await settledAs(id, 'RUNNING');
  });

  it('that is away is waited for however long', async () => {
    const id = await launch();
    world.engine.failNext('inspect', 'unavailable', 'no socket', 2);
    for (const attempts of [9, 50]) {
      expect(await pass(id, { attempts })).toMatchObject({ kind: 'again', because: 'no socket' });
      expect(await row(id)).toMatchObject({ status: 'STARTING', status_reason: 'no socket' });
    }
    await settledAs(id, 'RUNNING');
  });

  it('that finds the spec invalid ends in ERROR at once', async () => {
    const id = await launch();
    world.engine.failNext('define', 'invalid', 'no such thing');
    await settledAs(id, 'ERROR');
    expect(await events(id)).toEqual(['INSTANCE_ERROR']);
  });

  it('while deleting never ends in ERROR: it goes on until the machine is gone', async () => {
    const id = await launch();
    await pass(id);
    await repository((instances) => instances.markDeleted(id, now()));
    world.engine.failNext('remove', 'invalid', 'busy');
    await expect(pass(id, { attempts: 20 })).rejects.toThrow('busy');
    expect((await row(id)).deleted_at).not.toBeNull();
    expect((await pass(id)).kind).toBe('gone');
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

  it('waits before it starts again what ended right after its start, unless its owner wishes it', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    world.engine.meddle(id, 'stopped');
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect((await row(id)).status_reason).toMatch(/ended right after the start/);
    expect(world.engine.machines.get(world.engine.nameOf(id))?.state).toBe('stopped');
    await repository((instances) => instances.requestReboot(id, now()));
    await settledAs(id, 'RUNNING');
  });

  it('is given the default type for one that is no longer there', async () => {
    const id = await launch({ type: 'gone-type' });
    await settledAs(id, 'RUNNING');
    expect(world.engine.machines.get(world.engine.nameOf(id))?.spec.memoryMb).toBe(1024);
  });

  it('by a machine that is there in name only has it made anew, and tells when it had been there before', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    world.engine.meddle(id, 'lost');
    await settledAs(id, 'RUNNING');
    expect((await events(id)).slice(1)).toEqual(['INSTANCE_LOST', 'INSTANCE_RUNNING']);
  });

  it('to make a lost machine anew is told as on its way, and the loss only once', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    world.engine.meddle(id, 'lost');
    world.engine.failNext('define', 'failed', 'disk full', 2);
    for (let times = 0; times < 2; times++) {
      await expect(pass(id)).rejects.toThrow('disk full');
      expect(await row(id)).toMatchObject({ status: 'STARTING', status_reason: 'disk full', started_at: null });
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

  it('by a machine whose making was cut short makes it whole, also for one that was stopped meanwhile', async () => {
    const id = await launch();
    world.engine.failNext('start', 'unavailable', 'killed');
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    world.engine.meddle(id, 'lost');
    await repository((instances) => instances.setPower(id, 'stopped', now()));
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
