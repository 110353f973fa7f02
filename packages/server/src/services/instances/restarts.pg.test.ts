import { describe, expect, it } from 'vitest';
import { setUpInstancePasses } from '../../testing/instance-passes.ts';
import { presentInstance } from './instance.ts';

const world = setUpInstancePasses();
const { events, launch, markDeleted, pass, requestReboot, row, setPower, settledAs, status } = world;

const shown = async (id: string) =>
  presentInstance(await row(id), {
    kind: 'user',
    permissions: new Set(['instance:read']),
  } as unknown as Parameters<typeof presentInstance>[1]);
const exits = async (id: string) =>
  (
    await world.db.owner.query<{ metadata: Record<string, unknown> }>(
      `select metadata from events where resource_id = $1 and event_type = 'INSTANCE_EXITED' order by seq`,
      [id],
    )
  ).rows.map((one) => one.metadata);

describe('a first process that ends by itself', () => {
  it('is counted, told by an event, and shown with how and when', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    await world.clock.advance(60_000);
    const at = new Date(world.clock.now()).toISOString();
    world.engine.end(id, { code: 143 });
    await settledAs(id, 'RUNNING');
    const last_exit = { code: 143, signal: 'SIGTERM', oom_killed: false, at };
    expect(await shown(id)).toMatchObject({ restart_count: 1, last_exit, started_at: at });
    expect(await exits(id)).toEqual([{ ...last_exit, restart_count: 1, ran_ms: 60_000 }]);
    expect(await events(id)).toEqual(['INSTANCE_RUNNING', 'INSTANCE_EXITED', 'INSTANCE_RUNNING']);
    await settledAs(id, 'RUNNING');
    expect(await exits(id), 'told once').toHaveLength(1);
    const { rows } = await world.db.owner.query('select 1 from audit_logs where resource_id = $1', [id]);
    expect(rows).toEqual([]);
  });

  it('that lived for a moment rests: ERROR with the reason and when it starts next, which is when it does', async () => {
    const id = await launch();
    world.engine.endsAtOnce.push(127);
    expect(await pass(id)).toMatchObject({ kind: 'again', ms: 10_000 });
    const restarts_at = new Date(world.clock.now() + 10_000).toISOString();
    const { name } = await row(id);
    expect(await shown(id)).toMatchObject({
      status: 'ERROR',
      status_reason: `the command ended with exit code 127 (command not found) 0.1 s after its start; it restarts at ${restarts_at.replace(/\.\d+/, '')}; see: cloud instances logs ${name}`,
      status_reason_code: 'RESTING',
      restart_count: 1,
      last_exit: { code: 127, oom_killed: false },
      restarts_at,
    });
    expect(await shown(id)).not.toHaveProperty('started_at');
    expect(await events(id), 'it never ran').toEqual(['INSTANCE_EXITED']);
    await world.clock.advance(9_999);
    expect(await pass(id)).toMatchObject({ kind: 'again', ms: 1 });
    await world.clock.advance(1);
    await settledAs(id, 'RUNNING');
    expect(await shown(id)).not.toHaveProperty('restarts_at');
    expect(await shown(id)).toMatchObject({ restart_count: 1, last_exit: { code: 127 } });
  });

  it('again and again rests for longer each time, up to five minutes', async () => {
    const id = await launch();
    const rests: number[] = [];
    for (let times = 0; times < 8; times++) {
      world.engine.endsAtOnce.push(1);
      const outcome = await pass(id);
      if (outcome.kind !== 'again') throw new Error(outcome.kind);
      rests.push(outcome.ms / 1000);
      await world.clock.advance(outcome.ms);
    }
    expect(rests).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
    expect(await shown(id)).toMatchObject({ restart_count: 8 });
    expect(await exits(id)).toHaveLength(8);
  });

  it('every nine seconds is not started in a row: gaps are from start to start', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    const starts = [0];
    const began = world.clock.now();
    for (let times = 0; times < 4; times++) {
      await world.clock.advance(9_000);
      world.engine.end(id);
      const outcome = await pass(id);
      if (outcome.kind === 'again') await world.clock.advance(outcome.ms);
      await settledAs(id, 'RUNNING');
      starts.push((world.clock.now() - began) / 1000);
    }
    expect(starts).toEqual([0, 10, 30, 70, 150]);
  });

  it('does not make its owner wait: a start, a reboot, a stop or a deletion goes before the rest', async () => {
    for (const [wish, end] of [
      [(id: string) => setPower(id, 'running'), 'RUNNING'],
      [requestReboot, 'RUNNING'],
      [(id: string) => setPower(id, 'stopped'), 'STOPPED'],
    ] as const) {
      const id = await launch();
      world.engine.endsAtOnce.push(1);
      await pass(id);
      expect(await status(id)).toBe('ERROR');
      await wish(id);
      expect(await status(id)).not.toBe('ERROR');
      await settledAs(id, end);
    }
    const id = await launch();
    world.engine.endsAtOnce.push(1);
    await pass(id);
    await markDeleted(id);
    expect((await pass(id)).kind).toBe('gone');
  });

  it('while the platform was away is told by the next look, also when it runs again by then', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    for (const code of [1, 2, 3]) {
      await world.clock.advance(1_000);
      world.engine.end(id, { code });
      world.engine.meddle(id, 'running');
    }
    await world.clock.advance(1_000);
    await settledAs(id, 'RUNNING');
    expect(await shown(id)).toMatchObject({ restart_count: 3, last_exit: { code: 3 } });
    expect(await exits(id)).toMatchObject([{ code: 3, restart_count: 3 }]);
  });

  it('is told for lack of memory, and when nobody saw how', async () => {
    const id = await launch();
    world.engine.failNext('start', 'unavailable');
    await pass(id);
    await settledAs(id, 'RUNNING');
    world.engine.end(id, { code: 137, oomKilled: true });
    await pass(id);
    expect((await row(id)).status_reason).toMatch(
      /^the command was killed because the instance ran out of memory 0\.1 s after its start; /,
    );
    expect(await shown(id)).toMatchObject({ last_exit: { code: 137, signal: 'SIGKILL', oom_killed: true } });
    await world.clock.advance(10_000);
    await settledAs(id, 'RUNNING');
    world.engine.end(id);
    await pass(id);
    expect((await row(id)).status_reason).toMatch(
      /^the command ended, for an unknown reason, 0\.1 s after its start; /,
    );
    expect((await shown(id)).last_exit).toEqual({ oom_killed: false, at: expect.any(String) });
  });

  it('is not one that its owner or the platform stopped', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    await requestReboot(id);
    await settledAs(id, 'RUNNING');
    await setPower(id, 'stopped');
    await settledAs(id, 'STOPPED');
    await setPower(id, 'running');
    await settledAs(id, 'RUNNING');
    expect(await shown(id)).toMatchObject({ restart_count: 0 });
    expect(await shown(id)).not.toHaveProperty('last_exit');
    expect(await exits(id)).toEqual([]);
  });

  it('counts from zero on for a machine that was made again', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    await world.clock.advance(60_000);
    world.engine.end(id, { code: 1 });
    await settledAs(id, 'RUNNING');
    world.engine.meddle(id, undefined);
    await settledAs(id, 'RUNNING');
    await world.clock.advance(60_000);
    world.engine.end(id, { code: 2 });
    await settledAs(id, 'RUNNING');
    expect(await shown(id)).toMatchObject({ restart_count: 2, last_exit: { code: 2 } });
  });

  it('rests no longer than its gap if the clock is set back', async () => {
    const id = await launch();
    world.engine.endsAtOnce.push(1);
    await pass(id);
    world.clock.jump(-3_600_000);
    expect(await pass(id)).toMatchObject({ kind: 'again', ms: 10_000 });
    await world.clock.advance(10_000);
    await settledAs(id, 'RUNNING');
  });
});
