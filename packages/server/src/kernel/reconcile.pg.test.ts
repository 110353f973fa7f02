import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type Seeded, seedDatabase } from '../testing/seed.ts';
import { flaky, gate, type LoopOptions, startLoop } from '../testing/worker-loop.ts';
import { systemClock } from './clock.ts';
import { unavailable } from './errors.ts';
import { newId } from './ids.ts';
import { again, gone, type Outcome, type Pass, type RunningReconcilers, settled } from './reconcile.ts';
import { wake } from './reconcile-queue.ts';
import type { Database } from './sql/pool.ts';
import type { Sql } from './sql/tx.ts';

let db: Seeded;
let host: string;
beforeAll(async () => {
  db = await seedDatabase();
  host = await db.makeHost();
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

describe('a pass', () => {
  it('that settles is looked at again after the resync; one that is gone never', async () => {
    const [stays, goes] = [newId(), newId()];
    const one = start(async (pass) => (pass.id === goes ? gone : settled), { resyncMs: 1_000_000 });
    await one.wake(stays);
    await one.wake(goes);
    await eventually('both done', async () => (await one.state(stays))?.leased === null && !(await one.state(goes)));
    const row = (await one.state(stays))!;
    expect(row.due_in).toBeGreaterThan(990);
    expect(row.due_in).toBeLessThanOrEqual(1000);
    expect(row.attempts).toBe(0);
    await eventually('metrics', async () => (await one.metrics.prometheus.metrics()).includes('outcome="gone"} 1'));
  });

  it('that has more to do comes again soon, and that is no failure', async () => {
    let passes = 0;
    const one = start(async () => (++passes < 4 ? again(20, 'not yet') : settled));
    const id = newId();
    await one.wake(id);
    await eventually('settled', () => passes === 4);
    await eventually('noted', async () => (await one.state(id))!.due_in > 100);
    expect((await one.state(id))?.attempts).toBe(0);
  });

  it('that throws backs off with the reason, and other work goes on', async () => {
    const [poison, fine] = [newId(), newId()];
    let poisoned = 0;
    const one = start(
      async (pass) => {
        if (pass.id !== poison) return settled;
        poisoned++;
        throw new Error('cannot be done');
      },
      { concurrency: 1 },
    );
    await one.wake(poison);
    await eventually('failed once', async () => (await one.state(poison))?.last_error === 'cannot be done');
    for (let i = 0; i < 5; i++) {
      await one.wake(fine);
      await eventually('the others go on', async () => ((await one.state(fine))?.due_in ?? 0) > 100);
    }
    expect(poisoned).toBeLessThanOrEqual(2);
    expect((await one.state(poison))?.attempts).toBe(poisoned);
    expect(one.logLines.join()).toContain('it backs off');
  });

  it('may throw what is no error', async () => {
    const one = start(() => Promise.reject('a text'));
    const id = newId();
    await one.wake(id);
    await eventually('noted', async () => (await one.state(id))?.last_error === 'a text');
    const other = start(() => Promise.reject(unavailable('the database is away')));
    await other.wake(id);
    await eventually('noted', async () => (await other.state(id))?.last_error === 'the database is away');
    expect(other.logLines.join()).toContain('given up');
  });

  it.each([
    ['as it is', (database: Database) => database, 2],
    ['not, when settle does not compare the wakes', withoutComparison, 1],
  ])('is followed by another if there was a wake during it: %s', async (_, mutate, expected) => {
    let passes = 0;
    const inside = gate();
    const release = gate();
    const one = start(
      async () => {
        if (++passes === 1) {
          inside.open();
          await release.opened;
        }
        return settled;
      },
      { database: mutate(db.worker) },
    );
    const id = newId();
    await one.wake(id);
    await inside.opened;
    await one.wake(id);
    release.open();
    if (expected === 2) await eventually('the second pass', () => passes === 2);
    await eventually('at rest', async () => (await one.state(id))!.due_in > 100);
    expect(passes).toBe(expected);
  });

  it('never runs twice at once for a thing, nor more than the kind may have', async () => {
    const now = new Set<string>();
    let most = 0;
    let clashes = 0;
    const one = start(
      async (pass) => {
        if (now.has(pass.id)) clashes++;
        now.add(pass.id);
        most = Math.max(most, now.size);
        await systemClock.sleep(30);
        now.delete(pass.id);
        return settled;
      },
      { concurrency: 3 },
    );
    const ids = Array.from({ length: 10 }, () => newId());
    for (let round = 0; round < 3; round++) await Promise.all(ids.map((id) => one.wake(id)));
    await eventually('all at rest', async () =>
      (await Promise.all(ids.map((id) => one.state(id)))).every((row) => (row?.due_in ?? 0) > 100),
    );
    expect([clashes, most]).toEqual([0, 3]);
  });
});

describe('the loop', () => {
  it('finds what nobody announced, and what is due by time', async () => {
    let passes = 0;
    const one = start(async () => {
      passes++;
      return settled;
    });
    const id = newId();
    await db.worker.transaction({ tenantId: '*' }, (sql) =>
      wake(sql, { kind: one.kind, id, tenantId: null, hostId: null }),
    );
    await eventually('the poll', () => passes === 1, 3000);
    await eventually('at rest', async () => (await one.state(id))!.due_in > 100);
    await db.owner.query('update reconcile set due_at = now() where kind = $1', [one.kind]);
    await eventually('the resync', () => passes === 2, 3000);
  });

  it('serves all kinds with one claim, each within its own bound', async () => {
    const release = gate();
    const statements: string[] = [];
    const passes = { slow: 0, quick: 0 };
    const quick = {
      kind: `quick${newId()}`,
      concurrency: 3,
      resyncMs: 3_600_000,
      pass: async () => (passes.quick++, settled),
    };
    const one = start(
      async () => {
        passes.slow++;
        await release.opened;
        return settled;
      },
      {
        concurrency: 2,
        others: [quick],
        database: watched(db.worker, (name) => statements.push(name)),
      },
    );
    await eventually('the first look', () => statements.includes('reconcile.claim'));
    statements.length = 0;
    await db.worker.transaction({ tenantId: '*' }, async (sql) => {
      for (const kind of [one.kind, quick.kind])
        for (let i = 0; i < 5; i++) await wake(sql, { kind, id: newId(), tenantId: null, hostId: null });
    });
    await eventually('what can be done is', () => passes.quick === 5 && passes.slow === 2);
    // The poll found work of both kinds; the rest of the quick ones when those before had ended.
    expect(statements.slice(0, 2)).toEqual(['reconcile.ripen', 'reconcile.claim']);
    expect(statements.indexOf('reconcile.settle')).toBeGreaterThan(1);
    release.open();
    await eventually('the rest', () => passes.slow === 5);
  });

  it('goes round the tenants, with one slot too', async () => {
    const served: (string | null)[] = [];
    const one = start(
      async ({ tenantId }) => {
        served.push(tenantId);
        return settled;
      },
      { concurrency: 1 },
    );
    await db.owner.query(
      `insert into reconcile (kind, id, tenant_id, ready) select $1, gen_random_uuid(), t, true
       from (select gen_random_uuid() as t from generate_series(1, 10)) as tenants cross join generate_series(1, 3)`,
      [one.kind],
    );
    await eventually('all served', () => served.length === 30);
    for (const lap of [0, 10, 20]) expect(new Set(served.slice(lap, lap + 10)).size).toBe(10);
  });

  it('drains a long queue at several hundred passes a second', async () => {
    let passes = 0;
    const one = start(async () => (passes++, settled), { concurrency: 8 });
    const began = performance.now();
    await db.owner.query(
      'insert into reconcile (kind, id, tenant_id) select $1, gen_random_uuid(), gen_random_uuid() from generate_series(1, 2000)',
      [one.kind],
    );
    await eventually('drained', () => passes === 2000, 15_000);
    expect(2000 / ((performance.now() - began) / 1000)).toBeGreaterThan(250);
  });

  it('outlives a database that is away, at the claim and at the end of a pass', async () => {
    let broken = true;
    let passes = 0;
    const inside = gate();
    const one = start(
      async () => {
        passes++;
        broken = true;
        inside.open();
        return settled;
      },
      { database: flaky(db.worker, () => broken) },
    );
    const id = newId();
    await one.wake(id);
    await eventually('a failed claim', () => one.logLines.join().includes('could not claim work'));
    broken = false;
    await inside.opened;
    await eventually('a failed settle', () => one.logLines.join().includes('could not record how a pass ended'));
    broken = false;
    expect(passes).toBe(1);
    expect((await one.state(id))?.leased).toBe(true);
  });

  it('stops: takes nothing new, waits for what runs, and no longer than told', async () => {
    const release = gate();
    const inside = gate();
    let passes = 0;
    const one = start(async () => {
      passes++;
      inside.open();
      await release.opened;
      return settled;
    });
    const id = newId();
    await one.wake(id);
    await inside.opened;
    const began = performance.now();
    await one.worker.stop(100);
    expect(performance.now() - began).toBeGreaterThan(90);
    expect(performance.now() - began).toBeLessThan(2000);
    await one.wake(newId());
    release.open();
    await eventually('still settled', async () => (await one.state(id))?.leased === null);
    expect(passes).toBe(1);
  });
});

function withoutComparison(database: Database): Database {
  return {
    ...database,
    transaction: (scope, work, more) =>
      database.transaction(
        scope,
        (sql: Sql) =>
          work({
            query: (name, text, values) =>
              sql.query(
                name,
                name === 'reconcile.settle'
                  ? text.replace(
                      /due_at = case when wakes = claimed_wakes and nudges = claimed_nudges then (.*?) else now\(\) end/,
                      'due_at = $1',
                    )
                  : text,
                values,
              ),
          }),
        more,
      ),
  };
}

/** Tells the name of every statement. */
function watched(database: Database, onStatement: (name: string) => void): Database {
  return {
    ...database,
    transaction: (scope, work, more) =>
      database.transaction(
        scope,
        (sql: Sql) =>
          work({
            query: (name, text, values) => {
              onStatement(name);
              return sql.query(name, text, values);
            },
          }),
        more,
      ),
  };
}
