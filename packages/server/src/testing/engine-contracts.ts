import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../kernel/engine-error.ts';
import { newId } from '../kernel/ids.ts';
import type { ComputeEngine, MachineRef, MachineSpec } from '../services/instances/compute-engine.ts';
import type { NetworkEngine } from '../services/vpcs/network-engine.ts';

/** An engine that is ready for work, and how to end it. It may hold things of others: the contract looks at its own only. */
export interface EngineUnderTest<Engine> {
  readonly engine: Engine;
  stop(): Promise<void>;
}

/** Longest wait for an image to be built. */
const IMAGE_MS = 300_000;

/** What every adapter of the compute port must do, whatever is behind it. `make` runs once. */
export function describeComputeEngine(name: string, make: () => Promise<EngineUnderTest<ComputeEngine>>): void {
  describe(`${name} as a compute engine`, () => {
    let under: EngineUnderTest<ComputeEngine>;
    let engine: ComputeEngine;
    const made: MachineRef[] = [];
    const newRef = (): MachineRef => {
      const ref = { tenantId: newId(), instanceId: newId() };
      made.push(ref);
      return ref;
    };
    const spec: MachineSpec = {
      image: 'busybox',
      hostname: 'contract-1',
      vcpus: 1,
      memoryMb: 256,
      diskGb: 1,
      networkMbps: 100,
      processes: 64,
      env: { GREETING: 'hello there' },
    };
    const stateOf = async (ref: MachineRef) => (await engine.inspect(ref))?.state;
    const running = async (): Promise<MachineRef> => {
      const ref = newRef();
      await engine.define(ref, spec);
      await engine.start(ref);
      return ref;
    };
    const kindOf = (work: Promise<unknown>) =>
      work.then(
        () => 'no error',
        (error: unknown) => (error instanceof EngineError ? error.kind : `not an EngineError: ${String(error)}`),
      );

    beforeAll(async () => {
      under = await make();
      engine = under.engine;
      const deadline = performance.now() + IMAGE_MS;
      while ((await engine.prepareImage(spec.image)).state === 'building' && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await engine.prepareImage(spec.image)).toEqual({ state: 'ready' });
    }, IMAGE_MS);
    afterAll(async () => {
      for (const ref of made) await engine.remove(ref);
      await under.stop();
    }, 120_000);

    it('is available, and has something to give', async () => {
      expect(await engine.availability()).toEqual({ ok: true });
      const { vcpus, memoryMb, diskGb } = await engine.capacity();
      for (const size of [vcpus, memoryMb, diskGb]) expect(size).toBeGreaterThan(0);
      expect((await engine.images()).get(spec.image)).toEqual({ state: 'ready' });
    });

    it('names a machine by its id alone', () => {
      const id = newId();
      expect(engine.nameOf(id)).toBe(engine.nameOf(id));
      expect(engine.nameOf(id)).not.toBe(engine.nameOf(newId()));
    });

    it('knows nothing of what was not made', async () => {
      const ref = newRef();
      expect(await engine.inspect(ref)).toBeUndefined();
      await engine.stop(ref, 100);
      await engine.remove(ref);
      expect(await kindOf(engine.start(ref))).toBe('not_found');
      expect(await kindOf(engine.exec(ref, { command: ['echo'], timeoutMs: 1000, outputLimit: 100 }))).toBe(
        'not_found',
      );
      expect(await kindOf(engine.logs(ref, 100))).toBe('not_found');
    });

    it('goes from nothing to stopped, running, stopped, nothing; each step twice is as good as once', async () => {
      const ref = newRef();
      for (let i = 0; i < 2; i++) await engine.define(ref, spec);
      expect(await engine.inspect(ref)).toMatchObject({
        name: engine.nameOf(ref.instanceId),
        ...ref,
        state: 'stopped',
      });
      for (let i = 0; i < 2; i++) await engine.start(ref);
      expect(await stateOf(ref)).toBe('running');
      // A running machine is not recreated, and a complete one is not discarded.
      await engine.define(ref, spec);
      await engine.discard(ref);
      expect(await stateOf(ref)).toBe('running');
      for (let i = 0; i < 2; i++) await engine.stop(ref, 2000);
      await engine.discard(ref);
      expect(await stateOf(ref)).toBe('stopped');
      await engine.start(ref);
      expect(await stateOf(ref)).toBe('running');
      for (let i = 0; i < 2; i++) await engine.remove(ref);
      await engine.discard(ref);
      expect(await engine.inspect(ref)).toBeUndefined();
    }, 120_000);

    it('lists every machine with whose it is', async () => {
      const refs = [newRef(), newRef()];
      for (const ref of refs) await engine.define(ref, spec);
      const seen = await engine.list();
      for (const ref of refs)
        expect(seen).toContainEqual({ name: engine.nameOf(ref.instanceId), ...ref, state: 'stopped' });
      await engine.remove(refs[0]!);
      expect((await engine.list()).map((machine) => machine.name)).not.toContain(engine.nameOf(refs[0]!.instanceId));
    }, 120_000);

    it('runs commands: output, exit code, standard input, limits', async () => {
      const ref = await running();
      const exec = (command: string[], more: { stdin?: Uint8Array; timeoutMs?: number; outputLimit?: number } = {}) =>
        engine.exec(ref, { command, timeoutMs: 10_000, outputLimit: 1000, ...more });
      const said = await exec(['echo', 'two', 'words']);
      expect({ ...said, stdout: Buffer.from(said.stdout).toString() }).toMatchObject({
        exitCode: 0,
        stdout: 'two words\n',
        truncated: false,
        timedOut: false,
      });
      expect((await exec(['false'])).exitCode).toBe(1);
      expect((await exec(['no-such-program'])).exitCode).toBe(127);
      expect(Buffer.from((await exec(['cat'], { stdin: Buffer.from('through') })).stdout).toString()).toBe('through');
      expect(await exec(['cat'], { stdin: Buffer.alloc(50, 'x'), outputLimit: 10 })).toMatchObject({
        truncated: true,
        stdout: expect.toSatisfy((out: Uint8Array) => out.length === 10),
      });
      expect(await exec(['sleep', '30'], { timeoutMs: 500 })).toMatchObject({ timedOut: true });
    }, 120_000);

    it('counts the ends of a first process that nobody asked for, and says how the last one was', async () => {
      const began = Date.now() - 1_000;
      for (const [program, code] of [
        ['false', 1],
        ['no-such-program', 127],
      ] as const) {
        const ref = newRef();
        await engine.define(ref, { ...spec, command: [program] });
        expect((await engine.inspect(ref))?.runs).toEqual({ ends: 0 });
        for (const ends of [1, 2]) {
          await engine.start(ref);
          // What cannot live is down by the time that its start is over.
          const seen = await engine.inspect(ref);
          expect(seen).toMatchObject({ state: 'stopped', runs: { ends, lastEnd: { code, oomKilled: false } } });
          expect(seen!.runs!.startedAt).toBeUndefined();
          expect(seen!.runs!.lastEnd!.at).toBeGreaterThanOrEqual(began);
          expect(seen!.runs!.lastEnd!.ranMs).toBeLessThan(10_000);
        }
      }
      const ref = newRef();
      await engine.define(ref, { ...spec, command: ['sleep', '1000'] });
      for (let times = 0; times < 2; times++) {
        await engine.start(ref);
        const { state, runs } = (await engine.inspect(ref))!;
        expect([state, runs?.ends]).toEqual(['running', 0]);
        expect(runs!.startedAt).toBeGreaterThanOrEqual(began);
        await engine.stop(ref, 2000);
        expect(await engine.inspect(ref)).toMatchObject({ state: 'stopped', runs: { ends: 0 } });
      }
    }, 120_000);

    it('reads what a running machine uses, and nothing of one that does not run', async () => {
      const ref = await running();
      const usage = await engine.usage(ref);
      expect(usage).toMatchObject({ vcpus: 1, memoryLimitBytes: 256 * 1024 ** 2, processLimit: 64 });
      expect(Math.abs(usage!.at - Date.now())).toBeLessThan(10_000);
      expect(usage!.disk).toMatchObject({ limitBytes: 1024 ** 3 });
      for (const [part, whole] of [
        [usage!.memoryBytes, usage!.memoryLimitBytes],
        [usage!.disk!.bytes, usage!.disk!.limitBytes],
        [usage!.processes, usage!.processLimit],
      ] as const) {
        expect(part).toBeGreaterThan(0);
        expect(part).toBeLessThan(whole);
      }
      expect(usage!.network).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const later = await engine.usage(ref);
      expect(later!.at).toBeGreaterThan(usage!.at);
      expect(later!.cpuNs).toBeGreaterThanOrEqual(usage!.cpuNs);
      await engine.stop(ref, 2_000);
      expect(await engine.usage(ref)).toBeUndefined();
      await engine.remove(ref);
      expect(await engine.usage(ref)).toBeUndefined();
    }, 120_000);

    it('answers the newest of the console', async () => {
      const ref = await running();
      expect((await engine.logs(ref, 5)).length).toBeLessThanOrEqual(5);
      expect(await engine.logs(ref, 100_000)).toBeInstanceOf(Uint8Array);
    }, 120_000);

    it('lets go of a caller whose signal aborts, and goes on by itself', async () => {
      const aborted = AbortSignal.abort(new Error('the pass is over'));
      const ref = newRef();
      const calls = [
        engine.inspect(ref, aborted),
        engine.define(ref, spec, aborted),
        engine.start(ref, aborted),
        engine.stop(ref, 100, aborted),
        engine.remove(ref, aborted),
        engine.discard(ref, aborted),
        engine.prepareImage(spec.image, aborted),
        engine.logs(ref, 10, aborted),
        engine.usage(ref, aborted),
        engine.exec(ref, { command: ['echo'], timeoutMs: 1000, outputLimit: 10 }, aborted),
      ];
      // All at once: one that rejects while another is waited for would be nobody's.
      await Promise.all(calls.map((call) => expect(call).rejects.toThrow('the pass is over')));
      const there = await running();
      const leaving = new AbortController();
      const long = engine.exec(there, { command: ['sleep', '60'], timeoutMs: 60_000, outputLimit: 10 }, leaving.signal);
      setTimeout(() => leaving.abort(new Error('the caller left')), 300);
      const began = performance.now();
      await expect(long).rejects.toThrow('the caller left');
      expect(performance.now() - began).toBeLessThan(2_000);
      const stopping = new AbortController();
      const stop = engine.stop(there, 10_000, stopping.signal);
      setTimeout(() => stopping.abort(new Error('the pass is over')), 50);
      await stop.catch((error: unknown) => expect(String(error)).toContain('the pass is over'));
      // Interrupted or not, the next caller completes it.
      await engine.stop(there, 10_000);
      expect(await stateOf(there)).toBe('stopped');
    }, 60_000);

    it('tells who watches what changed its state, until told to end', async () => {
      const ref = newRef();
      await engine.define(ref, spec);
      const heard: string[] = [];
      const ending = new AbortController();
      const ended = engine.watch((machine) => heard.push(machine), ending.signal);
      const deadline = performance.now() + 20_000;
      // The stream may need a moment, and misses changes until then.
      while (heard.length === 0 && performance.now() < deadline) {
        await engine.start(ref);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await engine.stop(ref, 500);
      }
      expect(heard).toContain(engine.nameOf(ref.instanceId));
      ending.abort(new Error('enough'));
      await ended;
    }, 120_000);
  });
}

