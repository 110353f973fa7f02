import fc from 'fast-check';
import type { MachineRuns, SeenMachine } from '../services/instances/compute-engine.ts';
import { FIRST_GAP_MS, hasFailed, LONGEST_GAP_MS, plan, type Step, type Wanted } from '../services/instances/plan.ts';

type State = SeenMachine['state'];
type Row = { -readonly [Member in keyof Wanted]: Wanted[Member] };
export interface World {
  /** Undefined: forgotten. */
  row: Row | undefined;
  machine: State | undefined;
  /** What the engine has counted of it. */
  runs: { -readonly [Member in keyof MachineRuns]: MachineRuns[Member] };
  now: number;
  /** Since it was made: machines that were shut down, starts, losses and ends that were told, ends that there were. */
  stops: number;
  starts: number;
  losses: number;
  told: number;
  ends: number;
}

export const fresh = (): World => ({
  row: {
    power: 'running',
    restart_generation: 0,
    deleted_at: null,
    status: 'STARTING',
    reason_code: null,
    phase: 'making',
    phase_deadline: null,
    version: 1,
    observed_version: null,
    observed_restart: 0,
    observed_ends: 0,
    crashes: 0,
    started_at: null,
  },
  machine: undefined,
  runs: { ends: 0 },
  now: 1_000_000,
  stops: 0,
  starts: 0,
  losses: 0,
  told: 0,
  ends: 0,
});

/** Its first process ends by itself. */
function endByItself(world: World): void {
  if (world.machine === 'running') {
    world.ends++;
    world.runs.ends++;
    world.runs.lastEnd = { at: world.now, ranMs: world.now - world.runs.startedAt!, oomKilled: false };
  }
  world.machine = 'stopped';
  delete world.runs.startedAt;
}

/** As the reconciler writes it. */
const setStatus = (row: Row, status: Row['status'], more: Partial<Row> = {}) =>
  Object.assign(row, { status, reason_code: null, phase_deadline: null, started_at: null, ...more });

/** What a pass does with a step: one call of the engine, or one commit. */
function perform(world: World, step: Step): 'settled' | 'again' {
  const row = world.row!;
  switch (step.do) {
    case 'nothing':
      return 'settled';
    case 'remove':
      world.machine = undefined;
      return 'again';
    case 'discard':
      if (world.machine === 'lost') world.machine = undefined;
      return 'again';
    case 'forget':
      world.row = undefined;
      return 'settled';
    case 'begin':
      setStatus(row, 'STARTING');
      return 'again';
    case 'lose':
      setStatus(row, 'STARTING', { phase: 'making', observed_ends: 0 });
      world.losses++;
      return 'again';
    case 'define':
      world.machine = 'stopped';
      world.runs = { ends: 0 };
      return 'again';
    case 'tell':
      world.told += step.news;
      Object.assign(row, { observed_ends: step.ends, crashes: step.crashes });
      if (step.next === 'unchanged') return 'again';
      if (!step.until) setStatus(row, 'STARTING');
      else {
        const { until } = step;
        setStatus(row, 'ERROR', { reason_code: 'RESTING', phase_deadline: until, observed_version: row.version });
      }
      return 'again';
    case 'rest':
      row.phase_deadline = step.until;
      return 'settled';
    case 'start':
      world.machine = 'running';
      world.runs.startedAt = world.now;
      world.starts++;
      return 'again';
    case 'stop':
      if (world.machine === 'running') world.stops++;
      world.machine = 'stopped';
      delete world.runs.startedAt;
      return 'again';
    case 'note': {
      const halfway = step.restarted && row.power === 'running';
      setStatus(row, halfway ? 'STARTING' : step.status, {
        ...(halfway ? {} : { phase: 'made' as const }),
        started_at: step.status === 'RUNNING' ? new Date(world.runs.startedAt!) : null,
      });
      if (!halfway) {
        if (row.observed_version !== row.version) row.crashes = 0;
        row.observed_version = row.version;
        row.observed_ends = world.runs.ends;
      }
      if (step.restarted) row.observed_restart = row.restart_generation;
      return halfway ? 'again' : 'settled';
    }
  }
}

export const planOf = (world: World) => plan(world.row!, seenOf(world), world.now);
const seenOf = ({ machine, runs }: World) =>
  machine === undefined ? undefined : machine === 'lost' ? { state: machine } : { state: machine, runs };

/** One pass: steps until nothing is left to do, or until it has to rest. Throws when that takes too long. */
export function settle(world: World): Step[] {
  const steps: Step[] = [];
  while (world.row) {
    const step = planOf(world);
    steps.push(step);
    if (steps.length > 10) throw new Error(`never settles: ${steps.map((one) => one.do).join(', ')}`);
    if (perform(world, step) === 'settled') break;
  }
  return steps;
}

/** As settle, and on after each rest. */
export function settleRested(world: World): Step[] {
  const steps = settle(world);
  if (steps.at(-1)?.do !== 'rest') return steps;
  world.now += LONGEST_GAP_MS;
  return [...steps, ...settle(world)];
}

type Move = (world: World) => void;
/** As a person on the host does. */
const startByHand: Move = (world) => {
  if (!world.machine || world.machine === 'lost' || world.machine === 'running') return;
  world.machine = 'running';
  world.runs.startedAt = world.now;
};
const edit =
  (change: (row: Row) => void): Move =>
  (world) => {
    if (!world.row || world.row.deleted_at) return;
    change(world.row);
    world.row.version++;
  };
export const EDITS: Record<string, Move> = {
  stop: edit((row) => void (row.power = 'stopped')),
  start: edit((row) => void (row.power = 'running')),
  reboot: edit((row) => void (row.restart_generation += row.power === 'running' ? 1 : 0)),
  delete: edit((row) => void (row.deleted_at = new Date(0))),
};
/** What is not there, or only in name, stays so. */
const meddle =
  (state: State): Move =>
  (world) => {
    if (world.machine && world.machine !== 'lost') world.machine = state;
  };
/** What the world does behind our back, and a pass that dies after each of its steps. */
export const MISCHIEF: Record<string, Move> = {
  removed: (world) => void (world.machine = undefined),
  killed: (world) => {
    if (world.machine && world.machine !== 'lost') endByItself(world);
  },
  endedAndStarted: (world) => {
    if (world.machine !== 'running') return;
    endByItself(world);
    startByHand(world);
  },
  clockSetBack: (world) => void (world.now -= 3_600_000),
  clockSetForward: (world) => void (world.now += 3_600_000),
  started: startByHand,
  frozen: meddle('frozen'),
  broken: meddle('error'),
  lost: meddle('lost'),
  engineRefused: (world) => {
    if (!world.row || world.row.deleted_at) return;
    setStatus(world.row, 'ERROR', { reason_code: 'ENGINE_FAILED', observed_version: world.row.version });
  },
  engineFailed: (world) => {
    if (world.row && !hasFailed(world.row)) world.row.reason_code = 'ENGINE_FAILED';
  },
  oneStep: (world) => {
    if (world.row) perform(world, planOf(world));
  },
  aMoment: (world) => void (world.now += 1_000),
  aWhile: (world) => void (world.now += FIRST_GAP_MS),
};
export const MOVES = { ...EDITS, ...MISCHIEF };
export const moves = fc.array(fc.constantFrom(...Object.keys(MOVES)), { maxLength: 25 });
export const play = (world: World, names: readonly string[]) => {
  for (const name of names) MOVES[name]!(world);
};
