import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId, sha256Hex } from '../../kernel/ids.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { watchMethods } from '../../testing/watch-methods.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import type { IdentityRepository } from './identity-repository.ts';

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
      password_salt: 'hash',
      closed_at: null,
    });
    expect(await as((identity) => identity.findLogin('nobody@example.com'), {})).toBeUndefined();
    expect(await as((identity) => identity.findLogin('system@localhost'), {})).toBeUndefined();
  });

  it("ends a user's session by its key, whatever tenant it acts in", async () => {
    const insert = async (kind: string) => {
      const key = uniqueWord();
      const { rows } = await db.owner.query<{ id: string }>(
        `insert into api_keys (user_id, tenant_id, key, kind) values ($1, $2, $3, $4) returning id`,
        [tenant.userId, tenant.tenantId, sha256Hex(key), kind],
      );
      return { key, id: rows[0]!.id };
    };
    const [session, other] = [await insert('session'), await insert('api')];
    const end = (key: string, userId = tenant.userId) =>
      as((identity) => identity.endSession(userId, key, new Date(9)), { userId });
    expect([await end(other.key), await end(sha256Hex(session.key)), await end(session.key, newId())]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([await end(session.key), await end(session.key)]).toEqual([session.id, undefined]);
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
