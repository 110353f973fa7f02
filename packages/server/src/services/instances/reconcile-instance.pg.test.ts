import { describe, expect, it } from 'vitest';
import { setUpInstancePasses } from '../../testing/instance-passes.ts';

const world = setUpInstancePasses();
const { events, find, launch, markDeleted, pass, requestReboot, row, setPower, settledAs, status } = world;

describe('from launch to the end', () => {
  it('is one pass each, with its events, and the machine as the row says', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    expect(world.engine.machines.get(world.engine.nameOf(id))?.spec).toEqual({
      image: 'busybox',
      hostname: (await row(id)).name,
      vcpus: 1,
      memoryMb: 512,
      diskGb: 8,
      networkMbps: 1000,
      processes: 512,
      env: { A: 'b' },
      command: ['sleep', '9'],
    });
    expect((await row(id)).started_at?.getTime()).toBe(world.clock.now());
    await setPower(id, 'stopped');
    expect(await status(id)).toBe('STOPPING');
    await settledAs(id, 'STOPPED');
    await setPower(id, 'running');
    expect(await status(id)).toBe('STARTING');
    await settledAs(id, 'RUNNING');
    await requestReboot(id);
    expect(await status(id)).toBe('STARTING');
    await settledAs(id, 'RUNNING');
    await markDeleted(id);
    expect((await row(id)).deleted_at).not.toBeNull();
    expect((await pass(id)).kind).toBe('gone');
    expect(await find(id)).toBeUndefined();
    expect((await pass(id)).kind).toBe('gone');
    expect(world.engine.machines.size).toBe(0);
    expect(world.engine.calls.map((call) => call.split(' ')[0])).toEqual([
      'define',
      'start',
      'stop',
      'start',
      'stop',
      'start',
      'remove',
    ]);
    expect(await events(id)).toEqual([
      'INSTANCE_RUNNING',
      'INSTANCE_STOPPED',
      'INSTANCE_RUNNING',
      'INSTANCE_RUNNING',
      'INSTANCE_TERMINATED',
    ]);
  });

  it('has a host name inside that follows from its name', async () => {
    for (const [name, hostname] of [
      ['Web-1', 'web-1'],
      ['Büro_1', 'buro-1'],
      ['服务器', undefined],
    ] as const) {
      const id = await launch();
      await world.db.owner.query('update instances set name = $2, host_name = null where id = $1', [id, name]);
      await settledAs(id, 'RUNNING');
      const { spec } = world.engine.machines.get(world.engine.nameOf(id))!;
      expect(spec.hostname).toBe(hostname ?? `i-${id.slice(-12)}`);
    }
  });

  it('does nothing more once all is as wanted', async () => {
    const id = await launch();
    await pass(id);
    const [calls, told] = [world.engine.calls.length, await events(id)];
    await settledAs(id, 'RUNNING');
    expect([world.engine.calls.length, await events(id)]).toEqual([calls, told]);
  });

  it('makes the machine exactly once, wherever passes die', async () => {
    const id = await launch();
    for (const method of ['inspect', 'define', 'start', 'inspect', 'start'] as const) {
      const dying = new AbortController();
      world.engine.before = async (called) => {
        if (called === method) dying.abort(new Error('the worker died'));
      };
      await pass(id, { signal: dying.signal }).catch(() => undefined);
    }
    world.engine.before = async () => undefined;
    await settledAs(id, 'RUNNING');
    expect(world.engine.calls.filter((call) => call.startsWith('define'))).toHaveLength(1);
    expect(world.engine.calls.filter((call) => call.startsWith('start'))).toHaveLength(1);
  });

  it('goes by the newest wish when it changes in the middle', async () => {
    const id = await launch();
    world.engine.before = async (method) => {
      if (method !== 'start') return;
      world.engine.before = async () => undefined;
      await markDeleted(id);
    };
    await pass(id);
    expect((await pass(id)).kind).toBe('gone');
    expect(world.engine.machines.size).toBe(0);
    expect((await events(id)).at(-1)).toBe('INSTANCE_TERMINATED');
  });

  it('does not call settled what changed while it was noted', async () => {
    const id = await launch();
    world.engine.before = async (method) => {
      if (method !== 'start') return;
      world.engine.before = async () => undefined;
      await setPower(id, 'stopped');
    };
    await pass(id);
    const after = await row(id);
    expect(after.observed_version).toBeLessThan(after.version);
    await settledAs(id, 'STOPPED');
  });

  it('has the address of its interface, and gives it back when it goes', async () => {
    const vpcId = await world.insertVpc();
    const id = await launch({ vpcId });
    const wakes = async () =>
      (
        await world.db.owner.query<{ wakes: string }>(`select wakes from reconcile where kind = 'vpc' and id = $1`, [
          vpcId,
        ])
      ).rows[0]?.wakes;
    await settledAs(id, 'RUNNING');
    expect(world.engine.machines.get(world.engine.nameOf(id))?.spec.nic).toEqual({
      vpcId,
      address: '10.0.0.2',
      prefix: 16,
      gateway: '10.0.0.1',
      mac: (await row(id)).mac,
    });
    await markDeleted(id);
    world.engine.failNext('remove', 'failed', 'busy');
    await expect(pass(id)).rejects.toThrow('busy');
    const other = await launch({ vpcId });
    expect((await row(other)).private_ip, 'it is there until its machine is gone').toBe('10.0.0.3');
    expect((await pass(id)).kind).toBe('gone');
    expect(await wakes()).toBe('1');
    const { rows } = await world.db.owner.query('select owner_id from network_interfaces where vpc_id = $1', [vpcId]);
    expect(rows).toEqual([{ owner_id: other }]);
  });
});

