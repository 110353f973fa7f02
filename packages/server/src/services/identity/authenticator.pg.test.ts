import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../testkit/src/index.ts';
import { tenantIdOf } from '../../kernel/caller.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { eventually } from '../../testing/seed.ts';
import { memoryLog, startTestApi, type TestApi } from '../../testing/test-api.ts';
import { AUTHORITY_CHANNEL, createAuthenticator } from './authenticator.ts';

let test: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  test = await createTestDatabase();
  api = await startTestApi({ database: test });
});
afterAll(async () => {
  await api.stop();
  await test.drop();
});

/** An authenticator on a clock of the test's, whose questions to the database are counted and can be held up. */
function setUp() {
  const clock = createManualClock(Date.now());
  let asked = 0;
  let gate: Promise<void> = Promise.resolve();
  const authenticator = createAuthenticator({
    database: {
      ...api.database,
      query: async (name, text, values) => {
        if (name === 'identity.authenticate') asked++;
        const rows = await api.database.query(name, text, values);
        await gate;
        return rows as never;
      },
    },
    clock,
    log: memoryLog([]),
  });
  return {
    clock,
    authenticator,
    asked: () => asked,
    /** Answers wait until the function that it returns is called. */
    hold(): () => void {
      let release: () => void = () => undefined;
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
  };
}

const ADDRESS = '203.0.113.7';
const unauthorized = { code: 'UNAUTHORIZED', status: 401 };
const setMembership = (actor: { userId: string }, role: string) =>
  api.owner.query('update memberships set role = $2 where user_id = $1', [actor.userId, role]);

describe('who calls', () => {
  it('is asked of the database each time where it must be known now', async () => {
    const { authenticator, asked } = setUp();
    const actor = await api.makeActor();
    for (const role of ['owner', 'viewer', 'admin']) {
      await setMembership(actor, role);
      expect(await authenticator.authenticate(actor.key, undefined, 'now', ADDRESS)).toMatchObject({ role });
    }
    expect(asked()).toBe(3);
    await authenticator.stop();
  });

  it('is remembered for a second and no longer, however often it is asked', async () => {
    const { authenticator, clock, asked } = setUp();
    const actor = await api.makeActor();
    const role = async () => {
      const caller = await authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS);
      return caller.kind === 'user' ? caller.role : undefined;
    };
    expect(await role()).toBe('owner');
    await setMembership(actor, 'viewer');
    for (let i = 0; i < 9; i++) {
      await clock.advance(111);
      expect(await role()).toBe('owner');
    }
    expect(asked()).toBe(1);
    await clock.advance(1);
    expect(await role()).toBe('viewer');
    expect(asked()).toBe(2);
    await authenticator.stop();
  });

  it('is remembered also from a call that had to know it now', async () => {
    const { authenticator, asked } = setUp();
    const actor = await api.makeActor();
    await authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS);
    await setMembership(actor, 'viewer');
    await authenticator.authenticate(actor.key, undefined, 'now', ADDRESS);
    expect(await authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS)).toMatchObject({ role: 'viewer' });
    expect(asked()).toBe(2);
    await authenticator.stop();
  });

  it('is forgotten at once when something about authority has changed', async () => {
    const { authenticator } = setUp();
    const actor = await api.makeActor();
    await authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS);
    await api.owner.query('update api_keys set revoked_at = now() where id = $1', [actor.keyId]);
    authenticator.forget();
    await expect(authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS)).rejects.toMatchObject(
      unauthorized,
    );
    await authenticator.stop();
  });

  it('is remembered on when others change: another user, key or tenant', async () => {
    const { authenticator, clock, asked } = setUp();
    const [actor, other] = [await api.makeActor(), await api.makeActor()];
    const ask = (one: typeof actor) => authenticator.authenticate(one.key, undefined, 'cached', ADDRESS);
    for (const one of [actor, other]) await ask(one);
    const subjects = ({ userId, keyId, tenantId }: typeof actor) => [
      `user ${userId}`,
      `key ${keyId}`,
      `tenant ${tenantId}`,
    ];
    for (const [place, subject] of subjects(other).entries()) {
      authenticator.forget(subject);
      await ask(actor);
      expect(asked()).toBe(2 + place);
      await ask(other);
      expect(asked()).toBe(3 + place);
    }
    for (const subject of [undefined, '', 'all']) {
      const before = asked();
      authenticator.forget(subject);
      for (const one of [actor, other]) await ask(one);
      expect(asked()).toBe(before + 2);
    }
    // What is known of a change is dropped with what was seen before it.
    authenticator.forget(`user ${actor.userId}`);
    await clock.advance(1_001);
    authenticator.forget(`user ${other.userId}`);
    expect(await ask(actor)).toMatchObject({ userId: actor.userId });
    await authenticator.stop();
  });

  it('is not remembered from an answer that is older than the change', async () => {
    const { authenticator, asked, hold } = setUp();
    const actor = await api.makeActor();
    const release = hold();
    const early = authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS);
    await eventually('the database was asked', () => asked() === 1);
    await setMembership(actor, 'viewer');
    authenticator.forget();
    release();
    await early;
    expect(await authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS)).toMatchObject({ role: 'viewer' });
    expect(asked()).toBe(2);
    await authenticator.stop();
  });

  it('is nobody any more when the key has expired, though it was seen a moment ago', async () => {
    const { authenticator, clock } = setUp();
    const actor = await api.makeActor();
    await api.owner.query('update api_keys set expires_at = $2 where id = $1', [
      actor.keyId,
      new Date(clock.now() + 500),
    ]);
    await authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS);
    await clock.advance(499);
    await authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS);
    await clock.advance(1);
    await expect(authenticator.authenticate(actor.key, undefined, 'cached', ADDRESS)).rejects.toMatchObject({
      ...unauthorized,
      message: expect.stringContaining('has expired'),
    });
    await authenticator.stop();
  });

  it('is asked again after a refusal: a key may be good at any moment', async () => {
    const { authenticator, asked } = setUp();
    const actor = await api.makeActor();
    const key = await api.makeKey(actor, { revoked: true });
    await expect(authenticator.authenticate(key, undefined, 'cached', ADDRESS)).rejects.toMatchObject(unauthorized);
    await api.owner.query('update api_keys set revoked_at = null where user_id = $1', [actor.userId]);
    expect(await authenticator.authenticate(key, undefined, 'cached', ADDRESS)).toMatchObject({ userId: actor.userId });
    expect(asked()).toBe(2);
    await authenticator.stop();
  });

  it('is remembered for each tenant by itself', async () => {
    const { authenticator } = setUp();
    const [actor, other, third] = [await api.makeActor(), await api.makeActor(), await api.makeActor()];
    await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')`, [
      other.tenantId,
      actor.userId,
    ]);
    const inTenant = (tenantId?: string) => authenticator.authenticate(actor.key, tenantId, 'cached', ADDRESS);
    for (let i = 0; i < 2; i++) {
      expect(await inTenant()).toMatchObject({ tenantId: actor.tenantId, role: 'owner' });
      const there = await inTenant(other.tenantId);
      expect([tenantIdOf(there), there]).toMatchObject([other.tenantId, { role: 'viewer' }]);
      await expect(inTenant(third.tenantId)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    await authenticator.stop();
  });

  it('is forgotten by every process that hears the announcement of the database', async () => {
    // On a clock that stands nothing is forgotten for its age.
    await api.owner.query(`update hosts set name = 'other' where name = 'test-host'`);
    const standing = await startTestApi({ database: test, clock: createManualClock(Date.now()) });
    const actor = await standing.makeActor();
    const status = async () => (await standing.call('auth.me', {}, actor)).status;
    expect(await status()).toBe(200);
    await api.owner.query('update users set closed_at = now() where id = $1', [actor.userId]);
    await api.owner.query('select pg_notify($1, $2)', [AUTHORITY_CHANNEL, '']);
    await eventually('the key is refused', async () => (await status()) === 401, 2_000);
    await standing.stop();
  });
});

