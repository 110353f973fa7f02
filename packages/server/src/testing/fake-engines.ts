import { setTimeout as sleep } from 'node:timers/promises';
import { abortable } from '../kernel/abortable.ts';
import type { Availability } from '../kernel/availability.ts';
import { EngineError, type EngineErrorKind } from '../kernel/engine-error.ts';
import type {
  ComputeEngine,
  ExecRequest,
  ExecResult,
  HostCapacity,
  ImageState,
  MachineEnd,
  MachineRef,
  MachineSpec,
  MachineUsage,
  SeenMachine,
} from '../services/instances/compute-engine.ts';
import type { NetworkEngine, NetworkName, NetworkSpec, SeenNetwork } from '../services/vpcs/network-engine.ts';
import { type FakeTerminal, openFakeTerminal } from './fake-terminal.ts';

interface Machine {
  readonly ref: MachineRef;
  spec: MachineSpec;
  state: SeenMachine['state'];
  startedAt: number;
  ends: number;
  lastEnd?: MachineEnd;
  readonly console: string[];
  readonly terminals: Set<FakeTerminal>;
}

/** A compute engine in memory, and the hand that meddles with it. */
export interface FakeComputeEngine extends ComputeEngine {
  /** By name. */
  readonly machines: Map<string, Machine>;
  /** Every call that changed something: `define vm-…`. */
  readonly calls: string[];
  available: Availability;
  imageState: ImageState;
  /** The next calls of this method throw; by default once. */
  failNext(method: keyof ComputeEngine, kind: EngineErrorKind, message?: string, times?: number): void;
  /** Runs before each call: to widen a window, or to change the world in the middle. */
  before: (method: string, name: string) => Promise<void>;
  /** Its main process writes this. */
  say(instanceId: string, text: string): void;
  /** Commands that run, terminals aside. */
  running(): number;
  /** Terminals that are open, and logs that are followed. */
  open(): number;
  /** The host's clock. */
  now: () => number;
  /** Its main process ends by itself. */
  end(instanceId: string, how?: { readonly code?: number; readonly oomKilled?: boolean }): void;
  /** What starts next ends at once with these codes, one after the other. */
  readonly endsAtOnce: number[];
  /**
   * Changes a machine behind everybody's back, as a person on the host would; undefined removes it. What stops so has ended by itself. Watchers
   * hear of it.
   */
  meddle(instanceId: string, state: SeenMachine['state'] | undefined): void;
}

