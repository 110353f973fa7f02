import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { newAccountNumber, newId, newSecret, sha256Hex } from '../../kernel/ids.ts';
import type { invitationOperations, memberOperations } from './member-operations.ts';
import type { tenantOperations } from './operations.ts';

/** A user with this e-mail address, who is in no tenant. */
async function insertUser({ owner, unique }: ExampleWorld): Promise<{ id: string; email: string }> {
  const user = { id: newId(), email: `${unique()}@example.com` };
  await owner.query(`insert into users (id, email, password_hash, name) values ($1, $2, '!', 'Some Body')`, [
    user.id,
    user.email,
  ]);
  return user;
}

export async function insertMember(
  world: ExampleWorld,
  tenantId = world.tenantId,
  role = 'viewer',
): Promise<{ id: string; email: string }> {
  const user = await insertUser(world);
  await world.owner.query('insert into memberships (tenant_id, user_id, role) values ($1, $2, $3)', [
    tenantId,
    user.id,
    role,
  ]);
  return user;
}

/** A tenant of the world's user, who is in it with this role beside an owner. */
async function insertTenant(world: ExampleWorld, role: string): Promise<{ id: string; name: string; ownerId: string }> {
  const { owner, userId, unique } = world;
  const tenant = { id: newId(), name: `Team ${unique()}` };
  await owner.query('insert into tenants (id, name, slug, owner_id, account_number) values ($1, $2, $3, $4, $5)', [
    tenant.id,
    tenant.name,
    unique(),
    userId,
    newAccountNumber(),
  ]);
  await owner.query('insert into memberships (tenant_id, user_id, role) values ($1, $2, $3)', [
    tenant.id,
    userId,
    role,
  ]);
  return { ...tenant, ownerId: (await insertMember(world, tenant.id, 'owner')).id };
}

/** A role of the tenant that nobody lacks a permission of. */
async function insertRole({ owner, tenantId, unique }: ExampleWorld): Promise<string> {
  const name = `crew-${unique()}`;
  await owner.query('insert into tenant_roles (tenant_id, name) values ($1, $2)', [tenantId, name]);
  return name;
}

async function insertInvitation(
  world: ExampleWorld,
  more: {
    readonly tenantId?: string;
    readonly email?: string;
    readonly role?: string;
    readonly token?: string;
    readonly invitedBy?: string;
  } = {},
): Promise<string> {
  const { tenantId = world.tenantId, email = `${world.unique()}@example.com`, role = 'viewer', token = '' } = more;
  const id = newId();
  await world.owner.query(
    `insert into invitations (id, tenant_id, email, role, token_hash, invited_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, now() + interval '7 days')`,
    [id, tenantId, email, role, sha256Hex(token), more.invitedBy ?? world.userId],
  );
  return id;
}

/** An invitation of the world's user to somebody else's tenant. */
async function inviteUser(world: ExampleWorld): Promise<{ id: string; token: string }> {
  const { id: tenantId, ownerId } = await insertTenant(world, 'viewer');
  await world.owner.query('delete from memberships where tenant_id = $1 and user_id = $2', [tenantId, world.userId]);
  const token = newSecret(32);
  return { id: await insertInvitation(world, { invitedBy: ownerId, tenantId, email: world.email, token }), token };
}

const ofId: Example['about'] = async ({ input }) => ({ tenantId: String(input.id) });

export const tenantExamples: Record<keyof typeof tenantOperations, Example> = {
  create: {
    input: async ({ owner, userId, unique }) => {
      // So that a run of tests stays below what a user may own.
      await owner.query(
        `update memberships m set role = 'admin' from tenants t
         where t.id = m.tenant_id and m.user_id = $1 and m.role = 'owner' and t.name like 'Example %'`,
        [userId],
      );
      return { name: `Example ${unique()}`, slug: `Team ${unique()}` };
    },
    about: async ({ data }) => ({ tenantId: data.id }),
  },
  list: { input: async () => ({}) },
  get: { input: async ({ tenantId }) => ({ id: tenantId }) },
  update: { input: async ({ tenantId, unique }) => ({ id: tenantId, name: `Team ${unique()}`, slug: unique() }) },
  // The tenant that is left hears nothing of it.
  switch: { input: async (world) => ({ id: (await insertTenant(world, 'owner')).id }), about: ofId },
  leave: { input: async (world) => ({ id: (await insertTenant(world, 'owner')).id }), about: ofId },
  close: {
    input: async (world) => {
      const { rows } = await world.owner.query<{ id: string; name: string }>(
        `select t.id, t.name from memberships m join tenants t on t.id = m.tenant_id
         where m.tenant_id = $1 and m.user_id = $2 and m.role <> 'owner'`,
        [world.tenantId, world.userId],
      );
      // Of an owner's tenant there is more to try. Who is no owner has a role in this tenant alone.
      const { id, name } = rows[0] ?? (await insertTenant(world, 'owner'));
      return { id, confirm: name };
    },
    about: ofId,
  },
};

export const memberExamples: Record<keyof typeof memberOperations, Example> = {
  list: { input: async ({ tenantId }) => ({ tenant: tenantId }) },
  get: { input: async (world) => ({ tenant: world.tenantId, member: (await insertMember(world)).id }) },
  add: {
    input: async (world) => ({
      tenant: world.tenantId,
      email: (await insertUser(world)).email,
      role: await insertRole(world),
    }),
    about: async ({ data }) => ({ id: data.id }),
  },
  update: {
    input: async (world) => ({
      tenant: world.tenantId,
      member: (await insertMember(world, world.tenantId, await insertRole(world))).id,
      role: await insertRole(world),
    }),
  },
  remove: {
    input: async (world) => ({
      tenant: world.tenantId,
      member: (await insertMember(world, world.tenantId, await insertRole(world))).id,
    }),
  },
};

export const invitationExamples: Record<keyof typeof invitationOperations, Example> = {
  create: {
    input: async (world) => {
      // So that a run of tests stays below a tenant's mails of an hour.
      await world.owner.query('delete from mails where tenant_id = $1', [world.tenantId]);
      return { tenant: world.tenantId, email: `${world.unique()}@example.com`, role: await insertRole(world) };
    },
    about: async ({ data }) => ({ id: data.id }),
  },
  list: { input: async (world) => (await insertInvitation(world), { tenant: world.tenantId }) },
  resend: {
    input: async (world) => ({
      tenant: world.tenantId,
      invitation: await insertInvitation(world, { role: await insertRole(world) }),
    }),
  },
  revoke: { input: async (world) => ({ tenant: world.tenantId, invitation: await insertInvitation(world) }) },
  mine: { input: async (world) => (await inviteUser(world), {}) },
  accept: {
    input: inviteUser,
    about: async ({ input, data }) => ({ id: String(input.id), tenantId: data.id }),
  },
  decline: {
    input: inviteUser,
    about: async ({ input, data }) => ({ id: String(input.id), tenantId: data.tenant_id }),
  },
};