describe('drift', () => {
  it.each([
    ['removed behind our back', undefined],
    ['killed', 'stopped'],
    ['frozen', 'frozen'],
    ['broken', 'error'],
  ] as const)('is repaired: %s', async (_, state) => {
    const id = await launch();
    await pass(id);
    await world.clock.advance(60_000);
    world.engine.meddle(id, state);
    await settledAs(id, 'RUNNING');
    expect(world.engine.machines.get(world.engine.nameOf(id))?.state).toBe('running');
  });

  it('of a machine that was removed is told; others are left alone', async () => {
    const [id, other] = [await launch(), await launch()];
    await pass(id);
    await pass(other);
    await world.clock.advance(60_000);
    world.engine.meddle(id, undefined);
    world.engine.calls.length = 0;
    await settledAs(id, 'RUNNING');
    expect(await events(id)).toEqual(['INSTANCE_RUNNING', 'INSTANCE_LOST', 'INSTANCE_RUNNING']);
    expect(world.engine.calls.filter((call) => call.includes(other))).toEqual([]);
  });

  it('is repaired also for one that is to be stopped', async () => {
    const id = await launch();
    await pass(id);
    await setPower(id, 'stopped');
    await pass(id);
    world.engine.meddle(id, 'running');
    await settledAs(id, 'STOPPED');
    expect(world.engine.machines.get(world.engine.nameOf(id))?.state).toBe('stopped');
  });
});

