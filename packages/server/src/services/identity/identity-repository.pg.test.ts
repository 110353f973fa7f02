import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { orderedId, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { watchMethods } from '../../testing/watch-methods.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import type { IdentityRepository, NewSession } from './identity-repository.ts';

const watched = watchMethods(createPgIdentityRepository);
let db: Seeded;
let tenant: Tenant;
let accounts = 300_000_000_000;
beforeAll(async () => {
  db = await seedDatabase();
});
afterAll(() => db.drop());

const as = <T>(work: (identity: IdentityRepository) => Promise<T>, who: Partial<Tenant> = tenant) =>
  db.api.transaction(who, (sql) => work(watched.create(sql)));
const newUser = (more: object = {}) => ({
  userId: newId(),
  email: `${uniqueWord()}@example.com`,
  passwordHash: 'hash',
  name: 'Some Body',
  tenantId: newId(),
  tenantName: 'T',
  tenantSlug: uniqueWord(),
  accountNumber: String(++accounts),
  at: new Date(5),
  ...more,
});
const newSession = (): NewSession => ({
  id: orderedId(),
  ...tenant,
  hash: uniqueWord().padEnd(64, '0'),
  prefix: 'thecloud_abcd',
  expiresAt: new Date(1e13),
  at: new Date(6),
});

describe('the repository of identity', () => {
  it('registers: the first person is the operator; e-mail (in any case), slug and account once', async () => {
    const first = newUser();
    const register = (user: ReturnType<typeof newUser>) => as((identity) => identity.register(user), {});
    expect(await register(first)).toBe('created');
    const second = newUser();
    expect(await register(second)).toBe('created');
    tenant = { userId: second.userId, tenantId: second.tenantId };
    const roles = await db.owner.query<{ role: string }>('select role from users where id = any($1) order by id', [
      [first.userId, second.userId],
    ]);
    expect(roles.rows.map((row) => row.role)).toEqual(['admin', 'developer']);
    expect(await register(newUser({ email: second.email.toUpperCase() }))).toBe('email_taken');
    expect(await register(newUser({ tenantSlug: second.tenantSlug }))).toBe('slug_taken');
    expect(await register(newUser({ accountNumber: second.accountNumber }))).toBe('account_taken');
    await db.owner.query('update platform set registration_open = false');
    expect(await register(newUser())).toBe('closed');
    await db.owner.query('update platform set registration_open = true');
  });

  it('makes one operator when many register at once on a fresh platform', async () => {
    const fresh = await seedDatabase();
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, () =>
        fresh.api.transaction({}, (sql) => createPgIdentityRepository(sql).register(newUser())),
      ),
    );
    expect(new Set(outcomes)).toEqual(new Set(['created']));
    const { rows } = await fresh.owner.query(`select 1 from users where role = 'admin' and kind = 'person'`);
    expect(rows).toHaveLength(1);
    await fresh.drop();
  });

  it('finds a user by id as that user, and by e-mail in any case for a login', async () => {
    const user = newUser();
    await as((identity) => identity.register(user), {});
    expect(await as((identity) => identity.findUser(user.userId), { userId: user.userId })).toMatchObject({
      id: user.userId,
      email: user.email,
      default_tenant_id: user.tenantId,
      role: 'developer',
      created_at: new Date(5),
    });
    expect(await as((identity) => identity.findUser(user.userId))).toBeUndefined();
    expect(await as((identity) => identity.findLogin(user.email.toUpperCase()), {})).toMatchObject({
      id: user.userId,
      password_hash: 'hash',
      locked_until: null,
      closed_at: null,
    });
    expect(await as((identity) => identity.findLogin('nobody@example.com'), {})).toBeUndefined();
    expect(await as((identity) => identity.findLogin('system@localhost'), {})).toBeUndefined();
  });

  it('locks after five wrong passwords, concurrent or in sequence, and a right one resets the count', async () => {
    const user = newUser();
    await as((identity) => identity.register(user), {});
    const at = new Date();
    const record = (succeeded: boolean) => as((identity) => identity.recordLogin(user.userId, succeeded, at), {});
    const locked = async () => (await as((identity) => identity.findLogin(user.email), {}))!.locked_until;
    for (let i = 0; i < 4; i++) await record(false);
    expect(await locked()).toBeNull();
    await record(true);
    await Promise.all(Array.from({ length: 4 }, () => record(false)));
    expect(await locked()).toBeNull();
    await record(false);
    expect((await locked())!.getTime() - at.getTime()).toBe(15 * 60_000);
    expect(await record(true)).toBe(false);
    expect(await locked()).not.toBeNull();
    const later = new Date(at.getTime() + 16 * 60_000);
    expect(await as((identity) => identity.recordLogin(user.userId, true, later), {})).toBe(true);
    expect(await locked()).toBeNull();
  });

  it("ends a user's session by the hash of its key, and the oldest beyond so many", async () => {
    const [oldest, middle, newest] = [newSession(), newSession(), newSession()];
    const key = newSession();
    for (const one of [oldest, middle, newest, key]) await as((identity) => identity.insertSession(one));
    await db.owner.query(`update api_keys set kind = 'api' where id = $1`, [key.id]);
    const live = async () =>
      (
        await db.owner.query<{ id: string }>(
          'select id from api_keys where id = any($1) and revoked_at is null order by id',
          [[oldest.id, middle.id, newest.id, key.id]],
        )
      ).rows.map(({ id }) => id);
    const end = (hash: string, userId = tenant.userId) =>
      as((identity) => identity.endSession(userId, hash, new Date(9)));
    expect([await end(key.hash), await end('0'.repeat(64)), await end(middle.hash, newId())]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await as((identity) => identity.endOldSessions(tenant.userId, 2, new Date(9)));
    expect(await live()).toEqual([middle.id, newest.id, key.id]);
    expect([await end(middle.hash), await end(middle.hash)]).toEqual([middle.id, undefined]);
    expect(await live()).toEqual([newest.id, key.id]);
  });

  it("knows a tenant's account number", async () => {
    const user = newUser();
    await as((identity) => identity.register(user), {});
    const who = { userId: user.userId, tenantId: user.tenantId };
    expect(await as((identity) => identity.accountNumber(user.tenantId), who)).toBe(user.accountNumber);
  });

  it('has a test for each of its methods', () => {
    expect(watched.untested()).toEqual([]);
  });
});
