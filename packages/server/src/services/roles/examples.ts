import type { Example, ExampleWorld } from '../../kernel/example.ts';
import type { roleOperations } from './operations.ts';

/** A role of the world's tenant, with the permission instance:read. */
async function insertRole({ owner, tenantId, unique }: ExampleWorld): Promise<string> {
  const { rows } = await owner.query<{ id: string }>(
    'insert into tenant_roles (tenant_id, name) values ($1, $2) returning id',
    [tenantId, `role-${unique()}`],
  );
  const id = rows[0]!.id;
  await owner.query('insert into tenant_role_permissions (tenant_id, role_id, permission) values ($1, $2, $3)', [
    tenantId,
    id,
    'instance:read',
  ]);
  return id;
}

/** A member of the world's tenant. */
async function insertMember({ owner, tenantId, unique }: ExampleWorld): Promise<{ id: string; email: string }> {
  const email = `${unique()}@example.com`;
  const { rows } = await owner.query<{ id: string }>(
    `insert into users (email, password_hash, name) values ($1, '!', 'A Member') returning id`,
    [email],
  );
  const id = rows[0]!.id;
  await owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')`, [tenantId, id]);
  return { id, email };
}

export const roleExamples: Record<keyof typeof roleOperations, Example> = {
  create: { input: async ({ unique }) => ({ name: `role-${unique()}`, permissions: ['instance:read'] }) },
  list: { input: async (world) => (await insertRole(world), {}) },
  get: {
    input: async (world) => ({ id: await insertRole(world) }),
    more: async () => [{ id: 'viewer' }, { id: '00000000-0000-0000-0000-000000000003' }],
  },
  update: {
    input: async (world) => ({
      id: await insertRole(world),
      name: `role-${world.unique()}`,
      permissions: ['instance:read', 'vpc:read'],
    }),
  },
  delete: {
    input: async (world) => ({ id: await insertRole(world) }),
    async more(world) {
      const id = await insertRole(world);
      const { id: member } = await insertMember(world);
      await world.owner.query(
        'update memberships set role = (select name from tenant_roles where id = $1) where user_id = $2',
        [id, member],
      );
      return [{ id, force: true }];
    },
  },
  addPermission: { input: async (world) => ({ id: await insertRole(world), permission: 'vpc:read' }) },
  removePermission: { input: async (world) => ({ id: await insertRole(world), permission: 'instance:read' }) },
  permissions: { input: async () => ({}) },
  bind: {
    input: async (world) => ({ user_identifier: (await insertMember(world)).id, role_name: 'developer' }),
    more: async (world) => [{ user_identifier: (await insertMember(world)).email, role_name: 'viewer' }],
  },
  bindings: { input: async () => ({}) },
};
