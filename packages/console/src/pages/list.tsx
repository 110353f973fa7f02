import { useNavigate } from '@tanstack/react-router';
import { Plus, Search } from 'lucide-react';
import { useMemo, useState } from 'react';
import { type Item, useList } from '../api/queries.ts';
import { type DescribedService, operationOf } from '../api/registry.ts';
import { NO_TENANT, useCan, useTenant } from '../api/session.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { ButtonLink } from '../kit/button.tsx';
import { Input } from '../kit/field.tsx';
import { Card, Page } from '../kit/layout.tsx';
import { useKey } from '../kit/keys.ts';
import { Empty, ErrorNote } from '../kit/states.tsx';
import { Table } from '../kit/table.tsx';
import { columnsOf } from './columns.tsx';
import { ItemActions, OtherActions } from './item-actions.tsx';
import { nameOf, refOf } from './links.tsx';
import { ShowCode } from './show-code.tsx';

/** The list of a service, derived from its facet. */
export function ListPage({ service }: { readonly service: DescribedService }) {
  const tenant = useTenant();
  const can = useCan();
  const navigate = useNavigate();
  const output = useSchemas(service.list)?.output;
  const columns = useMemo(() => columnsOf(service, output), [service, output]);
  const [filter, setFilter] = useState('');
  const list = useList<Item>(service.list, {});
  const mayCreate = can(service.create);
  const params = { tenant: tenant?.slug ?? NO_TENANT, service: service.name };
  useKey('c', () => void navigate({ to: '/t/$tenant/$service/new', params }), mayCreate);
  const wanted = filter.trim().toLowerCase();
  const shown = wanted ? list.items.filter((item) => matches(item, [...service.columns, 'id'], wanted)) : list.items;
  const create = mayCreate && (
    <ButtonLink look="primary" to="/t/$tenant/$service/new" params={params} title="Key: c">
      <Plus className="size-4" aria-hidden />
      {operationOf(service.create!).summary}
    </ButtonLink>
  );
  const isEmpty = !list.isPending && !list.error && list.items.length === 0;
  return (
    <Page
      title={service.title}
      subtitle={service.summary}
      actions={
        <>
          <OtherActions service={service} />
          <ShowCode calls={[{ operation: service.list, input: {} }]} />
          {create}
        </>
      }
    >
      <Card padded={false}>
        {!isEmpty && (
          <div className="flex flex-wrap items-center gap-3 border-b border-line p-2">
            <div className="relative w-64 max-w-full">
              <Search aria-hidden className="absolute top-2 left-2.5 size-4 text-ink-soft" />
              <Input
                type="search"
                aria-label={`Filter ${service.title.toLowerCase()}`}
                placeholder="Filter"
                className="pl-8"
                value={filter}
                onChange={(event) => setFilter(event.target.value)}
              />
            </div>
            <p role="status" className="text-sm text-ink-soft">
              {wanted ? `${shown.length} of ${list.items.length}` : list.items.length}
              {list.hasNextPage && ' read so far'}
            </p>
          </div>
        )}
        {list.error && (
          <div className="p-3">
            <ErrorNote error={list.error} retry={() => void list.refetch()} />
          </div>
        )}
        {isEmpty ? (
          <Empty title={`No ${service.title.toLowerCase()} yet`} action={create}>
            {service.summary}
          </Empty>
        ) : (
          <Table
            label={service.title}
            columns={columns}
            items={shown}
            keyOf={(item) => refOf(service, item) || nameOf(service, item)}
            loading={list.isPending || list.isFetchingNextPage}
            // What is filtered is looked for in all of the list.
            onEnd={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
            rowActions={(item) => <ItemActions service={service} item={item} menu />}
          />
        )}
      </Card>
    </Page>
  );
}

const matches = (item: Item, members: readonly string[], wanted: string): boolean =>
  members.some((member) => {
    const value = item[member];
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value ?? '');
    return text.toLowerCase().includes(wanted);
  });
