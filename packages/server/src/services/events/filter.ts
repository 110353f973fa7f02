import type { Caller } from '../../kernel/caller.ts';
import { isPermitted } from '../../kernel/caller.ts';
import type { EventRow } from './event.ts';

/** Which events somebody asks for. */
export interface EventFilter {
  readonly resource_type?: string;
  readonly resource_id?: string;
  /** Exact, or a prefix with * at its end. */
  readonly action?: string;
  readonly actor?: string;
  /** Of the time of the event: from the first, before the second. */
  readonly from?: string;
  readonly to?: string;
}

/** The permission that reading a resource needs, by the type of resource in its events. */
export type Readers = ReadonlyMap<string, string>;

/** The types whose events the caller may see: those of resources that the caller may read. */
export const visibleTypes = (readers: Readers, caller: Caller): readonly string[] =>
  caller.kind === 'user'
    ? [...readers].filter(([, permission]) => isPermitted(caller.permissions, permission)).map(([type]) => type)
    : [];

/** The same condition on `events` in SQL. `put` takes a value and returns its placeholder. */
export function conditionsOf(
  filter: EventFilter,
  types: readonly string[],
  put: (value: unknown) => string,
): readonly string[] {
  const { resource_type: type, resource_id: id, action, actor, from, to } = filter;
  return [
    `resource_type = any (${put(types)}::text[])`,
    ...(type === undefined ? [] : [`resource_type = ${put(type)}`]),
    ...(id === undefined ? [] : [`resource_id = ${put(id)}`]),
    ...(action === undefined
      ? []
      : action.endsWith('*')
        ? [`starts_with(event_type, ${put(action.slice(0, -1))})`]
        : [`event_type = ${put(action)}`]),
    ...(actor === undefined ? [] : [`actor = ${put(actor)}`]),
    ...(from === undefined ? [] : [`created_at >= ${put(from)}::timestamptz`]),
    ...(to === undefined ? [] : [`created_at < ${put(to)}::timestamptz`]),
  ];
}

/** The same condition on a row that was read for many at once. */
export function matches(filter: EventFilter, types: readonly string[], row: EventRow): boolean {
  const { resource_type: type, resource_id: id, action, actor, from, to } = filter;
  return (
    types.includes(row.resource_type) &&
    (type === undefined || row.resource_type === type) &&
    (id === undefined || row.resource_id === id) &&
    (action === undefined ||
      (action.endsWith('*') ? row.event_type.startsWith(action.slice(0, -1)) : row.event_type === action)) &&
    (actor === undefined || row.actor === actor) &&
    (from === undefined || row.created_at >= new Date(from)) &&
    (to === undefined || row.created_at < new Date(to))
  );
}
