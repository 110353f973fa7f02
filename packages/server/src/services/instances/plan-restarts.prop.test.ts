import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EDITS, fresh, MISCHIEF, MOVES, moves, play, settle, settleRested } from '../../testing/plan-world.ts';
import { FIRST_GAP_MS, GOOD_RUN_MS, gapOf, hasFailed, restsUntil } from './plan.ts';

describe('what ends by itself', () => {
  it('starts what ends by itself in gaps that double up to five minutes, unless its owner wishes it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('killed', 'aMoment', 'aWhile', 'pass', 'frozen'), { maxLength: 60 }),
        (names) => {
          const world = fresh();
          settle(world);
          let lastStart = world.now;
          for (const name of names) {
            const before = world.starts;
            const gap = gapOf(world.row!.crashes + (world.runs.ends > world.row!.observed_ends ? 1 : 0));
            const ended = world.ends > world.told || world.row!.reason_code === 'RESTING';
            if (name === 'pass') settle(world);
            else MOVES[name]!(world);
            expect(world.starts - before).toBeLessThanOrEqual(1);
            if (world.starts === before) continue;
            if (ended) expect(world.now - lastStart).toBeGreaterThanOrEqual(gap);
            lastStart = world.now;
          }
          settle(world);
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

  it('tells every end by itself once, wherever passes die, and also when it runs again by the next look', () => {
    const kept = Object.keys(MOVES).filter((name) => !['removed', 'lost', 'delete'].includes(name));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...kept), { maxLength: 40 }), (names) => {
        const world = fresh();
        play(world, names);
        if (hasFailed(world.row!)) return;
        settleRested(world);
        expect(world.told).toBe(world.ends);
        expect(world.row!.observed_ends).toBe(world.runs.ends);
      }),
      { numRuns: 2000 },
    );
  });

  it('says since when the present run lasts', () => {
    fc.assert(
      fc.property(moves, (names) => {
        const world = fresh();
        play(world, names);
        settleRested(world);
        if (world.row?.status === 'RUNNING') expect(world.row.started_at?.getTime()).toBe(world.runs.startedAt);
      }),
    );
  });

  it('rests for no longer than its gap, whatever the clock does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
        fc.integer({ min: 1, max: 8 }),
        (jump, crashes) => {
          const world = fresh();
          settle(world);
          world.row!.crashes = crashes - 1;
          MISCHIEF.killed!(world);
          if (jump % 2 === 0) settle(world);
          world.now += jump;
          const steps = settle(world);
          if (steps.at(-1)?.do !== 'rest') return;
          expect(restsUntil(world.row!, world.now)!.getTime() - world.now).toBeLessThanOrEqual(gapOf(crashes));
          world.now += gapOf(crashes);
          settle(world);
          expect(world.machine).toBe('running');
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('tells an end also where the count of its ends was lost, and rests', () => {
    const world = fresh();
    settle(world);
    Object.assign(world.row!, { observed_ends: 50, crashes: 3 });
    MISCHIEF.killed!(world);
    expect(settle(world).map((step) => step.do)).toEqual(['tell', 'rest']);
    expect([world.told, world.row!.observed_ends, world.row!.crashes]).toEqual([1, 1, 4]);
    settleRested(world);
    expect(world.row!.status).toBe('RUNNING');
  });

  it('forgets earlier ends after ten minutes of running, and starts at once what ran for longer than its gap', () => {
    const world = fresh();
    settle(world);
    world.row!.crashes = 6;
    world.now += GOOD_RUN_MS;
    MISCHIEF.killed!(world);
    settle(world);
    expect([world.machine, world.row!.crashes]).toEqual(['running', 1]);
    world.now += 2 * FIRST_GAP_MS;
    MISCHIEF.killed!(world);
    settle(world);
    expect([world.machine, world.row!.crashes]).toEqual(['running', 2]);
  });
});