export function createFakeComputeEngine(
  capacity: HostCapacity = { vcpus: 8, memoryMb: 16_384, diskGb: 200 },
): FakeComputeEngine {
  const machines = new Map<string, Machine>();
  const calls: string[] = [];
  const watchers = new Set<(name: string) => void>();
  const failures = new Map<string, { error: EngineError; times: number }>();
  /** Who follows a log hears of every change. */
  const followers = new Set<() => void>();
  let commands = 0;
  const nameOf = (instanceId: string) => `fake-${instanceId}`;
  const tell = (name: string) => {
    const machine = machines.get(name);
    if (machine?.state !== 'running') for (const one of machine?.terminals ?? []) one.kill();
    for (const watcher of watchers) watcher(name);
    for (const follower of followers) follower();
  };
  const removeMachine = (name: string): boolean => {
    for (const one of machines.get(name)?.terminals ?? []) one.kill();
    return machines.delete(name);
  };
  const enter = async (method: string, name = '') => {
    await engine.before(method, name);
    const planned = failures.get(method);
    if (!planned) return;
    planned.times--;
    if (planned.times === 0) failures.delete(method);
    throw planned.error;
  };
  /** The work goes on when the signal ends the waiting, as it does in an engine. */
  const doing = <T>(
    method: keyof ComputeEngine,
    { instanceId }: MachineRef,
    signal: AbortSignal | undefined,
    work: (name: string) => Promise<T>,
  ): Promise<T> => {
    const name = nameOf(instanceId);
    return abortable(
      signal,
      enter(method, name).then(() => work(name)),
    );
  };
  const existing = (ref: MachineRef): Machine => {
    const machine = machines.get(nameOf(ref.instanceId));
    if (!machine) throw new EngineError('not_found', `no such machine: ${nameOf(ref.instanceId)}`);
    return machine;
  };
  const running = (ref: MachineRef): Machine => {
    const machine = existing(ref);
    if (machine.state !== 'running') throw new EngineError('unavailable', 'the machine does not run');
    return machine;
  };
  const seen = (name: string, machine: Machine): SeenMachine => ({ name, ...machine.ref, state: machine.state });
  const runsOf = ({ state, startedAt, ends, lastEnd }: Machine): NonNullable<SeenMachine['runs']> => ({
    ends,
    ...(lastEnd ? { lastEnd } : {}),
    ...(state === 'running' ? { startedAt } : {}),
  });
  const endMachine = (machine: Machine, how: { readonly code?: number; readonly oomKilled?: boolean }) => {
    const at = engine.now();
    machine.ends++;
    machine.lastEnd = { oomKilled: false, ...how, at, ranMs: at - machine.startedAt };
    machine.state = 'stopped';
  };
  const change = (method: string, ref: MachineRef, state: SeenMachine['state']) => {
    calls.push(`${method} ${ref.instanceId}`);
    existing(ref).state = state;
    tell(nameOf(ref.instanceId));
  };

  const engine: FakeComputeEngine = {
    machines,
    calls,
    available: { ok: true },
    imageState: { state: 'ready' },
    now: Date.now,
    endsAtOnce: [],
    end(instanceId, how = {}) {
      const machine = machines.get(nameOf(instanceId))!;
      if (machine.state === 'running') endMachine(machine, how);
      tell(nameOf(instanceId));
    },
    before: async () => undefined,
    failNext: (method, kind, message = `made to fail: ${kind}`, times = 1) =>
      void failures.set(method, { error: new EngineError(kind, message), times }),
    say(instanceId, text) {
      machines.get(nameOf(instanceId))!.console.push(text);
      for (const follower of followers) follower();
    },
    running: () => commands,
    open: () => [...machines.values()].reduce((sum, machine) => sum + machine.terminals.size, followers.size),
    meddle(instanceId, state) {
      const machine = machines.get(nameOf(instanceId));
      if (state === undefined) removeMachine(nameOf(instanceId));
      else if (machine?.state === 'running' && state === 'stopped') endMachine(machine, {});
      else if (machine) {
        if (state === 'running') machine.startedAt = engine.now();
        machine.state = state;
      }
      tell(nameOf(instanceId));
    },
    availability: async () => engine.available,
    capacity: async () => capacity,
    nameOf,
    images: async () => new Map([['busybox', engine.imageState]]),
    prepareImage: (_image, signal) =>
      abortable(
        signal,
        enter('prepareImage').then(() => engine.imageState),
      ),
    async list() {
      await enter('list');
      return [...machines].map(([name, machine]) => seen(name, machine));
    },
    inspect: (ref, signal) =>
      doing('inspect', ref, signal, async (name) => {
        const machine = machines.get(name);
        if (!machine || machine.state === 'lost') return machine && seen(name, machine);
        return { ...seen(name, machine), runs: runsOf(machine) };
      }),
    define: (ref, spec, signal) =>
      doing('define', ref, signal, async (name) => {
        if (machines.has(name)) return;
        calls.push(`define ${ref.instanceId}`);
        machines.set(name, { ref, spec, state: 'stopped', startedAt: 0, ends: 0, console: [], terminals: new Set() });
      }),
    start: (ref, signal, spec) =>
      doing('start', ref, signal, async () => {
        const machine = existing(ref);
        if (machine.state === 'running') return;
        if (spec && machine.state === 'stopped') machine.spec = { ...machine.spec, ...spec };
        machine.console.push(`${machine.spec.hostname} starts\n`);
        machine.startedAt = engine.now();
        change('start', ref, 'running');
        const code = engine.endsAtOnce.shift() ?? CODES[machine.spec.command?.[0] ?? ''];
        if (code !== undefined) engine.end(ref.instanceId, { code });
      }),
    stop: (ref, _graceMs, signal) =>
      doing('stop', ref, signal, async (name) => {
        const machine = machines.get(name);
        if (machine && machine.state !== 'stopped') change('stop', ref, 'stopped');
      }),
    remove: (ref, signal) =>
      doing('remove', ref, signal, async (name) => {
        if (!removeMachine(name)) return;
        calls.push(`remove ${ref.instanceId}`);
        tell(name);
      }),
    discard: (ref, signal) =>
      doing('discard', ref, signal, async (name) => {
        if (machines.get(name)?.state !== 'lost') return;
        calls.push(`discard ${ref.instanceId}`);
        machines.delete(name);
      }),
    exec: (ref, request, signal) =>
      doing('exec', ref, signal, async () => {
        running(ref);
        const said = /^echo (.*) > \/dev\/console$/.exec(request.command.at(-1)!)?.[1];
        if (said !== undefined) engine.say(ref.instanceId, `${said}\n`);
        commands++;
        return run(request, signal).finally(() => {
          commands--;
        });
      }),
    openTerminal: (ref, request, signal) =>
      doing('openTerminal', ref, signal, async () => {
        const { terminals } = running(ref);
        const opened = openFakeTerminal(request, signal);
        terminals.add(opened);
        void opened.ended.then(() => terminals.delete(opened));
        return opened.terminal;
      }),
    usage: (ref, signal) =>
      doing('usage', ref, signal, async (name) => {
        const machine = machines.get(name);
        return machine?.state === 'running' ? usageOf(machine, engine.now()) : undefined;
      }),
    logs: (ref, limit, signal) =>
      doing('logs', ref, signal, async () => Buffer.from(existing(ref).console.join('')).subarray(-limit)),
    followLogs: (ref, limit, signal) =>
      doing('followLogs', ref, signal, async (name) => {
        existing(ref);
        return follow(() => machines.get(name)?.console.join(''), limit, followers, signal);
      }),
    trimLogs: () => enter('trimLogs'),
    removeRemains: () => enter('removeRemains'),
    async watch(onChange, signal) {
      await enter('watch');
      watchers.add(onChange);
      await new Promise<void>((resolve) => {
        if (signal.aborted) return resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      watchers.delete(onChange);
    },
  };
  return engine;
}

const MIB = 1024 ** 2;

/** A machine that keeps half of its CPU busy. */
const usageOf = ({ spec, startedAt }: Machine, now: number): MachineUsage => ({
  at: now,
  cpuNs: ((now - startedAt) * 1e6 * spec.vcpus) / 2,
  vcpus: spec.vcpus,
  memoryBytes: 32 * MIB,
  memoryLimitBytes: spec.memoryMb * MIB,
  disk: { bytes: 64 * MIB, limitBytes: spec.diskGb * 1024 * MIB },
  processes: 1,
  processLimit: spec.processes,
  ...(spec.nic ? { network: { rxBytes: 100, txBytes: 200, rxPackets: 1, txPackets: 2 } } : {}),
});

/** Commands of the contract that end at once. */
const CODES: Readonly<Record<string, number>> = { false: 1, 'no-such-program': 127 };

/** What a console says, and then what more it says, until it is gone or the signal aborts. */
async function* follow(
  read: () => string | undefined,
  limit: number,
  followers: Set<() => void>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let wake: () => void = () => undefined;
  const follower = () => wake();
  followers.add(follower);
  signal.addEventListener('abort', follower, { once: true });
  try {
    let text = read();
    if (text) yield Buffer.from(text).subarray(-limit);
    while (text !== undefined && !signal.aborted) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const next = read();
      if (next !== undefined && next !== text) yield Buffer.from(next.slice(text.length));
      else if (next !== undefined) await changed;
      text = next;
    }
  } finally {
    followers.delete(follower);
    signal.removeEventListener('abort', follower);
  }
}

/** The few commands that the contract runs: echo, cat, sleep, false. */
async function run(
  { command, stdin, timeoutMs, outputLimit }: ExecRequest,
  signal: AbortSignal | undefined,
): Promise<ExecResult> {
  // A line for a shell is taken for its words.
  const [program, ...words] = command[0] === '/bin/sh' && command[1] === '-c' ? command[2]!.split(' ') : command;
  const answer = (exitCode: number, stdout: Uint8Array, timedOut = false): ExecResult => ({
    exitCode,
    stdout: stdout.subarray(0, outputLimit),
    stderr: new Uint8Array(),
    truncated: stdout.length > outputLimit,
    timedOut,
  });
  if (program === 'echo') return answer(0, Buffer.from(`${words.join(' ')}\n`));
  if (program === 'cat') return answer(0, stdin ?? new Uint8Array());
  if (program === 'sleep') {
    const ms = Number(words[0]) * 1000;
    await sleep(Math.min(ms, timeoutMs), undefined, { ref: false, ...(signal ? { signal } : {}) });
    return ms > timeoutMs ? answer(137, new Uint8Array(), true) : answer(0, new Uint8Array());
  }
  return answer(program === 'false' ? 1 : 127, new Uint8Array());
}

/** A network engine in memory. */
export interface FakeNetworkEngine extends NetworkEngine {
  readonly networks: Map<string, { readonly spec: NetworkSpec; healthy: boolean; names: readonly NetworkName[] }>;
  readonly calls: string[];
  available: Availability;
  failNext(method: 'ensure' | 'setNames' | 'remove' | 'list', kind: EngineErrorKind, message?: string): void;
  /** Breaks a network behind everybody's back; undefined removes it. */
  meddle(vpcId: string, what: 'broken' | undefined): void;
}

export function createFakeNetworkEngine(): FakeNetworkEngine {
  const networks: FakeNetworkEngine['networks'] = new Map();
  const failures = new Map<string, EngineError>();
  const nameOf = (vpcId: string) => `net-${vpcId}`;
  const enter = (method: string) => {
    const planned = failures.get(method);
    failures.delete(method);
    if (planned) throw planned;
  };
  const engine: FakeNetworkEngine = {
    networks,
    calls: [],
    available: { ok: true },
    failNext: (method, kind, message = `made to fail: ${kind}`) =>
      void failures.set(method, new EngineError(kind, message)),
    meddle(vpcId, what) {
      const network = networks.get(nameOf(vpcId));
      if (what === undefined) networks.delete(nameOf(vpcId));
      else if (network) network.healthy = false;
    },
    availability: async () => engine.available,
    nameOf,
    async ensure(spec, signal) {
      signal?.throwIfAborted();
      enter('ensure');
      const there = networks.get(nameOf(spec.vpcId));
      if (there?.healthy) return;
      engine.calls.push(`ensure ${spec.vpcId}`);
      networks.set(nameOf(spec.vpcId), { spec, healthy: true, names: there?.names ?? [] });
    },
    async setNames(vpcId, names, signal) {
      signal?.throwIfAborted();
      enter('setNames');
      const network = networks.get(nameOf(vpcId));
      if (!network) throw new EngineError('not_found', `no such network: ${nameOf(vpcId)}`);
      network.names = names;
    },
    async remove(vpcId, signal) {
      signal?.throwIfAborted();
      enter('remove');
      if (networks.delete(nameOf(vpcId))) engine.calls.push(`remove ${vpcId}`);
    },
    async list() {
      enter('list');
      return [...networks].map(([name, network]): SeenNetwork => ({ name, healthy: network.healthy }));
    },
  };
  return engine;
}
