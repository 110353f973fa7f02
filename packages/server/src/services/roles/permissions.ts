import { closest } from 'fastest-levenshtein';
import { invalidInput } from '../../kernel/errors.ts';
import { register } from '../../kernel/operation.ts';
import type { Service } from '../../kernel/service.ts';
import { BUILT_IN_ROLES } from './built-in-roles.ts';

/** A permission, with the operations that need it; those of services to come have none yet. */
export interface KnownPermission {
  readonly permission: string;
  readonly operations: readonly string[];
}

/** All that there are, by name: those of the operations, and those that built-in roles have for services to come. Without `*`. */
export function permissionsOf(services: readonly Service[]): readonly KnownPermission[] {
  const operations = new Map<string, string[]>();
  for (const { permissions } of BUILT_IN_ROLES)
    for (const permission of permissions) if (permission !== '*') operations.set(permission, []);
  for (const { name, resource, operations: own } of services) {
    for (const [verb, descriptor] of Object.entries(own)) {
      const { permission } = register(name, resource, verb, descriptor);
      if (permission !== undefined)
        operations.set(permission, [...(operations.get(permission) ?? []), `${name}.${verb}`]);
    }
  }
  return [...operations]
    .map(([permission, needing]) => ({ permission, operations: needing.sort() }))
    .sort((a, b) => (a.permission < b.permission ? -1 : 1));
}

/** Throws INVALID_INPUT for a permission that does not exist, with the nearest that does. */
export function requireKnown(permissions: readonly string[], known: readonly string[]): void {
  const unknown = permissions.find((permission) => !known.includes(permission));
  if (unknown !== undefined)
    throw invalidInput(
      `permission '${unknown}' does not exist; did you mean '${closest(unknown, known)}'? To list all, run: cloud roles permissions`,
    );
}
