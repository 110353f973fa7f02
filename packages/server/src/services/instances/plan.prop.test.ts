import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeenMachine } from './compute-engine.ts';
import { publicStatus } from './instance.ts';
import { plan, type Step, type Wanted } from './plan.ts';

type State = SeenMachine['state'];
type Row = { -readonly [Member in keyof Wanted]: Wanted[Member] };
interface World {
  /** Undefined: forgotten. */
  row: Row | undefined;
  machine: State | undefined;
  /** Machines that were shut down, and starts, since it was made. */
  starts: number;
  stops: number;
}

const fresh = (): World => ({
  row: {
    power: 'running',
    restart_generation: 0,
    deleted_at: null,
    status: 'STARTING',
    status_reason: null,
    version: 1,
    observed_version: null,
    observed_restart: 0,
  },
  machine: undefined,
  starts: 0,
  stops: 0,
});

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
    case 'define':
      world.machine = 'stopped';
      return 'again';
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
      row.status = halfway ? 'STARTING' : step.status;
      row.status_reason = null;
      if (!halfway) row.observed_version = row.version;
      if (step.restarted) row.observed_restart = row.restart_generation;
      return halfway ? 'again' : 'settled';
    }
  }
}

const seenOf = (world: World) => (world.machine === undefined ? undefined : { state: world.machine });

/** Passes until nothing is left to do. Throws when that takes too long. */
function settle(world: World): Step[] {
  const steps: Step[] = [];
  while (world.row) {
    const step = plan(world.row, seenOf(world));
    steps.push(step);
    if (steps.length > 10) throw new Error(`never settles: ${steps.map((one) => one.do).join(', ')}`);
    if (perform(world, step) === 'settled') break;
  }
  return steps;
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
    world.row.status = 'ERROR';
    world.row.status_reason = 'no';
    world.row.observed_version = world.row.version;
  },
  oneStep: (world) => {
    if (world.row) perform(world, plan(world.row, seenOf(world)));
  },
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
        settle(world);
        if (!row || row.deleted_at) expect([world.row, world.machine]).toEqual([undefined, row ? undefined : before]);
        else if (failed) expect(world.machine).toBe(before);
        else {
          expect(world.machine).toBe(row.power);
          expect(publicStatus(row)).toBe(row.power === 'running' ? 'RUNNING' : 'STOPPED');
          expect(row.status_reason).toBeNull();
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
          if (world.row) expect(['remove', 'forget']).toContain(plan(world.row, seenOf(world)).do);
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
            const step = plan(row, seenOf(world)).do;
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
          const step = plan(world.row, seenOf(world)).do;
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
        if (world.row && world.machine !== undefined) expect(plan(world.row, seenOf(world)).do).not.toBe('define');
        if (world.row && world.machine === undefined)
          expect(['define', 'forget', 'nothing']).toContain(plan(world.row, undefined).do);
      }),
    );
  });
});