/** What every adapter of the network port must do. `make` runs once. */
export function describeNetworkEngine(name: string, make: () => Promise<EngineUnderTest<NetworkEngine>>): void {
  describe(`${name} as a network engine`, () => {
    let under: EngineUnderTest<NetworkEngine>;
    let engine: NetworkEngine;
    const made: string[] = [];
    let uplinks = 0;
    const newSpec = () => {
      const vpcId = newId();
      made.push(vpcId);
      return { vpcId, cidr: '10.20.0.0/24', uplinkIndex: uplinks++ };
    };
    const seen = async (vpcId: string) =>
      (await engine.list()).find((network) => network.name === engine.nameOf(vpcId));

    beforeAll(async () => {
      under = await make();
      engine = under.engine;
    }, 60_000);
    afterAll(async () => {
      for (const vpcId of made) await engine.remove(vpcId);
      await under.stop();
    }, 60_000);

    it('is available, and names a network by its id alone', async () => {
      expect(await engine.availability()).toEqual({ ok: true });
      const id = newId();
      expect(engine.nameOf(id)).toBe(engine.nameOf(id));
      expect(engine.nameOf(id)).not.toBe(engine.nameOf(newId()));
    });

    it('makes a network and removes it; each twice is as good as once', async () => {
      const spec = newSpec();
      expect(await seen(spec.vpcId)).toBeUndefined();
      for (let i = 0; i < 2; i++) await engine.ensure(spec);
      expect(await seen(spec.vpcId)).toEqual({ name: engine.nameOf(spec.vpcId), healthy: true });
      for (let i = 0; i < 2; i++) await engine.remove(spec.vpcId);
      expect(await seen(spec.vpcId)).toBeUndefined();
    }, 60_000);

    it('holds many with the same addresses', async () => {
      const specs = [newSpec(), newSpec()];
      for (const spec of specs) await engine.ensure(spec);
      for (const spec of specs) expect((await seen(spec.vpcId))?.healthy).toBe(true);
      await engine.remove(specs[0]!.vpcId);
      expect(await seen(specs[0]!.vpcId)).toBeUndefined();
      expect((await seen(specs[1]!.vpcId))?.healthy).toBe(true);
    }, 60_000);

    it('lets go of a caller whose signal aborts', async () => {
      const aborted = AbortSignal.abort(new Error('the pass is over'));
      const spec = newSpec();
      const calls = [
        engine.ensure(spec, aborted),
        engine.setNames(spec.vpcId, [], aborted),
        engine.remove(spec.vpcId, aborted),
      ];
      // All at once: one that rejects while another is waited for would be nobody's.
      await Promise.all(calls.map((call) => expect(call).rejects.toThrow('the pass is over')));
      expect(await seen(spec.vpcId)).toBeUndefined();
      const ending = new AbortController();
      const cut = engine.ensure(spec, ending.signal);
      setTimeout(() => ending.abort(new Error('the pass is over')), 5);
      await cut.catch((error: unknown) => expect(String(error)).toContain('the pass is over'));
      await engine.ensure(spec);
      expect((await seen(spec.vpcId))?.healthy).toBe(true);
    }, 60_000);

    it('takes names, also none, and refuses them for what is not there', async () => {
      const spec = newSpec();
      await expect(engine.setNames(spec.vpcId, [])).rejects.toBeInstanceOf(EngineError);
      await engine.ensure(spec);
      await engine.setNames(spec.vpcId, [{ name: 'web', address: '10.20.0.5' }]);
      await engine.setNames(spec.vpcId, []);
      expect((await seen(spec.vpcId))?.healthy).toBe(true);
    }, 60_000);
  });
}
