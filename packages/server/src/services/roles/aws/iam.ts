import type { AwsActions, AwsWorld } from '../../../kernel/aws-actions.ts';
import { getRole } from './get-role.ts';
import { listRoles } from './list-roles.ts';

async function insertRole({ owner, tenantId, unique }: AwsWorld): Promise<string> {
  const name = `crew-${unique()}`;
  await owner.query('insert into tenant_roles (tenant_id, name) values ($1, $2)', [tenantId, name]);
  return name;
}

export const roleIamActions: AwsActions = {
  service: 'iam',
  actions: { ListRoles: listRoles, GetRole: getRole },
  examples: {
    ListRoles: {
      input: async (world) => (await insertRole(world), {}),
      malformed: () => [{ MaxItems: 0 }, { Marker: 'nowhere' }],
    },
    GetRole: { input: async (world) => ({ RoleName: await insertRole(world) }), foreign: 'NoSuchEntityException' },
  },
};