describe('waiting', () => {
  it('for its image shows how far that is, and goes on by itself', async () => {
    const id = await launch();
    world.engine.imageState = { state: 'building', detail: 'step 2 of 4' };
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect(await row(id)).toMatchObject({
      status: 'STARTING',
      status_reason: "waiting for the image 'busybox': step 2 of 4",
      reason_code: 'WAITING_FOR_IMAGE',
    });
    world.engine.imageState = { state: 'building', detail: 'step 3 of 4' };
    await pass(id);
    expect((await row(id)).status_reason).toContain('step 3 of 4');
    world.engine.imageState = { state: 'ready' };
    await settledAs(id, 'RUNNING');
    expect((await row(id)).status_reason).toBeNull();
  });

  it.each([
    [{ state: 'failed', detail: 'no network' } as const, 'could not be built on this host'],
    [{ state: 'absent' } as const, "the image 'busybox' does not exist"],
  ])('for an image that will not come ends in ERROR: %o', async (state, reason) => {
    const id = await launch();
    world.engine.imageState = state;
    await settledAs(id, 'ERROR');
    expect(await row(id)).toMatchObject({
      status_reason: expect.stringContaining(reason),
      reason_code: 'IMAGE_FAILED',
      phase_deadline: null,
    });
    expect(await events(id)).toEqual(['INSTANCE_ERROR']);
    await settledAs(id, 'ERROR');
    expect(await events(id)).toEqual(['INSTANCE_ERROR']);
    world.engine.imageState = { state: 'ready' };
    await setPower(id, 'running');
    await settledAs(id, 'RUNNING');
  });

  it('for its network goes on when that is active, and ends when that is in error', async () => {
    const vpcId = await world.insertVpc();
    const setVpc = (state: string, reason: string | null) =>
      world.db.owner.query('update vpcs set status = $2, status_reason = $3 where id = $1', [vpcId, state, reason]);
    const id = await launch({ vpcId });
    await setVpc('pending', null);
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect(await row(id)).toMatchObject({
      status_reason: expect.stringMatching(/^waiting for its network 'vpc-.*' \(pending\)$/),
      reason_code: 'WAITING_FOR_NETWORK',
    });
    await setVpc('error', 'no bridge');
    await settledAs(id, 'ERROR');
    expect(await row(id)).toMatchObject({
      status_reason: expect.stringContaining('no bridge'),
      reason_code: 'NETWORK_FAILED',
    });
    await setVpc('active', null);
    await setPower(id, 'running');
    await settledAs(id, 'RUNNING');
  });

  it('for the engine says that, and what is missing to the operator only', async () => {
    const id = await launch();
    world.engine.available = { ok: false, missing: 'Incus is not installed' };
    expect(await pass(id)).toMatchObject({ kind: 'again', because: 'Incus is not installed' });
    expect(await row(id)).toMatchObject({
      status: 'STARTING',
      status_reason: 'the host is not available at the moment; the platform continues when it is',
      reason_code: 'WAITING_FOR_ENGINE',
    });
    world.engine.available = { ok: true };
    await settledAs(id, 'RUNNING');
  });

  it('is given up after a quarter of an hour, counted from when it began', async () => {
    const id = await launch();
    world.engine.imageState = { state: 'building', detail: 'slowly' };
    await world.clock.advance(3_600_000);
    expect(await pass(id), 'nobody has waited yet').toMatchObject({ kind: 'again' });
    await world.clock.advance(14 * 60_000);
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    await world.clock.advance(2 * 60_000);
    await settledAs(id, 'ERROR');
    expect(await row(id)).toMatchObject({
      status_reason: expect.stringContaining('gave up after 15 minutes'),
      reason_code: 'IMAGE_FAILED',
    });
  });

  it('for one thing after the other has its own time for each', async () => {
    const vpcId = await world.insertVpc();
    const setVpc = (state: string) => world.db.owner.query('update vpcs set status = $2 where id = $1', [vpcId, state]);
    await setVpc('pending');
    const id = await launch({ vpcId });
    world.engine.imageState = { state: 'building', detail: 'slowly' };
    for (const code of ['WAITING_FOR_NETWORK', 'WAITING_FOR_IMAGE']) {
      for (let minutes = 0; minutes < 14; minutes += 7) {
        expect(await pass(id)).toMatchObject({ kind: 'again' });
        expect((await row(id)).reason_code).toBe(code);
        await world.clock.advance(7 * 60_000);
      }
      await setVpc('active');
    }
    await world.clock.advance(2 * 60_000);
    await settledAs(id, 'ERROR');
  });

  it('restarts for a machine that was lost long after its launch', async () => {
    const id = await launch();
    await pass(id);
    await world.clock.advance(30 * 24 * 3_600_000);
    world.engine.meddle(id, undefined);
    world.engine.imageState = { state: 'building', detail: 'again' };
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect(await status(id)).toBe('STARTING');
  });
});
