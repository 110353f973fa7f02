import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { createQuietNotifier, eventually, type Seeded, seedDatabase } from '../testing/seed.ts';
import { memoryLog } from '../testing/test-api.ts';
import { type Clock, systemClock } from './clock.ts';
import { unavailable } from './errors.ts';
import { newId } from './ids.ts';
import { createMetrics } from './metrics.ts';
import {
  again,
  gone,
  LEASE_MS,
  type Outcome,
  type Pass,
  type RunningReconcilers,
  settled,
  startReconcilers,
} from './reconcile.ts';
import { wake, WAKE_CHANNEL } from './reconcile-queue.ts';
import type { Database } from './sql/pool.ts';
import type { Sql } from './sql/tx.ts';

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

let kinds = 0;
/** One worker of a kind of its own that does what the test says. */
function start(
  pass: (pass: Pass) => Promise<Outcome>,
  options: {
    clock?: Clock;
    database?: Database;
    concurrency?: number;
    resyncMs?: number;
    slowdown?: () => Promise<void>;
  } = {},
) {
  const kind = `loop${++kinds}`;
  const notifier = createQuietNotifier();
  const logLines: string[] = [];
  const metrics = createMetrics();
  const worker = startReconcilers(
    [{ kind, concurrency: options.concurrency ?? 2, resyncMs: options.resyncMs ?? 3_600_000, pass }],
    {
      database: options.database ?? db.worker,
      notifier,
      clock: options.clock ?? systemClock,
      log: memoryLog(logLines),
      metrics,
      hostId: host,
      random: () => 0.5,
      ...(options.slowdown ? { slowdown: options.slowdown } : {}),
    },
  );
  running.push(worker);
  return {
    worker,
    logLines,
    metrics,
    kind,
    wake: async (id: string) => {
      await db.worker.transaction({ tenantId: '*' }, (sql) => wake(sql, { kind, id, tenantId: null, hostId: null }));
      notifier.tell(WAKE_CHANNEL, kind);
    },
    state: async (id: string) =>
      (
        await db.owner.query(
          `select *, leased_until > now() as leased, extract(epoch from due_at - now())::float8 as due_in,
             extract(epoch from leased_until - now())::float8 as leased_for from reconcile where kind = $1 and id = $2`,
          [kind, id],
        )
      ).rows[0],
  };
}

/** A gate that a pass waits at. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('a pass', () => {
  it('that settles is looked at again after the resync; one that is gone never', async () => {
    const [stays, goes] = [newId(), newId()];
    const one = start(async (pass) => (pass.id === goes ? gone : settled), { resyncMs: 1_000_000 });
    await one.wake(stays);
    await one.wake(goes);
    await eventually('both done', async () => (await one.state(stays))?.leased === null && !(await one.state(goes)));
    const row = await one.state(stays);
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
    await eventually('noted', async () => (await one.state(id)).due_in > 100);
    expect((await one.state(id)).attempts).toBe(0);
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
    await eventually('failed once', async () => (await one.state(poison)).last_error === 'cannot be done');
    for (let i = 0; i < 5; i++) {
      await one.wake(fine);
      await eventually('the others go on', async () => (await one.state(fine))?.due_in > 100);
    }
    expect(poisoned).toBeLessThanOrEqual(2);
    expect((await one.state(poison)).attempts).toBe(poisoned);
    expect(one.logLines.join()).toContain('it backs off');
  });

  it('may throw what is no error', async () => {
    const one = start(() => Promise.reject('a text'));
    const id = newId();
    await one.wake(id);
    await eventually('noted', async () => (await one.state(id)).last_error === 'a text');
    const other = start(() => Promise.reject(unavailable('the database is away')));
    await other.wake(id);
    await eventually('noted', async () => (await other.state(id)).last_error === 'the database is away');
    expect(other.logLines.join()).toContain('given up');
  });

  it.each([
    ['as it is', (database: Database) => database, 2],
    ['not, when settle does not compare the wakes', withoutComparison, 1],
  ])('is followed by another when a wake came meanwhile: %s', async (_, mutate, expected) => {
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
    await eventually('at rest', async () => (await one.state(id)).due_in > 100);
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
      (await Promise.all(ids.map((id) => one.state(id)))).every((row) => row?.due_in > 100),
    );
    expect([clashes, most]).toEqual([0, 3]);
  });
});

describe('the lease', () => {
  it('is prolonged by a beating heart', async () => {
    const clock = createManualClock();
    const release = gate();
    const inside = gate();
    const one = start(
      async () => {
        inside.open();
        await release.opened;
        return settled;
      },
      { clock },
    );
    const id = newId();
    await one.wake(id);
    await inside.opened;
    await db.owner.query(`update reconcile set leased_until = now() + interval '2 seconds' where id = $1`, [id]);
    await clock.advance(LEASE_MS / 3);
    await eventually('a beat', async () => (await one.state(id)).leased_for > 20);
    release.open();
    await eventually('over', async () => (await one.state(id)).leased === null);
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
    // Whoever has it now is not disturbed.
    expect(await one.state(id)).toMatchObject({ leased: true, last_error: null });
  });

  it('survives a missed beat', async () => {
    const clock = createManualClock();
    const release = gate();
    const inside = gate();
    let broken = false;
    const flaky: Database = {
      ...db.worker,
      transaction: (scope, work, more) =>
        broken ? Promise.reject(new Error('no database')) : db.worker.transaction(scope, work, more),
    };
    const one = start(
      async () => {
        inside.open();
        await release.opened;
        return settled;
      },
      { clock, database: flaky },
    );
    const id = newId();
    await one.wake(id);
    await inside.opened;
    broken = true;
    await clock.advance(LEASE_MS / 3);
    await eventually('the log', () => one.logLines.join().includes('heart missed a beat'));
    broken = false;
    await db.owner.query(`update reconcile set leased_until = now() + interval '2 seconds' where id = $1`, [id]);
    await clock.advance(LEASE_MS / 3);
    await eventually('the next beat', async () => (await one.state(id)).leased_for > 20);
    release.open();
    await eventually('over', async () => (await one.state(id)).leased === null);
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
    await eventually('at rest', async () => (await one.state(id)).due_in > 100);
    await db.owner.query('update reconcile set due_at = now() where kind = $1', [one.kind]);
    await eventually('the resync', () => passes === 2, 3000);
  });

  it('outlives a database that is away, at the claim and at the end of a pass', async () => {
    let broken = true;
    let passes = 0;
    const inside = gate();
    const flaky: Database = {
      ...db.worker,
      transaction: (scope, work, more) =>
        broken ? Promise.reject(new Error('no database')) : db.worker.transaction(scope, work, more),
    };
    const one = start(
      async () => {
        passes++;
        broken = true;
        inside.open();
        return settled;
      },
      { database: flaky },
    );
    const id = newId();
    await one.wake(id);
    await eventually('a failed claim', () => one.logLines.join().includes('could not claim work'));
    broken = false;
    await inside.opened;
    await eventually('a failed settle', () => one.logLines.join().includes('could not note a failed pass'));
    broken = false;
    expect(passes).toBe(1);
    expect((await one.state(id)).leased).toBe(true);
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
    await eventually('settled all the same', async () => (await one.state(id)).leased === null);
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
                  ? text.replace(/due_at = case when wakes = claimed_wakes then (.*?) else now\(\) end/, 'due_at = $1')
                  : text,
                values,
              ),
          }),
        more,
      ),
  };
}
