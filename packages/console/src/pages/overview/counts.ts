import { type Item, useList } from '../../api/queries.ts';
import { type DescribedService, services } from '../../api/registry.ts';
import { useCan } from '../../api/session.ts';
import { toneOf } from '../../kit/status.tsx';

/** The services of a tenant whose items have a status, and pages. */
const COUNTED = services.filter(
  ({ scope, statusMember, kind, get }) => scope === 'tenant' && statusMember && kind && get,
);

export interface Counted {
  readonly service: DescribedService;
  readonly items: readonly Item[];
  /** There are more than were read. */
  readonly isCut: boolean;
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** The first page of the list of each service that has a status: the same that its own page reads, so that neither reads it twice. */
export function useCounted(): readonly Counted[] {
  const can = useCan();
  return COUNTED.map((service) => {
    // The services are the same as long as the page lives, and so is the number of hooks.
    const list = useList<Item>(service.list, {}, { enabled: can(service.list) });
    return {
      service,
      items: list.items,
      isCut: list.hasNextPage,
      isPending: list.isPending,
      error: list.error,
      retry: () => void list.refetch(),
    };
  }).filter(({ service }) => can(service.list));
}

export const statusOf = (service: DescribedService, item: Item): string => String(item[service.statusMember!] ?? '');

/** The items that have failed. */
export const failedOf = ({ service, items }: Pick<Counted, 'service' | 'items'>): readonly Item[] =>
  items.filter((item) => toneOf(statusOf(service, item)) === 'bad');
