import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callerWithKey, type Seeded, seedDatabase, show } from '../testing/seed.ts';
import { newId } from './ids.ts';
import { claim, extendLease, fail, forget, isHeld, nudge, releaseHostLeases, settle, wake } from './reconcile-queue.ts';
import type { Sql } from './sql/tx.ts';

let db: Seeded;
let host: string;
let otherHost: string;
beforeAll(async () => {
  db = await seedDatabase();
  host = await db.makeHost();
  otherHost = await db.makeHost();
});
afterAll(() => db.drop());

let kinds = 0;
const newKind = () => `kind${++kinds}`;
const all = <T>(work: (sql: Sql) => Promise<T>) => db.worker.transaction({ tenantId: '*' }, work);
const wakeOne = (kind: string, id: string, tenantId: string | null = null, hostId: string | null = null) =>
  all((sql) => wake(sql, { kind, id, tenantId, hostId }));
const claimSome = (kind: string, slots = 10, hostId = host, after: string | null = null) =>
  all((sql) => claim(sql, [{ kind, slots, after }], [], hostId, 30_000));
interface State {
  readonly attempts: number;
  readonly due_in: number;
  readonly leased: boolean;
  readonly priority: number;
  readonly last_error: string | null;
  readonly host_id: string | null;
}
const stateOf = async (kind: string, id: string): Promise<State | undefined> =>
  (
    await db.owner.query<State>(
      `select attempts, extract(epoch from due_at - now())::float8 as due_in, leased_until > now() as leased, priority, last_error, host_id
       from reconcile where kind = $1 and id = $2`,
      [kind, id],
    )
  ).rows[0];
const makeDue = (kind: string) =>
  db.owner.query(`update reconcile set due_at = now() - interval '1 ms' where kind = $1`, [kind]);

