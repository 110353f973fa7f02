import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeenMachine } from './compute-engine.ts';
import { publicStatus } from './instance.ts';
import { hasFailed, MIN_RUN_MS, plan, type Step, type Wanted } from './plan.ts';

type State = SeenMachine['state'];
type Row = { -readonly [Member in keyof Wanted]: Wanted[Member] };
interface World {
  /** Undefined: forgotten. */
  row: Row | undefined;
  machine: State | undefined;
  now: number;
  /** Since it was made: machines that were shut down, starts, losses that were told. */
  stops: number;
  starts: number;
  losses: number;
}

const fresh = (): World => ({
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
    started_at: null,
  },
  machine: undefined,
  now: 1_000_000,
  stops: 0,
  starts: 0,
  losses: 0,
});

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
      setStatus(row, 'STARTING', { phase: 'making' });
      world.losses++;
      return 'again';
    case 'define':
      world.machine = 'stopped';
      return 'again';
    case 'rest':
      setStatus(row, 'STARTING', { reason_code: 'RESTING', phase_deadline: step.until });
      return 'settled';
    case 'start':
      world.machine = 'running';
      world.starts++;
      return 'again';
    case 'stop':
      if (world.machine === 'running') world.stops++;
      world.machine = 'stopped';
      return 'again';
    case 'note': {
      const halfway = step.restarted && row.power === 'running';
      const startedAt = row.status === 'RUNNING' ? row.started_at : new Date(world.now);
      setStatus(row, halfway ? 'STARTING' : step.status, {
        ...(halfway ? {} : { phase: 'made' as const }),
        started_at: step.status === 'RUNNING' ? startedAt : null,
      });
      if (!halfway) row.observed_version = row.version;
      if (step.restarted) row.observed_restart = row.restart_generation;
      return halfway ? 'again' : 'settled';
    }
  }
}

const planOf = (world: World) => plan(world.row!, seenOf(world), world.now);
const seenOf = (world: World) => (world.machine === undefined ? undefined : { state: world.machine });

