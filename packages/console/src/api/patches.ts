import type { Item } from './queries.ts';
import type { LiveEvent } from './streams.ts';

/** Which events a list of them shows. */
export interface EventFilter {
  readonly resource_type?: string;
  readonly resource_id?: string;
  readonly action?: string;
  readonly actor?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Whether a list of events with this filter shows the event: as the API decides. */
export function isShown(filter: EventFilter, event: LiveEvent): boolean {
  const { resource_type: type, resource_id: id, action, actor, from, to } = filter;
  const at = Date.parse(event.created_at);
  return (
    (type === undefined || event.resource_type === type) &&
    (id === undefined || event.resource_id === id) &&
    (action === undefined ||
      (action.endsWith('*') ? event.action.startsWith(action.slice(0, -1)) : event.action === action)) &&
    (actor === undefined || event.actor === actor) &&
    (from === undefined || at >= Date.parse(from)) &&
    (to === undefined || at < Date.parse(to))
  );
}

interface PageOf<T> {
  readonly items: readonly T[];
}
interface Pages<P> {
  readonly pages: readonly P[];
}

/** An item with what an event says of it. Members that it does not show are left out. */
export function patched(item: Item, changes: Item): Item {
  const known = Object.entries(changes).filter(([member]) => member in item);
  return known.length === 0 ? item : { ...item, ...Object.fromEntries(known) };
}

/** The pages with each item that `change` answers another one for; without those that it answers `undefined` for. The same object if none. */
export function changedPages<P extends PageOf<Item>, D extends Pages<P>>(
  data: D,
  change: (item: Item) => Item | undefined,
): D {
  let isSame = true;
  const pages = data.pages.map((page) => {
    const items = page.items.flatMap((item) => change(item) ?? []);
    if (items.length === page.items.length && items.every((item, index) => item === page.items[index])) return page;
    isSame = false;
    return { ...page, items };
  });
  return isSame ? data : { ...data, pages };
}

/** The pages with these items before all others, but for those that are there already. */
export function prepended<P extends PageOf<Item>, D extends Pages<P>>(data: D, items: readonly Item[]): D {
  const [first, ...rest] = data.pages;
  if (!first || items.length === 0) return data;
  const known = new Set(first.items.map(({ id }) => id));
  const added = items.filter(({ id }) => !known.has(id));
  return added.length === 0 ? data : { ...data, pages: [{ ...first, items: [...added, ...first.items] }, ...rest] };
}

/** Those of the items that do not come with pages that are not read yet: a list goes from the newest to the oldest. */
export function withoutLater<P extends PageOf<Item> & { readonly nextCursor?: string }, D extends Pages<P>>(
  data: D,
  items: readonly Item[],
): readonly Item[] {
  const page = data.pages.at(-1);
  const last = page?.items.at(-1)?.created_at;
  if (page?.nextCursor === undefined || typeof last !== 'string') return items;
  return items.filter(({ created_at: at }) => typeof at === 'string' && Date.parse(at) > Date.parse(last));
}