describe('a claim', () => {
  it('is given once, to one of many who ask at once', async () => {
    const kind = newKind();
    const ids = Array.from({ length: 40 }, () => newId());
    for (const id of ids) await wakeOne(kind, id);
    const claims = (await Promise.all(Array.from({ length: 10 }, () => claimSome(kind, 7)))).flat();
    expect(new Set(claims.map((held) => held.id)).size).toBe(claims.length);
    claims.push(...(await claimSome(kind, 100)));
    expect(claims.map((held) => held.id).sort()).toEqual([...ids].sort());
    expect(await claimSome(kind, 100)).toEqual([]);
  });

  it('charges the back-off at once: half a second, doubling, at most a minute', async () => {
    const kind = newKind();
    const id = newId();
    await wakeOne(kind, id);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 10; attempt++) {
      const [held] = await claimSome(kind);
      expect(held!.attempts).toBe(attempt + 1);
      waits.push((await stateOf(kind, id))!.due_in);
      // The process dies here: nobody settles, the lease runs out.
      await db.owner.query('update reconcile set leased_until = null where kind = $1', [kind]);
      expect(await claimSome(kind)).toEqual([]);
      await makeDue(kind);
    }
    for (const [index, wait] of waits.entries()) {
      const expected = Math.min(60, 0.5 * 2 ** index);
      expect(wait).toBeGreaterThan(expected - 0.45);
      expect(wait).toBeLessThanOrEqual(expected);
    }
  });

  it('goes to the host that owns the thing, or to any', async () => {
    const kind = newKind();
    const [mine, theirs, free] = [newId(), newId(), newId()];
    await wakeOne(kind, mine, null, host);
    await wakeOne(kind, theirs, null, otherHost);
    await wakeOne(kind, free);
    expect((await claimSome(kind)).map((held) => held.id).sort()).toEqual([mine, free].sort());
    expect((await claimSome(kind, 10, otherHost)).map((held) => held.id)).toEqual([theirs]);
    // A wake that knows no host leaves the one that is known.
    await wakeOne(kind, mine);
    expect((await stateOf(kind, mine))!.host_id).toBe(host);
  });

  it('is fair between tenants: who wakes many waits, who wakes one does not', async () => {
    const kind = newKind();
    const [greedy, modest, third] = await Promise.all([db.makeTenant(), db.makeTenant(), db.makeTenant()]);
    for (let i = 0; i < 30; i++) await wakeOne(kind, newId(), greedy.tenantId);
    await wakeOne(kind, newId(), modest.tenantId);
    await wakeOne(kind, newId(), third.tenantId);
    const tenants = (await claimSome(kind, 4)).map((held) => held.tenant_id);
    expect(tenants).toContain(modest.tenantId);
    expect(tenants).toContain(third.tenantId);
    expect(tenants.filter((tenant) => tenant === greedy.tenantId)).toHaveLength(2);
  });

  it('takes of several kinds at once, of each no more than asked for', async () => {
    const [one, other, idle] = [newKind(), newKind(), newKind()];
    for (const kind of [one, other]) for (let i = 0; i < 5; i++) await wakeOne(kind, newId());
    const wanted = [one, other, idle].map((kind, index) => ({ kind, slots: index + 2, after: null }));
    const claims = await all((sql) => claim(sql, wanted, [], host, 30_000));
    expect(claims.map((held) => held.kind).sort()).toEqual([one, one, other, other, other]);
  });

  it('leaves what is in hand, also when its lease has run out', async () => {
    const kind = newKind();
    const ids = [newId(), newId(), newId()];
    for (const id of ids) await wakeOne(kind, id);
    const [held] = await claimSome(kind, 1);
    await db.owner.query('update reconcile set leased_until = now(), due_at = now() where kind = $1', [kind]);
    const again = await all((sql) => claim(sql, [{ kind, slots: 10, after: null }], [held!], host, 30_000));
    expect(again.map((one) => one.id).sort()).toEqual(ids.filter((id) => id !== held!.id).sort());
    // What was found to have run out is nobody's.
    expect(await all((sql) => extendLease(sql, held!, 30_000))).toBe(false);
    expect((await claimSome(kind)).map((one) => one.id)).toEqual([held!.id]);
  });

  it('prefers what somebody waits for to what is only due for a look', async () => {
    const kind = newKind();
    const tenant = await db.makeTenant();
    const [resync, woken] = [newId(), newId()];
    await wakeOne(kind, resync, tenant.tenantId);
    const [held] = await claimSome(kind);
    await all((sql) => settle(sql, held!, 0));
    await db.owner.query(`update reconcile set due_at = now() - interval '1 hour' where kind = $1`, [kind]);
    await wakeOne(kind, woken, tenant.tenantId);
    expect((await claimSome(kind, 1)).map((one) => one.id)).toEqual([woken]);
    expect((await claimSome(kind, 1)).map((one) => one.id)).toEqual([resync]);
  });
});

describe('a clock that was set back', () => {
  it('leaves nothing asleep or leased for longer than its kind ever sleeps', async () => {
    const kind = newKind();
    const [asleep, leased, within] = [newId(), newId(), newId()];
    for (const id of [asleep, leased, within]) await wakeOne(kind, id);
    const held = await claimSome(kind);
    for (const one of held) if (one.id !== leased) await all((sql) => settle(sql, one, 0));
    const set = (id: string, change: string) => db.owner.query(`update reconcile set ${change} where id = $1`, [id]);
    // An hour ago, by a clock that was an hour ahead.
    await set(asleep, `ready = false, due_at = now() + interval '1 hour 10 seconds'`);
    await set(leased, `leased_until = now() + interval '1 hour 30 seconds'`);
    await set(within, `ready = false, due_at = now() + interval '9 minutes'`);
    const wanted = [{ kind, slots: 10, after: null, longestNapMs: 600_000 }];
    const found = await all((sql) => claim(sql, wanted, [], host, 30_000));
    expect(found.map((one) => one.id).sort()).toEqual([asleep, leased].sort());
  });
});

