import type { InfiniteData, Query, QueryClient } from '@tanstack/react-query';
import type { Page } from '@thecloud/sdk';
import { AUTHORITY, listPage } from './client.ts';
import { changedPages, type EventFilter, isShown, patched, prepended, withoutLater } from './patches.ts';
import { type Input, type Item, refresh } from './queries.ts';
import { type DescribedService, services } from './registry.ts';
import { loadSchemas } from './schema.ts';
import type { LiveEvent } from './streams.ts';

/** Milliseconds in which events are gathered before what they say is shown. */
const SHOW_MS = 150;
/** Milliseconds between two readings of what events touched: however many events come, a query is read once in this time. */
const READ_MS = 1_000;
/** More touched items of a service than this, and all of it is read. */
const MOST_IDS = 200;
/** Events that a list of them keeps; then it begins from its newest page. */
const MOST_EVENTS = 5_000;

/** Resources whose changes may change what the user may do. */
const OF_AUTHORITY = new Set(['member', 'role', 'tenant']);

/**
 * Services of which an event of another resource changes lists: who accepts an invitation is a member, and a member has a role. Of a service with
 * many items only the operations: an instance has an address in its VPC.
 */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  invitation: ['members', 'roles'],
  member: ['roles'],
  instance: ['vpcs.get', 'vpcs.interfaces'],
};

type ListData = InfiniteData<Page<Item>, string>;

export interface Gatherer {
  add(event: LiveEvent): void;
  stop(): void;
}

/**
 * Gathers events. A moment later what they say of the items that are shown is shown; then what they touch is read, at most once a second, one
 * reading at a time, and not while the tab is hidden.
 */
export function createGatherer(client: QueryClient, tenantId: string): Gatherer {
  let events: LiveEvent[] = [];
  const touched = new Map<DescribedService, Set<string>>();
  const also = new Set<string>();
  let isAuthority = false;
  let showTimer: ReturnType<typeof setTimeout> | undefined;
  let readTimer: ReturnType<typeof setTimeout> | undefined;
  let isReading = false;
  let readAt = 0;

  const show = () => {
    showTimer = undefined;
    const shown = events;
    events = [];
    showEvents(client, tenantId, shown);
    plan();
  };
  const plan = () => {
    if (isReading || readTimer !== undefined || document.visibilityState === 'hidden') return;
    if (touched.size === 0 && also.size === 0 && !isAuthority) return;
    readTimer = setTimeout(() => void read(), Math.max(0, readAt + READ_MS - performance.now()));
  };
  const read = async () => {
    readTimer = undefined;
    isReading = true;
    const now = [...touched];
    touched.clear();
    const [asksAuthority] = [isAuthority, (isAuthority = false)];
    if (asksAuthority) refreshAuthority(client);
    refresh(client, 'quotas');
    for (const name of also) refreshAlso(client, name);
    also.clear();
    // A failure is shown where the query is shown.
    await Promise.allSettled(now.map(([service, ids]) => readTouched(client, tenantId, service, ids)));
    isReading = false;
    readAt = performance.now();
    plan();
  };
  document.addEventListener('visibilitychange', plan);
  return {
    add(event) {
      events.push(event);
      for (const service of services) {
        if (service.resource !== event.resource_type) continue;
        const ids = touched.get(service) ?? new Set();
        if (ids.size <= MOST_IDS) ids.add(event.resource_id);
        touched.set(service, ids);
      }
      for (const name of ALSO[event.resource_type] ?? []) also.add(name);
      isAuthority ||= OF_AUTHORITY.has(event.resource_type);
      showTimer ??= setTimeout(show, SHOW_MS);
    },
    stop() {
      clearTimeout(showTimer);
      clearTimeout(readTimer);
      document.removeEventListener('visibilitychange', plan);
      // A page that comes back reads what was touched until now.
      for (const [service] of touched) refresh(client, service.name);
      touched.clear();
      for (const name of also) refreshAlso(client, name);
    },
  };
}

/** Reads who the user is, what they may do, and where: buttons come and go with it. */
export function refreshAuthority(client: QueryClient): void {
  for (const service of AUTHORITY) refresh(client, service);
}

/** Reads what is shown of a service, or of one operation, once more. A reading that is under way is not begun from the start. */
function refreshAlso(client: QueryClient, name: string): void {
  if (!name.includes('.')) return refresh(client, name);
  void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === name }, { cancelRefetch: false });
}

