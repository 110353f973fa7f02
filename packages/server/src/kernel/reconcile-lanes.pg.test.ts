import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type Seeded, seedDatabase } from '../testing/seed.ts';
import { gate, type LoopOptions, startLoop } from '../testing/worker-loop.ts';
import { newId } from './ids.ts';
import { type Outcome, parked, type Pass, type RunningReconcilers, settled } from './reconcile.ts';
import { claim } from './reconcile-queue.ts';

// Whose passes run at the same time, and what runs apart.

let db: Seeded;
let host: string;
beforeAll(async () => {
  db = await seedDatabase();
  host = await db.makeHost();
});
afterAll(() => db.drop());
const running: RunningReconcilers[] = [];
const gates: (() => void)[] = [];
afterEach(async () => {
  for (const open of gates.splice(0)) open();
  await Promise.all(running.splice(0).map((one) => one.stop(1000)));
});

function start(pass: (pass: Pass) => Promise<Outcome>, options?: LoopOptions) {
  const loop = startLoop(db, host, pass, options);
  running.push(loop.worker);
  return loop;
}

/** A pass that hangs for some tenants, and who is in it. */
function hanging(isStuck: (pass: Pass) => boolean) {
  const { opened, open } = gate();
  gates.push(open);
  const inside: string[] = [];
  const done: string[] = [];
  const pass = async (pass: Pass): Promise<Outcome> => {
    if (isStuck(pass)) {
      inside.push(pass.id);
      await opened;
    }
    done.push(pass.id);
    return settled;
  };
  return { pass, inside, done };
}

const newIds = (count: number) => Array.from({ length: count }, () => newId());

describe('the lanes of a kind', () => {
  it.each([
    [8, 4],
    [5, 3],
    [1, 1],
  ])('%i of them: passes of one tenant that hang hold %i, and others go on in the rest', async (concurrency, share) => {
    const [greedy, modest] = [newId(), newId()];
    const { pass, inside, done } = hanging(({ tenantId }) => tenantId === greedy);
    const loop = start(pass, { concurrency });
    for (const id of newIds(3 * concurrency)) await loop.wake(id, greedy);
    await eventually('it hangs', () => inside.length === share);
    const others = newIds(concurrency);
    for (const id of others) await loop.wake(id, modest);
    if (concurrency > share) await eventually('others are served', () => others.every((id) => done.includes(id)));
    expect(inside).toHaveLength(share);
  });

  it('are not held by two tenants that hang, from a third: each has its share, and what is left goes round', async () => {
    const tenants = newIds(3);
    const claimed = await db.worker.transaction({ tenantId: '*' }, async (sql) => {
      await db.owner.query(
        `insert into reconcile (kind, id, tenant_id, ready) select 'round', gen_random_uuid(), t, true from unnest($1::uuid[]) as t, generate_series(1, 9)`,
        [tenants],
      );
      const busy = tenants.slice(0, 2).map((tenant) => ({ tenant, count: 2 }));
      return claim(sql, [{ kind: 'round', slots: 3, after: null, share: 2, busy }], [], host, 30_000);
    });
    expect(claimed.map(({ tenant_id }) => tenant_id)).toEqual([tenants[2], tenants[2]]);
  });

  it('are all for what belongs to no tenant', async () => {
    const { pass, inside } = hanging(() => true);
    const loop = start(pass, { concurrency: 4 });
    for (const id of newIds(6)) await loop.wake(id);
    await eventually('all hang', () => inside.length === 4);
  });
});

describe('parked work', () => {
  it('leaves its lane, is listed as stuck, and is tried after a minute, then rarely', async () => {
    const loop = start(async () => parked('process 7 does not end'), { concurrency: 2 });
    const id = newId();
    await loop.wake(id, newId());
    await eventually('it is parked', async () => (await loop.state(id))?.parked === true);
    const row = (await loop.state(id))!;
    expect(row).toMatchObject({ leased: null, attempts: 5, last_error: 'process 7 does not end' });
    expect(row.due_in).toBeGreaterThan(55);
    for (const minutes of [2, 4, 8, 10, 10]) {
      await db.owner.query('update reconcile set due_at = now() where kind = $1 and id = $2', [loop.kind, id]);
      await eventually('it is tried', async () => (await loop.state(id))!.due_in > 60 * minutes - 5, 5_000);
      expect((await loop.state(id))!.due_in).toBeLessThan(60 * minutes + 1);
    }
  });

  it('holds no lane of other work, however much of it hangs, not even when it is woken', async () => {
    const tenants = newIds(3);
    const stuck = newIds(12);
    const tried: string[] = [];
    const { opened, open } = gate();
    gates.push(open);
    const loop = start(
      async ({ id, attempts }) => {
        if (!stuck.includes(id)) return settled;
        tried.push(id);
        if (attempts > 1) await opened;
        return parked('it hangs');
      },
      { concurrency: 2 },
    );
    for (const [index, id] of stuck.entries()) await loop.wake(id, tenants[index % 3]);
    await eventually('all are parked', async () =>
      (await Promise.all(stuck.map((id) => loop.state(id)))).every((row) => row?.parked),
    );
    await db.owner.query('update reconcile set attempts = 5, due_at = now() where kind = $1', [loop.kind]);
    tried.length = 0;
    const fine = newIds(6);
    for (const id of fine) await loop.wake(id, tenants[0]);
    await eventually('others are served', async () =>
      (await Promise.all(fine.map((id) => loop.state(id)))).every((row) => row!.due_in > 1_000),
    );
    await eventually('some are tried', () => tried.length === 2);
    for (const id of stuck) await loop.wake(id, tenants[0]);
    const more = newId();
    await loop.wake(more, tenants[1]);
    await eventually('one more is served', async () => (await loop.state(more))!.due_in > 1_000);
    expect(tried, 'two of all kinds at the same time').toHaveLength(2);
  });

  it('is ordinary work once a pass succeeds, and is tried at once when it is woken', async () => {
    let hangs = true;
    const loop = start(async () => (hangs ? parked('not yet') : settled));
    const id = newId();
    await loop.wake(id, newId());
    await eventually('it is parked', async () => (await loop.state(id))?.parked === true);
    hangs = false;
    await loop.wake(id);
    await eventually('it is settled', async () => (await loop.state(id))?.parked === false);
    expect(await loop.state(id)).toMatchObject({ attempts: 0, leased: null });
  });
});
