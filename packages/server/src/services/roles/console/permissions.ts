import type { Permission } from '@thecloud/console';
export type { Permission };

/** Actions that most resources have, each a column of the matrix. */
export const COLUMNS = ['read', 'create', 'update', 'delete'] as const;

/** A row of the matrix: the permissions of one resource. */
export interface Group {
  readonly resource: string;
  readonly columns: readonly (Permission | undefined)[];
  /** Those of no column. */
  readonly others: readonly Permission[];
  /** Whether an operation of this platform needs one of them. */
  readonly isUsed: boolean;
}

export const actionOf = (permission: string): string => permission.slice(permission.indexOf(':') + 1);
export const resourceOf = (permission: string): string => permission.slice(0, permission.indexOf(':'));

/** Those in use first, each part by name. */
export function groupsOf(known: readonly Permission[]): readonly Group[] {
  const byResource = Map.groupBy(known, ({ permission }) => resourceOf(permission));
  return [...byResource]
    .map(([resource, all]) => ({
      resource,
      columns: COLUMNS.map((action) => all.find(({ permission }) => actionOf(permission) === action)),
      others: all.filter(({ permission }) => !(COLUMNS as readonly string[]).includes(actionOf(permission))),
      isUsed: all.some(({ operations }) => operations.length > 0),
    }))
    .sort((one, other) => Number(other.isUsed) - Number(one.isUsed) || one.resource.localeCompare(other.resource));
}

/** The permissions of which the name or an operation contains each of the words. */
export function matching(known: readonly Permission[], text: string): readonly Permission[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return known.filter(({ permission, operations }) => {
    const whole = [permission, ...operations].join(' ').toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export function changesOf(before: readonly string[], after: ReadonlySet<string>): Changes {
  const had = new Set(before);
  return { added: [...after].filter((one) => !had.has(one)).sort(), removed: before.filter((one) => !after.has(one)) };
}

/**
 * The call that makes a role's permissions so. A single change is said as such: it leaves alone what somebody else changes at the same time.
 * Undefined: nothing changes.
 */
export function callOf(
  id: string,
  before: readonly string[],
  after: ReadonlySet<string>,
): { readonly operation: string; readonly input: Readonly<Record<string, unknown>> } | undefined {
  const { added, removed } = changesOf(before, after);
  if (added.length + removed.length === 0) return undefined;
  if (added.length === 1 && removed.length === 0)
    return { operation: 'roles.addPermission', input: { id, permission: added[0] } };
  if (removed.length === 1 && added.length === 0)
    return { operation: 'roles.removePermission', input: { id, permission: removed[0] } };
  return { operation: 'roles.update', input: { id, permissions: [...after].sort() } };
}
