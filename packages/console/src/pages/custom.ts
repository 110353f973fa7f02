import type { ComponentType } from 'react';
import type { Item } from '../api/queries.ts';
import type { DescribedService } from '../api/registry.ts';

export interface ListPageProps {
  readonly service: DescribedService;
}
export interface ItemProps {
  readonly service: DescribedService;
  readonly item: Item;
}

/**
 * What a service shows in place of derived pages, or beside them. A service's `console/<service>.page.tsx` exports it as `pages`; each is loaded
 * when it is first opened.
 */
export interface ServicePages {
  /** In place of the list. */
  readonly list?: ComponentType<ListPageProps>;
  /** In place of the create form. */
  readonly create?: ComponentType<ListPageProps>;
  /** In place of the members on the first tab of an item's page. */
  readonly summary?: ComponentType<ItemProps>;
  /** Buttons before the derived ones of an item's page. */
  readonly actions?: ComponentType<ItemProps>;
  /** Whether an action or the deletion makes sense for an item as it is now; where it does not, nothing offers it. Default: always. */
  readonly fits?: (operation: string, item: Item) => boolean;
  /** Operations that those buttons call, so that no derived button does. */
  readonly ownActions?: readonly string[];
  /** Tabs of an item's page, after the first. */
  readonly tabs?: readonly {
    readonly name: string;
    readonly title: string;
    /** The operation that the tab needs; it is left out where the user may not call it. */
    readonly operation?: string;
    readonly content: ComponentType<ItemProps>;
  }[];
}

const modules = import.meta.glob<{ pages: ServicePages }>('../../../server/src/services/*/console/*.page.tsx');
const byService = new Map(
  Object.entries(modules).map(([path, load]) => [path.slice(path.lastIndexOf('/') + 1, -'.page.tsx'.length), load]),
);
const loaded = new Map<string, Promise<ServicePages>>();

/** Those that are loaded. */
const ready = new Map<string, ServicePages>();

const NONE: ServicePages = {};

/** Whether an action makes sense for an item of a service whose pages are open. */
export const fits = (service: string, operation: string, item: Item): boolean =>
  ready.get(service)?.fits?.(operation, item) ?? true;

/** The pages that a service brings; none of its own: an empty object. */
export function loadPages(service: string): Promise<ServicePages> {
  const load = byService.get(service);
  if (!load) return Promise.resolve(NONE);
  const known = loaded.get(service) ?? load().then(({ pages }) => (ready.set(service, pages), pages));
  loaded.set(service, known);
  // A chunk that could not be loaded may be there at the next try.
  known.catch(() => loaded.delete(service));
  return known;
}