describe('a nudge', () => {
  const nudgeOne = (kind: string, id: string) => all((sql) => nudge(sql, { kind, id, tenantId: null, hostId: null }));

  it('asks for a pass of what is new, asleep, or has a pass that ends well', async () => {
    const kind = newKind();
    const id = newId();
    await nudgeOne(kind, id);
    const [first] = await claimSome(kind);
    expect(first!.id).toBe(id);
    await nudgeOne(kind, id);
    expect(await claimSome(kind), 'it belongs to the pass that runs').toEqual([]);
    await all((sql) => settle(sql, first!, 3_600_000));
    const [second] = await claimSome(kind);
    expect(second!.id).toBe(id);
    await all((sql) => settle(sql, second!, 3_600_000));
    expect(await claimSome(kind)).toEqual([]);
    await nudgeOne(kind, id);
    const [third] = await claimSome(kind);
    await nudgeOne(kind, id);
    await all((sql) => forget(sql, third!));
    expect(await claimSome(kind)).toHaveLength(1);
  });

  it('shortens no back-off and counts no try, before the failure or after it; a wish does', async () => {
    const kind = newKind();
    const id = newId();
    await wakeOne(kind, id);
    // An engine that tells of each try, eight times in half a second.
    for (let times = 0; times < 8; times++) {
      const [held] = await claimSome(kind);
      if (times === 0) expect(held).toMatchObject({ attempts: 1, failing_ms: 0 });
      else expect(held).toBeUndefined();
      await nudgeOne(kind, id);
      if (held) await all((sql) => fail(sql, held, 'no'));
      await nudgeOne(kind, id);
    }
    expect(await stateOf(kind, id)).toMatchObject({ attempts: 1 });
    expect((await stateOf(kind, id))!.due_in).toBeGreaterThan(0);
    await wakeOne(kind, id);
    expect((await claimSome(kind))[0]).toMatchObject({ attempts: 1 });
  });

  it('finds since when it has failed at each claim, until a pass ends well', async () => {
    const kind = newKind();
    const id = newId();
    await wakeOne(kind, id);
    const [first] = await claimSome(kind);
    await all((sql) => fail(sql, first!, 'no'));
    await db.owner.query(
      `update reconcile set due_at = now(), failing_since = now() - interval '3 minutes' where kind = $1`,
      [kind],
    );
    const [second] = await claimSome(kind);
    expect(second!.attempts).toBe(2);
    expect(second!.failing_ms).toBeGreaterThanOrEqual(180_000);
    await all((sql) => settle(sql, second!, 0, 'given up: /srv/x'));
    expect((await stateOf(kind, id))!.last_error).toBe('given up: /srv/x');
    expect((await claimSome(kind))[0], 'it stays on the list').toMatchObject({ attempts: 6, failing_ms: 0 });
  });
});