/** One pass: steps until nothing is left to do, or until it has to rest. Throws when that takes too long. */
function settle(world: World): Step[] {
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
function settleRested(world: World): Step[] {
  const steps = settle(world);
  if (steps.at(-1)?.do !== 'rest') return steps;
  world.now += MIN_RUN_MS;
  return [...steps, ...settle(world)];
}

type Move = (world: World) => void;
const edit =
  (change: (row: Row) => void): Move =>
  (world) => {
    if (!world.row || world.row.deleted_at) return;
    change(world.row);
    world.row.version++;
  };
const EDITS: Record<string, Move> = {
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
const MISCHIEF: Record<string, Move> = {
  removed: (world) => void (world.machine = undefined),
  killed: meddle('stopped'),
  started: meddle('running'),
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
  aWhile: (world) => void (world.now += MIN_RUN_MS),
};
const MOVES = { ...EDITS, ...MISCHIEF };
const moves = fc.array(fc.constantFrom(...Object.keys(MOVES)), { maxLength: 25 });
const play = (world: World, names: readonly string[]) => {
  for (const name of names) MOVES[name]!(world);
};

describe('any story of edits, mischief and passes that die', () => {
  it('ends as wanted within ten steps, and stays so', () => {
    fc.assert(
      fc.property(moves, (names) => {
        const world = fresh();
        play(world, names);
        const { row } = world;
        const failed = row?.status === 'ERROR' && row.observed_version === row.version && !row.deleted_at;
        const before = world.machine;
        settleRested(world);
        if (!row || row.deleted_at) expect([world.row, world.machine]).toEqual([undefined, row ? undefined : before]);
        else if (failed) expect(world.machine).toBe(before);
        else {
          expect(world.machine).toBe(row.power);
          expect(publicStatus(row)).toBe(row.power === 'running' ? 'RUNNING' : 'STOPPED');
          expect([row.reason_code, row.phase]).toEqual([null, 'made']);
        }
        // At rest nothing moves any more.
        if (world.row) expect(settle(world).map((step) => step.do)).toEqual(['nothing']);
      }),
      { numRuns: 2000 },
    );
  });

  it('never brings back what is to be deleted', () => {
    fc.assert(
      fc.property(moves, fc.array(fc.constantFrom(...Object.keys(MISCHIEF)), { maxLength: 10 }), (before, after) => {
        const world = fresh();
        play(world, before);
        if (!world.row) return;
        world.row.deleted_at = new Date(0);
        for (const name of after) {
          if (world.row) expect(['remove', 'forget']).toContain(planOf(world).do);
          MOVES[name]!(world);
        }
        settle(world);
        expect([world.row, world.machine]).toEqual([undefined, undefined]);
      }),
      { numRuns: 1000 },
    );
  });

  it('stops a machine that runs only for who wants it stopped, restarted or gone', () => {
    fc.assert(
      fc.property(moves, (names) => {
        const world = fresh();
        for (const name of [...names, ...Array<string>(10).fill('oneStep')]) {
          const { row } = world;
          if (name === 'oneStep' && row && world.machine === 'running') {
            const step = planOf(world).do;
            if (step === 'stop')
              expect(row.power === 'stopped' || row.observed_restart < row.restart_generation).toBe(true);
            if (step === 'remove') expect(row.deleted_at).not.toBeNull();
            expect(['define', 'start', 'forget']).not.toContain(step);
          }
          MOVES[name]!(world);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('reboots once for each wish that it has seen, wherever a pass dies', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 }), (deaths) => {
        const world = fresh();
        settle(world);
        expect([world.starts, world.stops]).toEqual([1, 0]);
        for (const [index, steps] of deaths.entries()) {
          EDITS.reboot!(world);
          // The pass dies after so many steps; another one goes on.
          for (let i = 0; i < steps; i++) MISCHIEF.oneStep!(world);
          settle(world);
          expect([world.starts, world.stops]).toEqual([2 + index, 1 + index]);
        }
      }),
    );
  });

  it('removes only what is to be deleted, and discards only what is lost', () => {
    fc.assert(
      fc.property(moves, (names) => {
        const world = fresh();
        play(world, names);
        for (let steps = 0; world.row && steps < 10; steps++) {
          const step = planOf(world).do;
          if (step === 'remove') expect(world.row.deleted_at).not.toBeNull();
          if (step === 'discard') expect([world.machine, world.row.deleted_at]).toEqual(['lost', null]);
          MISCHIEF.oneStep!(world);
        }
      }),
    );
  });

  it('makes a machine only where there is none', () => {
    fc.assert(
      fc.property(moves, (names) => {
        const world = fresh();
        play(world, names);
        if (world.row && world.machine !== undefined) expect(planOf(world).do).not.toBe('define');
        const step = world.row ? planOf(world).do : 'nothing';
        // By then people see that it is on its way, and nothing of an earlier failure.
        if (step === 'define' || step === 'discard')
          expect(world.row).toMatchObject({ status: 'STARTING', phase: 'making' });
        if (step === 'start') expect(['STARTING', 'STOPPED']).toContain(world.row!.status);
        if (world.row && world.machine === undefined)
          expect(['define', 'lose', 'begin', 'forget', 'nothing']).toContain(planOf(world).do);
      }),
    );
  });

  it('tells no loss of one that was rebooted before anybody saw it run', () => {
    const world = fresh();
    play(world, ['oneStep', 'reboot', 'oneStep', 'removed']);
    settle(world);
    expect([world.losses, world.machine, world.row!.phase]).toEqual([0, 'running', 'made']);
  });

  it('tells each loss once, wherever a pass dies, and none of what people never saw', () => {
    fc.assert(
      fc.property(moves, (names) => {
        const world = fresh();
        // What was seen running or stopped, and is not there any more, is a loss that is still to be told.
        let seen = false;
        for (const name of names) {
          const told = world.losses;
          const wasThere = world.machine !== undefined && world.machine !== 'lost';
          MOVES[name]!(world);
          if (world.losses > told) {
            expect([seen, wasThere]).toEqual([true, false]);
            seen = false;
          }
          if (world.row && ['RUNNING', 'STOPPED'].includes(world.row.status)) seen = true;
        }
        const { row, losses } = world;
        const isMissing = world.machine === undefined || world.machine === 'lost';
        const isDue = row !== undefined && !row.deleted_at && !hasFailed(row) && row.phase === 'made' && isMissing;
        settleRested(world);
        expect(world.losses - losses).toBe(isDue ? 1 : 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('starts what ends by itself at most once in five seconds, unless its owner wishes it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('killed', 'aMoment', 'aWhile', 'pass', 'frozen'), { maxLength: 40 }),
        (names) => {
          const world = fresh();
          settle(world);
          let lastStart = world.now;
          for (const name of names) {
            const before = world.starts;
            if (name === 'pass') settle(world);
            else MOVES[name]!(world);
            expect(world.starts - before).toBeLessThanOrEqual(1);
            if (world.starts === before) continue;
            expect(world.now - lastStart).toBeGreaterThanOrEqual(MIN_RUN_MS);
            lastStart = world.now;
          }
          if (world.machine === 'running') return;
          const before = world.starts;
          EDITS.start!(world);
          settle(world);
          expect(world.starts).toBe(before + 1);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
