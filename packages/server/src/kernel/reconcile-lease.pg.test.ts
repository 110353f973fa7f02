import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { eventually, type Seeded, seedDatabase } from '../testing/seed.ts';
import { flaky, gate, type LoopOptions, startLoop } from '../testing/worker-loop.ts';
import { newId } from './ids.ts';
import { LEASE_MS, type Outcome, type Pass, RELY_MS, type RunningReconcilers, settled } from './reconcile.ts';

let db: Seeded;
let host: string;
beforeAll(async () => {
  db = await seedDatabase();
  host = await db.makeHost();
  await db.owner.query('create table marks (id uuid, mark text); grant all on marks to cloud_worker');
});
afterAll(() => db.drop());
const running: RunningReconcilers[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop(1000)));
});

function start(pass: (pass: Pass) => Promise<Outcome>, options?: LoopOptions) {
  const loop = startLoop(db, host, pass, options);
  running.push(loop.worker);
  return loop;
}

describe('the lease', () => {
  it('is prolonged by a beating heart, for as long as the pass takes', async () => {
    const clock = createManualClock();
    const release = gate();
    const inside = gate();
    let signal: AbortSignal | undefined;
    const one = start(
      async (pass) => {
        signal = pass.signal;
        inside.open();
        await release.opened;
        return settled;
      },
      { clock },
    );
    const id = newId();
    await one.wake(id);
    await inside.opened;
    for (let beat = 1; beat <= 4; beat++) {
      await db.owner.query(`update reconcile set leased_until = now() + interval '2 seconds' where id = $1`, [id]);
      await clock.advance(LEASE_MS / 3);
      await eventually(`beat ${beat}`, async () => ((await one.state(id))?.leased_for ?? 0) > 20);
    }
    expect(signal?.aborted).toBe(false);
    release.open();
    await eventually('over', async () => (await one.state(id))?.leased === null);
  });

  it('that is lost rolls the commit back, and tells the pass', async () => {
    const clock = createManualClock();
    const taken = gate();
    const inside = gate();
    const outcome: { error?: Error; aborted?: boolean } = {};
    const one = start(
      async (pass) => {
        inside.open();
        await taken.opened;
        await eventually('the signal', () => pass.signal.aborted);
        outcome.aborted = pass.signal.aborted;
        await pass
          .commit((sql) => sql.query('test.mark', 'insert into marks values ($1, $2)', [pass.id, 'late']))
          .catch((error: Error) => {
            outcome.error = error;
            throw error;
          });
        return settled;
      },
      { clock },
    );
    const id = newId();
    await one.wake(id);
    await inside.opened;
    await db.owner.query('update reconcile set lease_token = gen_random_uuid() where id = $1', [id]);
    await clock.advance(LEASE_MS / 3);
    taken.open();
    await eventually('the refusal', () => outcome.error !== undefined);
    expect(outcome.error?.message).toContain('no longer ours');
    expect(outcome.aborted).toBe(true);
    expect((await db.owner.query('select * from marks where id = $1', [id])).rows).toEqual([]);
    // The present holder is not disturbed.
    expect(await one.state(id)).toMatchObject({ leased: true, last_error: null });
  });

  it('survives a missed beat', async () => {
    const clock = createManualClock();
    const release = gate();
    const inside = gate();
    let broken = false;
    const one = start(
      async () => {
        inside.open();
        await release.opened;
        return settled;
      },
      { clock, database: flaky(db.worker, () => broken) },
    );
    const id = newId();
    await one.wake(id);
    await inside.opened;
    broken = true;
    await clock.advance(LEASE_MS / 3);
    await eventually('the log', () => one.logLines.join().includes('could not renew the lease of a pass'));
    broken = false;
    await db.owner.query(`update reconcile set leased_until = now() + interval '2 seconds' where id = $1`, [id]);
    await clock.advance(LEASE_MS / 3);
    await eventually('the next beat', async () => ((await one.state(id))?.leased_for ?? 0) > 20);
    release.open();
    await eventually('over', async () => (await one.state(id))?.leased === null);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('no database'))],
    ['hangs', () => new Promise<never>(() => undefined)],
  ])('is given up before another worker may begin, when every beat %s', async (_, beat) => {
    const clock = createManualClock();
    const inside = gate();
    const aborted = gate();
    const one = start(
      async ({ signal }) => {
        signal.addEventListener('abort', () => aborted.open(), { once: true });
        inside.open();
        await aborted.opened;
        throw signal.reason;
      },
      {
        clock,
        database: {
          ...db.worker,
          transaction: (scope, work, more) =>
            more?.signal
              ? Promise.race([
                  beat(),
                  new Promise<never>((_, reject) => more.signal?.addEventListener('abort', reject)),
                ])
              : db.worker.transaction(scope, work, more),
        },
      },
    );
    const id = newId();
    await one.wake(id);
    await inside.opened;
    await clock.advance(RELY_MS - 1);
    expect(one.logLines.join()).not.toContain('given up');
    expect(await one.state(id)).toMatchObject({ leased: true });
    await clock.advance(1);
    await aborted.opened;
    expect(RELY_MS).toBeLessThan(LEASE_MS);
    await eventually('given back', async () => (await one.state(id))?.leased === null);
    expect((await one.state(id))?.last_error).toContain('could not be asked');
  });

  it('that ran out under a pass: what is in hand is not taken a second time, until that pass has ended', async () => {
    const clock = createManualClock();
    const inside = gate();
    const release = gate();
    const passes: string[] = [];
    let together = 0;
    let most = 0;
    const [stuck, next] = [newId(), newId()];
    const one = start(
      async (pass) => {
        passes.push(pass.id);
        if (pass.id !== stuck) return settled;
        most = Math.max(most, ++together);
        inside.open();
        // An engine's call that hears of nothing.
        await release.opened;
        together--;
        return settled;
      },
      { clock, database: flaky(db.worker, () => true, 'reconcile.extend') },
    );
    await one.wake(stuck);
    await inside.opened;
    await clock.advance(LEASE_MS);
    await db.owner.query('update reconcile set leased_until = now(), due_at = now() where id = $1', [stuck]);
    // Claims that come by do find it due, and leave it.
    for (const _ of [1, 2, 3]) {
      await one.wake(stuck);
      await one.wake(next);
      await eventually('the other thing is seen to', async () => ((await one.state(next))?.due_in ?? 0) > 100);
    }
    // A wish begins the count again; a claim would have raised it.
    expect(await one.state(stuck)).toMatchObject({ leased: null, attempts: 0 });
    expect(passes.filter((id) => id === stuck)).toHaveLength(1);
    release.open();
    await eventually('its next pass', () => passes.filter((id) => id === stuck).length === 2);
    await eventually('at rest', async () => ((await one.state(stuck))?.due_in ?? 0) > 100);
    expect(most).toBe(1);
  });

  it('that ran out goes to another worker, and the first hears of it no later than its next beat', async () => {
    const clock = createManualClock();
    const inside = gate();
    const taken = gate();
    const order: string[] = [];
    const first = start(
      async ({ signal }) => {
        signal.addEventListener('abort', () => order.push('the first is told'), { once: true });
        inside.open();
        await taken.opened;
        await eventually('the signal', () => signal.aborted);
        throw signal.reason;
      },
      { clock },
    );
    const id = newId();
    await first.wake(id);
    await inside.opened;
    await db.owner.query('update reconcile set leased_until = now(), due_at = now() where id = $1', [id]);
    const second = start(
      async () => {
        order.push('the second has it');
        taken.open();
        return settled;
      },
      { kind: first.kind },
    );
    await taken.opened;
    await eventually('settled', async () => ((await second.state(id))?.due_in ?? 0) > 100);
    await clock.advance(LEASE_MS / 3);
    await eventually('the signal', () => order.length === 2);
    await eventually('the log', () => first.logLines.join().includes('given up'));
    // Nothing of what the second has settled is undone.
    expect(await second.state(id)).toMatchObject({ attempts: 0, last_error: null });
  });
});