describe('the use of keys', () => {
  it('notes now and then when keys were used, also at its end', async () => {
    const actor = await api.makeActor();
    const clock = createManualClock(Date.now() + 1000);
    const log: string[] = [];
    const authenticator = createAuthenticator({ database: api.database, clock, log: memoryLog(log) });
    const lastUsed = async () =>
      (await api.owner.query('select last_used from api_keys where id = $1', [actor.keyId])).rows[0]
        .last_used as Date | null;
    await authenticator.authenticate(actor.key, undefined, 'now', ADDRESS);
    expect(await lastUsed()).toBeNull();
    await clock.advance(5_000);
    await eventually('noted', async () => (await lastUsed()) !== null);
    expect((await lastUsed())?.getTime()).toBe(clock.now());
    const first = clock.now();
    await authenticator.authenticate(actor.key, undefined, 'now', ADDRESS);
    await clock.advance(100);
    await authenticator.stop();
    expect((await lastUsed())!.getTime()).toBeGreaterThan(first);
  });

  it('survives that it cannot be noted, and shares a round trip', async () => {
    const actor = await api.makeActor();
    const clock = createManualClock();
    const log: string[] = [];
    let flushes = 0;
    const authenticator = createAuthenticator({
      database: {
        ...api.database,
        query: (name, text, values) => {
          if (name === 'identity.touch_keys') return Promise.reject(new Error('away'));
          flushes++;
          return api.database.query(name, text, values);
        },
      },
      clock,
      log: memoryLog(log),
    });
    const callers = await Promise.all(
      Array.from({ length: 50 }, () => authenticator.authenticate(actor.key, undefined, 'now', ADDRESS)),
    );
    expect(new Set(callers.map((caller) => (caller.kind === 'user' ? caller.userId : '')))).toEqual(
      new Set([actor.userId]),
    );
    expect(flushes).toBeLessThan(10);
    await clock.advance(5_000);
    await eventually('the log', () => log.join().includes('could not record when keys were used'));
    await authenticator.stop();
  });
});
