import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { newAccountNumber, newId, sha256Hex } from '../../kernel/ids.ts';
import type { sessionOperations } from './sessions.ts';
import type { settingOperations } from './settings.ts';
import type { tenantOperations } from './tenants.ts';
import type { userOperations } from './users.ts';

async function insertUser(
  { owner, unique }: ExampleWorld,
  more: { role?: string; locked?: boolean; suspended?: boolean } = {},
): Promise<string> {
  const id = newId();
  await owner.query(
    `insert into users (id, email, password_hash, name, role, locked_until, suspended_at)
     values ($1, $2, '!', 'Some One', $3, case when $4 then now() + interval '15 minutes' end, case when $5 then now() end)`,
    [id, `${unique()}@example.com`, more.role ?? 'developer', more.locked ?? false, more.suspended ?? false],
  );
  return id;
}

async function insertTenant(world: ExampleWorld, status = 'active'): Promise<string> {
  const id = newId();
  await world.owner.query(
    `insert into tenants (id, name, slug, owner_id, account_number, status)
     values ($1, 'Another', $2, $3, $4, $5)`,
    [id, world.unique(), await insertUser(world), newAccountNumber(), status],
  );
  return id;
}

async function insertSession(world: ExampleWorld): Promise<{ readonly id: string; readonly userId: string }> {
  const [id, userId] = [newId(), await insertUser(world)];
  await world.owner.query(
    `insert into api_keys (id, user_id, key, name, kind, expires_at) values ($1, $2, $3, 'login session', 'session', now() + interval '1 day')`,
    [id, userId, sha256Hex(id)],
  );
  return { id, userId };
}

export const userExamples: Record<keyof typeof userOperations, Example> = {
  list: {
    input: async (world) => (await insertUser(world), {}),
    more: async ({ email }) => [
      { email },
      { role: 'admin' },
      { status: 'active' },
      { status: 'locked' },
      { status: 'suspended' },
      { status: 'closed' },
    ],
  },
  get: { input: async (world) => ({ id: await insertUser(world) }) },
  unlock: { input: async (world) => ({ id: await insertUser(world, { locked: true }) }) },
  suspend: { input: async (world) => ({ id: await insertUser(world), reason: 'spam' }) },
  resume: { input: async (world) => ({ id: await insertUser(world, { suspended: true }) }) },
  endSessions: { input: async (world) => ({ id: (await insertSession(world)).userId }) },
  issueReset: { input: async (world) => ({ id: await insertUser(world) }) },
  resetSecondFactor: {
    input: async (world) => {
      const id = await insertUser(world);
      await world.owner.query(
        `insert into second_factors (user_id, secret_sealed, created_at, confirmed_at) values ($1, 'sealed', now(), now())`,
        [id],
      );
      return { id };
    },
  },
  makeOperator: { input: async (world) => ({ id: await insertUser(world) }) },
  unmakeOperator: { input: async (world) => ({ id: await insertUser(world, { role: 'admin' }) }) },
};

export const tenantExamples: Record<keyof typeof tenantOperations, Example> = {
  list: {
    input: async (world) => (await insertTenant(world), {}),
    more: async ({ email }) => [{ status: 'suspended' }, { plan: 'pro' }, { owner: email }, { usage: true, limit: 3 }],
  },
  get: { input: async (world) => ({ id: await insertTenant(world) }) },
  suspend: { input: async (world) => ({ id: await insertTenant(world), reason: 'unpaid', stop: true }) },
  resume: { input: async (world) => ({ id: await insertTenant(world, 'suspended') }) },
  setPlan: { input: async (world) => ({ id: await insertTenant(world), plan: 'pro' }) },
};

export const sessionExamples: Record<keyof typeof sessionOperations, Example> = {
  list: {
    input: async (world) => (await insertSession(world), {}),
    more: async (world) => [{ user: (await insertSession(world)).userId }, { user: world.email }],
  },
  end: { input: async (world) => ({ id: (await insertSession(world)).id }) },
};

export const settingExamples: Record<keyof typeof settingOperations, Example> = {
  list: { input: async () => ({}) },
  get: { input: async () => ({ setting: 'registration' }) },
  set: {
    input: async ({ unique }) => ({ setting: 'notice', value: unique() }),
    more: async () => [{ setting: 'registration', value: 'open' }],
  },
  reset: { input: async () => ({ setting: 'notice' }) },
};
