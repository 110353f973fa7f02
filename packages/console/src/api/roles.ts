import type { Role } from '@thecloud/sdk';
import { useList } from './queries.ts';
import { lacking } from './permissions.ts';
import { useCan, useMe } from './session.ts';

export type { Role };

/** A role to choose. */
export interface RoleChoice {
  readonly name: string;
  readonly description: string;
  /** What of it the user lacks, so that they cannot give it. */
  readonly lacking: readonly string[];
}

/** Every tenant has them. */
const BUILT_IN = ['owner', 'admin', 'developer', 'viewer', 'user'];

/** The roles of the tenant, with what keeps the user from giving each. Who may not read roles chooses among the built-in ones. */
export function useRoles(): readonly RoleChoice[] {
  const can = useCan();
  const me = useMe();
  const list = useList<Role>('roles.list', {}, { enabled: can('roles.list') });
  if (list.items.length === 0) return BUILT_IN.map((name) => ({ name, description: '', lacking: [] }));
  const held = me?.permissions ?? [];
  const rank = ({ name, built_in }: Role) => (built_in ? BUILT_IN.indexOf(name) : BUILT_IN.length);
  return list.items
    .toSorted((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name))
    .map(({ name, description, permissions }) => ({ name, description, lacking: lacking(held, permissions) }));
}
