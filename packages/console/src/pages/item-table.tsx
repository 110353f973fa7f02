import { useNavigate } from '@tanstack/react-router';
import { useCallback, useDeferredValue, useMemo } from 'react';
import type { Item } from '../api/queries.ts';
import type { DescribedService } from '../api/registry.ts';
import { NO_TENANT, useTenant } from '../api/session.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { type Sort, Table } from '../kit/table.tsx';
import { columnsOf } from './columns.tsx';
import { matching, sorted } from './filters.ts';
import { ItemActions } from './item-actions.tsx';
import { hasPage, nameOf, refOf } from './links.tsx';

/** Those of the items that contain the text, in the order that is asked for. Typing goes on while a long list is looked through. */
export function useShown(
  service: DescribedService,
  items: readonly Item[],
  text: string,
  sort: Sort | undefined,
): readonly Item[] {
  const wanted = useDeferredValue(text);
  const [key, descending] = [sort?.key, sort?.descending ?? false];
  const order = useMemo(
    () => sorted(items, key === undefined ? undefined : { key, descending }),
    [items, key, descending],
  );
  return useMemo(() => matching(order, [...service.columns, 'id'], wanted), [order, service, wanted]);
}

/** The items of a service as a table: its columns, its actions, and the way to each item's page. */
export function ItemTable({
  service,
  label,
  items,
  loading,
  onEnd,
  ...rest
}: {
  readonly service: DescribedService;
  readonly label: string;
  readonly items: readonly Item[];
  readonly loading: boolean;
  readonly onEnd?: (() => void) | undefined;
  readonly sort?: Sort | undefined;
  readonly onSort?: ((sort: Sort) => void) | undefined;
}) {
  const tenant = useTenant();
  const navigate = useNavigate();
  const output = useSchemas(service.list)?.output;
  const columns = useMemo(() => columnsOf(service, output), [service, output]);
  const keyOf = useCallback((item: Item) => refOf(service, item) || nameOf(service, item), [service]);
  const rowActions = useCallback((item: Item) => <ItemActions service={service} item={item} menu />, [service]);
  return (
    <Table
      {...{ label, columns, items, keyOf, loading, onEnd, rowActions }}
      onOpen={
        hasPage(service)
          ? (item) =>
              void navigate({
                to: '/t/$tenant/$service/$id',
                params: { tenant: tenant?.slug ?? NO_TENANT, service: service.name, id: refOf(service, item) },
              })
          : undefined
      }
      {...rest}
    />
  );
}