describe('a wake', () => {
  it('is not lost when it comes during a pass: settled, failed or gone, the row is due again', async () => {
    for (const end of [
      (sql: Sql, held: Parameters<typeof settle>[1]) => settle(sql, held, 3_600_000),
      (sql: Sql, held: Parameters<typeof settle>[1]) => fail(sql, held, 'no'),
      forget,
    ]) {
      const kind = newKind();
      const id = newId();
      await wakeOne(kind, id);
      const [held] = await claimSome(kind);
      await wakeOne(kind, id);
      // It belongs to the pass that runs until that has ended.
      expect(await claimSome(kind)).toEqual([]);
      await all((sql) => end(sql, held!));
      expect((await claimSome(kind)).map((one) => one.id)).toEqual([id]);
    }
  });

  it('is lost when settle does not compare: the test above can fail', async () => {
    const kind = newKind();
    const id = newId();
    await wakeOne(kind, id);
    const [held] = await claimSome(kind);
    await wakeOne(kind, id);
    await all((sql) => settle(withoutComparison(sql), held!, 3_600_000));
    expect(await claimSome(kind)).toEqual([]);
  });

  it('cuts a back-off short', async () => {
    const kind = newKind();
    const id = newId();
    await wakeOne(kind, id);
    const [held] = await claimSome(kind);
    await all((sql) => fail(sql, held!, 'x'.repeat(3000)));
    expect(await claimSome(kind)).toEqual([]);
    expect((await stateOf(kind, id))!.last_error).toHaveLength(2000);
    await wakeOne(kind, id);
    const [again] = await claimSome(kind);
    expect(again!.attempts, 'a wish begins the count again').toBe(1);
  });

  it('counts for nothing when its transaction is rolled back', async () => {
    const kind = newKind();
    await all(async (sql) => {
      await wake(sql, { kind, id: newId(), tenantId: null, hostId: null });
      throw new Error('changed my mind');
    }).catch(() => undefined);
    expect(await claimSome(kind)).toEqual([]);
  });

  it('may come from the API in its own tenant, and from the operator by the key of one', async () => {
    const operator = await callerWithKey(db, await db.makeTenant());
    await db.owner.query(`update users set role = 'admin' where id = $1`, [operator.caller.userId]);
    await db.owner.query('update api_keys set all_tenants = true where id = $1', [operator.keyId]);
    for (const role of ['api', 'operator'] as const) {
      const kind = newKind();
      const { tenantId } = await db.makeTenant();
      const id = newId();
      for (let i = 0; i < 2; i++)
        await db[role].transaction({ tenantId }, async (sql) => {
          if (role === 'operator') await show(sql, operator.caller);
          await wake(sql, { kind, id, tenantId, hostId: null });
        });
      expect(await claimSome(kind)).toHaveLength(1);
    }
  });
});

describe('a lease', () => {
  it('is prolonged, checked and settled by its token only', async () => {
    const kind = newKind();
    const id = newId();
    await wakeOne(kind, id);
    const [held] = await claimSome(kind);
    const stale = { ...held!, lease_token: newId() };
    expect(await all((sql) => extendLease(sql, held!, 60_000))).toBe(true);
    expect(await all((sql) => extendLease(sql, stale, 60_000))).toBe(false);
    expect(await all((sql) => isHeld(sql, held!))).toBe(true);
    expect(await all((sql) => isHeld(sql, stale))).toBe(false);
    for (const end of [
      () => all((sql) => settle(sql, stale, 0)),
      () => all((sql) => fail(sql, stale, 'x')),
      () => all((sql) => forget(sql, stale)),
    ]) {
      await end();
      expect(await stateOf(kind, id)).toMatchObject({ leased: true, attempts: 1 });
    }
    await all((sql) => forget(sql, held!));
    expect(await stateOf(kind, id)).toBeUndefined();
  });

  it('that has run out goes to another, and the old token is worth nothing', async () => {
    const kind = newKind();
    await wakeOne(kind, newId());
    const [old] = await claimSome(kind);
    await db.owner.query('update reconcile set leased_until = now(), due_at = now() where kind = $1', [kind]);
    const [fresh] = await claimSome(kind);
    expect(fresh!.lease_token).not.toBe(old!.lease_token);
    expect(await all((sql) => isHeld(sql, old!))).toBe(false);
  });

  it('that a dead worker of the host held is freed by the next one', async () => {
    const kind = newKind();
    const [mine, theirs] = [newId(), newId()];
    await wakeOne(kind, mine, null, host);
    await wakeOne(kind, theirs, null, otherHost);
    await claimSome(kind);
    await claimSome(kind, 10, otherHost);
    expect(await all((sql) => releaseHostLeases(sql, host))).toBeGreaterThanOrEqual(1);
    expect((await claimSome(kind)).map((held) => held.id)).toEqual([mine]);
    expect(await stateOf(kind, theirs)).toMatchObject({ leased: true });
  });
});

/** `settle` as it would be without the comparison of wakes. */
function withoutComparison(sql: Sql): Sql {
  return {
    query: (name, text, values) => {
      const mutated = text.replace(
        /due_at = case when wakes = claimed_wakes and nudges = claimed_nudges then (.*?) else now\(\) end/,
        'due_at = $1',
      );
      expect(mutated).not.toBe(text);
      return sql.query(name, mutated, values);
    },
  };
}