const isOf = (query: Query, operation: string | undefined, tenantId: string): boolean =>
  operation !== undefined && query.queryKey[0] === operation && query.queryKey[2] === tenantId;

/** What the events say of items in the cache; and the events themselves, on top of lists of them. */
function showEvents(client: QueryClient, tenantId: string, events: readonly LiveEvent[]): void {
  const changes = new Map<string, Item>();
  for (const { resource_type: type, resource_id: id, changes: changed = {} } of events) {
    const to = Object.fromEntries(Object.entries(changed).map(([member, one]) => [member, one.to]));
    changes.set(`${type} ${id}`, { ...changes.get(`${type} ${id}`), ...to });
  }
  const newest = events.toReversed();
  for (const query of client.getQueryCache().findAll()) {
    if (isOf(query, 'events.list', tenantId)) {
      const fitting = newest.filter((event) => isShown(query.queryKey[1] as EventFilter, event));
      addEvents(client, query, fitting as unknown as readonly Item[]);
      continue;
    }
    const service = services.find(({ get, list }) => isOf(query, get, tenantId) || isOf(query, list, tenantId));
    if (!service || query.state.data === undefined) continue;
    const change = (item: Item): Item => {
      const said = changes.get(`${service.resource} ${String(item.id)}`);
      return said ? patched(item, said) : item;
    };
    const { data, dataUpdatedAt: updatedAt } = query.state;
    const next = isList(data) ? changedPages(data, change) : change(data as Item);
    // It is as old as it was: a reading follows.
    if (next !== data) client.setQueryData(query.queryKey, next, { updatedAt });
  }
}

const isList = (data: unknown): data is ListData => Array.isArray((data as Partial<ListData> | undefined)?.pages);

function addEvents(client: QueryClient, query: Query, events: readonly Item[]): void {
  const { data } = query.state;
  if (!isList(data) || events.length === 0) return;
  const size = data.pages.reduce((sum, page) => sum + page.items.length, 0);
  if (size + events.length > MOST_EVENTS) void client.resetQueries({ queryKey: query.queryKey, exact: true });
  else client.setQueryData(query.queryKey, prepended(data, events));
}

/** Reads what is shown of a service and touched: of a long list only the touched items, all else whole. */
async function readTouched(
  client: QueryClient,
  tenantId: string,
  service: DescribedService,
  ids: ReadonlySet<string>,
): Promise<void> {
  const isLong = ({ state: { data } }: Query) => isList(data) && data.pages.length > 1;
  const takesIds = (await loadSchemas())[service.list]?.input.properties?.id?.type === 'array';
  const isFew = ids.size <= MOST_IDS;
  const apart =
    takesIds && isFew
      ? client
          .getQueryCache()
          .findAll({ predicate: (query) => isOf(query, service.list, tenantId) && isLong(query) && query.isActive() })
      : [];
  await Promise.all([
    client.invalidateQueries({
      predicate: (query) => isAbout(query, service, isFew ? ids : undefined) && !apart.includes(query),
    }),
    ...apart.map((query) => readItems(client, tenantId, query, ids)),
  ]);
}

/** Whether the answer of a query may be another one: of the whole service, or of one of the items. `undefined`: of any. */
function isAbout({ queryKey, state }: Query, service: DescribedService, ids: ReadonlySet<string> | undefined): boolean {
  const [name, input] = queryKey as readonly [unknown, Input | undefined];
  if (typeof name !== 'string' || !name.startsWith(`${service.name}.`)) return false;
  const asked = name === service.list ? undefined : input?.[service.item.param];
  if (asked === undefined || !ids) return true;
  // An item may have been asked for by its name.
  const id = (state.data as Item | undefined)?.id ?? asked;
  return ids.has(String(id)) || ids.has(String(asked));
}

async function readItems(client: QueryClient, tenantId: string, query: Query, ids: ReadonlySet<string>): Promise<void> {
  const [name, input] = query.queryKey as readonly [string, Input];
  const { items } = await listPage<Item>(name, { ...input, id: [...ids], limit: 1_000 }, { tenantId });
  const found = new Map(items.map((item) => [String(item.id), item]));
  const { data, dataUpdatedAt: updatedAt } = query.state;
  if (!isList(data)) return;
  const kept = changedPages(data, (item) => {
    const id = String(item.id);
    if (!ids.has(id)) return item;
    const now = found.get(id);
    found.delete(id);
    return now;
  });
  client.setQueryData(query.queryKey, prepended(kept, withoutLater(kept, [...found.values()])), { updatedAt });
}
