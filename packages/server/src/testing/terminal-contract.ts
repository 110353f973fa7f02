import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../kernel/engine-error.ts';
import { newId } from '../kernel/ids.ts';
import type {
  ComputeEngine,
  MachineRef,
  MachineSpec,
  Terminal,
  TerminalOutput,
  TerminalSize,
} from '../services/instances/compute-engine.ts';
import type { EngineUnderTest } from './engine-contracts.ts';
import { heldBytes } from './held-bytes.ts';

/** Longest wait for an image to be built. */
const IMAGE_MS = 300_000;

/** What every adapter of the compute port must do for a caller that runs a command or follows a log. `make` runs once. */
export function describeTerminals(name: string, make: () => Promise<EngineUnderTest<ComputeEngine>>): void {
  describe(`${name} as an engine of terminals`, () => {
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
      hostname: 'contract-2',
      vcpus: 1,
      memoryMb: 256,
      diskGb: 1,
      networkMbps: 100,
      processes: 64,
      env: {},
    };
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
    }, IMAGE_MS);
    afterAll(async () => {
      for (const ref of made) await engine.remove(ref);
      await under.stop();
    }, 120_000);

    it('follows the console: what was written, what comes, over a restart, until the machine is gone', async () => {
      const ref = await running();
      const say = (word: string) =>
        engine.exec(ref, { command: ['sh', '-c', `echo ${word} > /dev/console`], timeoutMs: 10_000, outputLimit: 10 });
      await say('before');
      const followed = collect(await engine.followLogs(ref, 100_000, new AbortController().signal));
      await followed.says('before');
      for (const word of ['one', 'two']) {
        await say(word);
        await followed.says(word, 1_000);
      }
      await engine.stop(ref, 500);
      await engine.start(ref);
      await say('again');
      await followed.says('again', 2_000);
      const lines = followed.text().split(/\r?\n/);
      for (const word of ['before', 'one', 'two', 'again'])
        expect(lines.filter((line) => line === word)).toEqual([word]);
      await engine.remove(ref);
      await followed.ended;
      const ending = new AbortController();
      const other = collect(await engine.followLogs(await running(), 100, ending.signal));
      ending.abort(new Error('enough'));
      await other.ended;
      expect(await kindOf(engine.followLogs(newRef(), 100, ending.signal))).not.toBe('no error');
    }, 120_000);

    const open = async (ref: MachineRef, command: string[], size?: TerminalSize) => {
      const leaving = new AbortController();
      const terminal = await engine.openTerminal(ref, { command, ...(size ? { size } : {}) }, leaving.signal);
      const type = (text: string) => terminal.write(Buffer.from(text));
      const leave = () => leaving.abort(new Error('the caller left'));
      return { terminal, type, leave };
    };

    it('opens a terminal: its size, what is typed, Ctrl-C, exit code', async () => {
      const { terminal, type } = await open(await running(), ['sh'], { rows: 24, cols: 80 });
      const said = collect(bytesOf(terminal));
      await type('stty size\r');
      await said.says('24 80\r\n');
      await terminal.resize({ rows: 50, cols: 132 });
      await type('stty size\r');
      await said.says('50 132\r\n');
      await type('sleep 60\r');
      await new Promise((resolve) => setTimeout(resolve, 300));
      await type('\u0003');
      await said.says('^C');
      await type('echo still here; exit 7\r'.replace('; ', '\r'));
      await said.ended;
      expect(said.text()).toContain('\r\nstill here\r\n');
      expect(await terminal.exitCode()).toBe(7);
      await expect(type('more')).rejects.toThrow();
    }, 60_000);

    it('talks with a command that has no terminal: outputs apart, end of input, signals', async () => {
      const ref = await running();
      const sh = await open(ref, ['sh']);
      let errors = '';
      const said = collect(
        bytesOf(sh.terminal, 'stdout', (text) => {
          errors += text;
        }),
      );
      await sh.type('echo out\nno-such-program\nexit 3\n');
      await said.ended;
      expect([said.text(), await sh.terminal.exitCode()]).toEqual(['out\n', 3]);
      expect(errors).toMatch(/^sh: .*not found\n$/);

      const cat = await open(ref, ['cat']);
      const echoed = collect(bytesOf(cat.terminal));
      await cat.type('a'.repeat(200_000));
      await cat.terminal.closeInput();
      await echoed.ended;
      expect([echoed.text().length, await cat.terminal.exitCode()]).toEqual([200_000, 0]);

      const told = await open(ref, ['cat']);
      const heard = collect(bytesOf(told.terminal));
      await told.type('it runs');
      await heard.says('it runs');
      await told.terminal.signal('TERM');
      await heard.ended;
      expect(await told.terminal.exitCode()).toBe(143);

      for (const size of [undefined, { rows: 24, cols: 80 }]) {
        const none = await open(ref, ['no-such-program'], size);
        const complaint = collect(bytesOf(none.terminal, size ? 'stdout' : 'stderr'));
        await complaint.ended;
        expect(complaint.text()).toContain('not found');
        expect(await none.terminal.exitCode()).toBe(127);
      }
    }, 60_000);

    it('ends a terminal when the caller leaves, and when the machine stops', async () => {
      const ref = await running();
      for (const size of [undefined, { rows: 24, cols: 80 }]) {
        const left = await open(ref, ['cat'], size);
        const silent = collect(bytesOf(left.terminal));
        left.leave();
        await expect(silent.ended).rejects.toThrow('the caller left');
        const stopped = await open(ref, ['cat'], size);
        const ended = collect(bytesOf(stopped.terminal));
        await stopped.type('it runs\n');
        await ended.says('it runs');
        await engine.stop(ref, 500);
        await ended.ended;
        expect(await stopped.terminal.exitCode()).toBeGreaterThan(128);
        expect(await kindOf(open(ref, ['true']))).toBe('unavailable');
        await engine.start(ref);
      }
      expect(await kindOf(open(newRef(), ['true']))).toBe('not_found');
    }, 60_000);

    it('holds little of what is not taken, either way', async () => {
      const ref = await running();
      const loud = await open(ref, ['yes']);
      const output = loud.terminal.output[Symbol.asyncIterator]();
      expect((await output.next()).done).toBe(false);
      const before = await heldBytes();
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await heldBytes()) - before).toBeLessThan(500_000);
      for (let i = 0; i < 100; i++) expect((await output.next()).done).toBe(false);
      loud.leave();

      const deaf = await open(ref, ['sleep', '60']);
      let taken = 0;
      const feed = (async () => {
        for (;;) {
          await deaf.type('x'.repeat(65_536));
          taken += 65_536;
        }
      })();
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(taken).toBeLessThan(4_000_000);
      deaf.leave();
      await expect(feed).rejects.toThrow();
    }, 60_000);
  });
}

/** What comes, as it comes. */
function collect(chunks: AsyncIterable<Uint8Array>) {
  let text = '';
  let wake: () => void = () => undefined;
  const ended = (async () => {
    for await (const chunk of chunks) {
      text += Buffer.from(chunk).toString();
      wake();
    }
  })();
  ended.catch(() => undefined).finally(() => wake());
  return {
    text: () => text,
    ended,
    async says(word: string, withinMs = 10_000) {
      const deadline = performance.now() + withinMs;
      while (!text.includes(word)) {
        if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: '${word}' in '${text}'`);
        await Promise.race([
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
          new Promise((resolve) => setTimeout(resolve, 50)),
        ]);
      }
    },
  };
}

/** One of a terminal's outputs; the other is told. */
async function* bytesOf(
  terminal: Terminal,
  wanted: TerminalOutput['from'] = 'stdout',
  other: (text: string) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  for await (const { from, bytes } of terminal.output) {
    if (from === wanted) yield bytes;
    else other(Buffer.from(bytes).toString());
  }
}
