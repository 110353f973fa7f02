import type { Availability } from '../kernel/availability.ts';
import { EngineError, type EngineErrorKind } from '../kernel/engine-error.ts';
import type {
  ComputeEngine,
  ExecRequest,
  ExecResult,
  HostCapacity,
  ImageState,
  MachineRef,
  MachineSpec,
  SeenMachine,
} from '../services/instances/compute-engine.ts';
import type { NetworkEngine, NetworkName, NetworkSpec, SeenNetwork } from '../services/vpcs/network-engine.ts';

interface Machine {
  readonly ref: MachineRef;
  readonly spec: MachineSpec;
  state: SeenMachine['state'];
  readonly console: string[];
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
  /** Changes a machine behind everybody's back, as a person on the host would; undefined removes it. Watchers hear of it. */
  meddle(instanceId: string, state: SeenMachine['state'] | undefined): void;
}

export function createFakeComputeEngine(
  capacity: HostCapacity = { vcpus: 8, memoryMb: 16_384, diskGb: 200 },
): FakeComputeEngine {
  const machines = new Map<string, Machine>();
  const calls: string[] = [];
  const watchers = new Set<(name: string) => void>();
  const failures = new Map<string, { error: EngineError; times: number }>();
  const nameOf = (instanceId: string) => `fake-${instanceId}`;
  const tell = (name: string) => {
    for (const watcher of watchers) watcher(name);
  };
  const enter = async (method: string, name = '') => {
    await engine.before(method, name);
    const planned = failures.get(method);
    if (!planned) return;
    planned.times--;
    if (planned.times === 0) failures.delete(method);
    throw planned.error;
  };
  const existing = (ref: MachineRef): Machine => {
    const machine = machines.get(nameOf(ref.instanceId));
    if (!machine) throw new EngineError('not_found', `there is no machine ${nameOf(ref.instanceId)}`);
    return machine;
  };
  const seen = (name: string, machine: Machine): SeenMachine => ({ name, ...machine.ref, state: machine.state });
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
    before: async () => undefined,
    failNext: (method, kind, message = `made to fail: ${kind}`, times = 1) =>
      void failures.set(method, { error: new EngineError(kind, message), times }),
    meddle(instanceId, state) {
      const machine = machines.get(nameOf(instanceId));
      if (state === undefined) machines.delete(nameOf(instanceId));
      else if (machine) machine.state = state;
      tell(nameOf(instanceId));
    },
    availability: async () => engine.available,
    capacity: async () => capacity,
    nameOf,
    images: async () => new Map([['busybox', engine.imageState]]),
    async prepareImage() {
      await enter('prepareImage');
      return engine.imageState;
    },
    async list() {
      await enter('list');
      return [...machines].map(([name, machine]) => seen(name, machine));
    },
    async inspect(ref) {
      await enter('inspect', nameOf(ref.instanceId));
      const machine = machines.get(nameOf(ref.instanceId));
      return machine && seen(nameOf(ref.instanceId), machine);
    },
    async define(ref, spec) {
      await enter('define', nameOf(ref.instanceId));
      if (machines.has(nameOf(ref.instanceId))) return;
      calls.push(`define ${ref.instanceId}`);
      machines.set(nameOf(ref.instanceId), { ref, spec, state: 'stopped', console: [] });
    },
    async start(ref) {
      await enter('start', nameOf(ref.instanceId));
      const machine = existing(ref);
      if (machine.state === 'running') return;
      machine.console.push(`${machine.spec.hostname} starts\n`);
      change('start', ref, 'running');
    },
    async stop(ref) {
      await enter('stop', nameOf(ref.instanceId));
      const machine = machines.get(nameOf(ref.instanceId));
      if (machine && machine.state !== 'stopped') change('stop', ref, 'stopped');
    },
    async remove(ref) {
      await enter('remove', nameOf(ref.instanceId));
      if (!machines.delete(nameOf(ref.instanceId))) return;
      calls.push(`remove ${ref.instanceId}`);
      tell(nameOf(ref.instanceId));
    },
    async discard(ref) {
      await enter('discard', nameOf(ref.instanceId));
      if (machines.get(nameOf(ref.instanceId))?.state !== 'lost') return;
      calls.push(`discard ${ref.instanceId}`);
      machines.delete(nameOf(ref.instanceId));
    },
    async exec(ref, request) {
      await enter('exec', nameOf(ref.instanceId));
      if (existing(ref).state !== 'running') throw new EngineError('failed', 'the machine does not run');
      return run(request);
    },
    async logs(ref, limit) {
      await enter('logs', nameOf(ref.instanceId));
      return Buffer.from(existing(ref).console.join('')).subarray(-limit);
    },
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

/** The few commands that the contract runs: echo, cat, sleep, false. */
function run({ command, stdin, timeoutMs, outputLimit }: ExecRequest): ExecResult {
  const [program, ...words] = command;
  const answer = (exitCode: number, stdout: Uint8Array, timedOut = false): ExecResult => ({
    exitCode,
    stdout: stdout.subarray(0, outputLimit),
    stderr: new Uint8Array(),
    truncated: stdout.length > outputLimit,
    timedOut,
  });
  if (program === 'echo') return answer(0, Buffer.from(`${words.join(' ')}\n`));
  if (program === 'cat') return answer(0, stdin ?? new Uint8Array());
  if (program === 'sleep')
    return Number(words[0]) * 1000 > timeoutMs ? answer(137, new Uint8Array(), true) : answer(0, new Uint8Array());
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
    async ensure(spec) {
      enter('ensure');
      const there = networks.get(nameOf(spec.vpcId));
      if (there?.healthy) return;
      engine.calls.push(`ensure ${spec.vpcId}`);
      networks.set(nameOf(spec.vpcId), { spec, healthy: true, names: there?.names ?? [] });
    },
    async setNames(vpcId, names) {
      enter('setNames');
      const network = networks.get(nameOf(vpcId));
      if (!network) throw new EngineError('not_found', `there is no network ${nameOf(vpcId)}`);
      network.names = names;
    },
    async remove(vpcId) {
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
