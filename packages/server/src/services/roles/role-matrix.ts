import type { Registry } from '../../kernel/registry.ts';
import type { RegisteredOperation } from '../../kernel/operation.ts';
import { BUILT_IN_ROLES } from './built-in-roles.ts';
import { permissionsOf } from './permissions.ts';

/** In the order of what they may. */
const ROLES = ['owner', 'admin', 'developer', 'user', 'viewer'];

const holds = (permissions: readonly string[], permission: string): boolean =>
  permissions.includes('*') || permissions.includes(permission);

/** Whether a member with these permissions may call an operation. Operators of the platform are none by their role in a tenant. */
export function mayCall(permissions: readonly string[], operation: RegisteredOperation): boolean {
  if (operation.scope === 'operator') return false;
  return operation.permission === undefined || holds(permissions, operation.permission);
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Every permission and every operation, and which built-in roles have them, as Markdown. */
export function describeRoles(registry: Registry): string {
  const roles = ROLES.map((name) => BUILT_IN_ROLES.find((role) => role.name === name)!);
  const entries = [...registry.entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const routeOf = ({ descriptor: { http } }: RegisteredOperation) => `${http.method} ${http.path}`;
  const inTenant = entries.filter(({ scope }) => scope === 'tenant');
  const others = (scope: string) => entries.filter((entry) => entry.scope === scope);
  return `# Permissions and roles

<!-- Generated from the operations and the built-in roles by \`npm run gen\`. -->

A member of a tenant has one role, and a role has permissions. \`*\` is all permissions, and only owners have it. A tenant's own role has any of the
permissions below: [roles and API keys](../roles-and-keys.md). A test calls every operation with each built-in role, and with a role of each single
permission, and expects what stands here.

## Operations in a tenant

${table(
  ['operation', 'route', 'permission', ...ROLES],
  inTenant.map((entry) => [
    `\`${entry.name}\``,
    `\`${routeOf(entry)}\``,
    `\`${entry.permission}\``,
    ...roles.map((role) => (mayCall(role.permissions, entry) ? 'yes' : '')),
  ]),
)}

## Operations without a permission

Everybody who is signed in may call these about themselves. A key that is limited to permissions may only read.

${table(
  ['operation', 'route'],
  others('user').map((entry) => [`\`${entry.name}\``, `\`${routeOf(entry)}\``]),
)}

Everybody may call these, signed in or not:

${table(
  ['operation', 'route'],
  others('public').map((entry) => [`\`${entry.name}\``, `\`${routeOf(entry)}\``]),
)}

Only operators of the platform may call these, whatever their role in a tenant:

${table(
  ['operation', 'route'],
  others('operator').map((entry) => [`\`${entry.name}\``, `\`${routeOf(entry)}\``]),
)}

## Permissions for services to come

The built-in roles have these already, and tenants' roles can. No operation needs them yet.

${table(
  ['permission', ...ROLES],
  permissionsOf(registry.services)
    .filter(({ operations }) => operations.length === 0)
    .map(({ permission }) => [
      `\`${permission}\``,
      ...roles.map((role) => (holds(role.permissions, permission) ? 'yes' : '')),
    ]),
)}
`;
}
