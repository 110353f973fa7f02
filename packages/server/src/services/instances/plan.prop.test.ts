import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EDITS, fresh, MISCHIEF, MOVES, moves, planOf, play, settle, settleRested } from '../../testing/plan-world.ts';
import { publicStatus } from './instance.ts';
import { hasFailed } from './plan.ts';

describe('any story of edits, mischief and passes that die', () => {
  it('ends as wanted within ten steps, and stays so', () => {
    fc.assert(
      fc.property(moves, (names) => {
        const world = fresh();
        play(world, names);
        const { row } = world;
        const failed = row !== undefined && hasFailed(row) && !row.deleted_at;
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
});
