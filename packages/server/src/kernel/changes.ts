import { isDeepStrictEqual } from 'node:util';
import type { Caller } from './caller.ts';
import { ANONYMOUS_USER_ID } from './caller.ts';
import type { Entry } from './registry.ts';

/** What changed, by member as the wire shows it. `null`: the member, or the resource, was not there or is gone. */
export type Changes = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

/** Sees of a resource what its reading permission alone shows: who may read the resource reads its events. */
const ONLOOKER: Caller & { kind: 'user' } = {
  kind: 'user',
  userId: ANONYMOUS_USER_ID,
  email: '',
  platformRole: '',
  keyId: '',
  tenantId: undefined,
  role: undefined,
  permissions: new Set(),
};

/** They change with everything. */
const TRIVIAL = new Set(['version', 'updated_at']);
/** Longest changes in bytes of JSON that an event keeps; of longer ones only the status. */
const MOST_BYTES = 4096;

/**
 * What a write changed, from the target as it was and what the handler returned. Only members that the target's row has: what an answer shows
 * once, such as a new key, is in no row.
 */
export function changesOf(entry: Entry, target: unknown, answered: unknown, now: Date): Changes | undefined {
  const { targetKind: kind, createdKind, answeredKind, descriptor } = entry;
  if (descriptor.effect === 'create') {
    if (!createdKind || createdKind !== answeredKind) return undefined;
    return statusChange(null, statusOf(createdKind.present(answered, ONLOOKER)));
  }
  if (!kind || target === undefined) return undefined;
  const before = kind.present(target, ONLOOKER);
  if (descriptor.effect === 'delete') {
    if (!kind.isDeleting) return statusChange(statusOf(before), null);
    return statusChange(statusOf(before), statusOf(kind.present({ ...target, deleted_at: now }, ONLOOKER)));
  }
  return answeredKind === kind ? difference(before, kind.present(answered, ONLOOKER), target) : undefined;
}

/** Whether the row has all these values already, also those within JSON: an update would change nothing. */
export const has = <Row extends object>(row: Row, wanted: Partial<Row>): boolean =>
  Object.entries(wanted).every(([member, value]) => isDeepStrictEqual(row[member as keyof Row], value));

/** Undefined if nothing changed, or if there is nothing to say. */
export const statusChange = (from: unknown, to: unknown): Changes | undefined =>
  from === to || (from ?? to) === null ? undefined : { status: { from, to } };

const statusOf = (shown: unknown): unknown => (isRecord(shown) ? (shown.status ?? null) : null);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function difference(before: unknown, after: unknown, target: unknown): Changes | undefined {
  if (!isRecord(before) || !isRecord(after) || !isRecord(target)) return undefined;
  const members = new Set([...Object.keys(before), ...Object.keys(after).filter((member) => member in target)]);
  const changed = [...members].flatMap((member) => {
    const [from, to] = [before[member] ?? null, after[member] ?? null];
    if (TRIVIAL.has(member) || JSON.stringify(from) === JSON.stringify(to)) return [];
    return [[member, { from, to }] as const];
  });
  if (changed.length === 0) return undefined;
  const changes: Changes = Object.fromEntries(changed);
  if (JSON.stringify(changes).length <= MOST_BYTES) return changes;
  return changes.status ? { status: changes.status } : undefined;
}
