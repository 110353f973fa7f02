import { useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type Item, MOST_READ, useList, useReadOn } from '../api/queries.ts';
import { type DescribedService, operationOf } from '../api/registry.ts';
import { NO_TENANT, useCan, useTenant } from '../api/session.ts';
import { Button, ButtonLink } from '../kit/button.tsx';
import { useKey } from '../kit/keys.ts';
import { Card, Page } from '../kit/layout.tsx';
import { Empty, ErrorNote } from '../kit/states.tsx';
import { FilterBar } from './filter-bar.tsx';
import { sortOf, sortText } from './filters.ts';
import { OtherActions } from './item-actions.tsx';
import { ItemTable, useShown } from './item-table.tsx';
import { ShowCode } from './show-code.tsx';
import { useListFilters } from './use-list-filters.ts';

const count = (value: number): string => value.toLocaleString('en');

/** The list of a service, derived from its facet. Its filters and its order stand in the address. */
export function ListPage({ service }: { readonly service: DescribedService }) {
  const tenant = useTenant();
  const can = useCan();
  const navigate = useNavigate();
  const { filters, given, isKnown, change, text, setText, sort: inAddress } = useListFilters(service);
  const isFiltered = Object.keys(given).length > 0;
  const list = useList<Item>(service.list, given, { enabled: isKnown });
  const asked = sortOf(inAddress);
  const { isReading, isCut } = useReadOn(list, text !== '' || asked !== undefined);
  // A list that is not whole keeps the API's order: sorting a part of it would lie.
  const isWhole = !list.hasNextPage && !list.isPending;
  const sort = isWhole ? asked : undefined;
  const shown = useShown(service, list.items, text, sort);

  const params = { tenant: tenant?.slug ?? NO_TENANT, service: service.name };
  const mayCreate = can(service.create);
  useKey('c', () => void navigate({ to: '/t/$tenant/$service/new', params }), mayCreate);
  const create = mayCreate && (
    <ButtonLink look="primary" to="/t/$tenant/$service/new" params={params} title="Key: c">
      <Plus className="size-4" aria-hidden />
      {operationOf(service.create!).summary}
    </ButtonLink>
  );
  const things = service.title.toLowerCase();
  const isNone = !list.isPending && !list.error && list.items.length === 0;
  const isEmpty = isNone && !list.hasNextPage && !isFiltered;
  const clear = () =>
    change({ q: undefined, ...Object.fromEntries(filters.map(({ name }) => [name, undefined])) }, false);
  return (
    <Page
      title={service.title}
      subtitle={service.summary}
      actions={
        <>
          <OtherActions service={service} />
          <ShowCode calls={[{ operation: service.list, input: given }]} />
          {create}
        </>
      }
    >
      <Card padded={false}>
        {!isEmpty && (
          <FilterBar
            label={things}
            filters={filters}
            given={given}
            onGiven={(changed) => change(changed, false)}
            text={text}
            onText={setText}
          >
            {list.isPending
              ? 'Reading'
              : text
                ? `${count(shown.length)} of ${count(list.items.length)}`
                : count(list.items.length)}
            {!list.isPending && list.hasNextPage && (isReading ? ', reading on' : ' read so far')}
            {isCut && (text || asked) && `. Only the first ${count(MOST_READ)} are looked through`}
          </FilterBar>
        )}
        {list.error && (
          <div className="p-3">
            <ErrorNote error={list.error} retry={() => void list.refetch()} />
          </div>
        )}
        {isEmpty ? (
          <Empty title={`No ${things} yet`} action={create}>
            {service.summary}
          </Empty>
        ) : shown.length === 0 && isWhole && !list.error ? (
          <Empty title={`No ${things} fit the filter`} action={<Button onClick={clear}>Show all</Button>} />
        ) : (
          !(list.error && list.items.length === 0) && (
            <ItemTable
              service={service}
              label={service.title}
              items={shown}
              loading={list.isPending || list.isFetchingNextPage}
              onEnd={list.readOn}
              sort={sort}
              onSort={isWhole || !isCut ? (next) => change({ sort: sortText(next) }, true) : undefined}
            />
          )
        )}
      </Card>
    </Page>
  );
}
