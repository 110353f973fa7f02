import { type Item, useList } from '../api/queries.ts';
import { useCan } from '../api/session.ts';
import { Card } from '../kit/layout.tsx';
import { ErrorNote } from '../kit/states.tsx';
import type { ItemProps } from './custom.ts';
import { ItemTable } from './item-table.tsx';
import { refOf } from './links.tsx';
import { type Relation, relationsOf } from './relations.ts';

/** What refers to an item, a table for each kind. */
export function Related({ service, item }: ItemProps) {
  const can = useCan();
  return (
    <>
      {relationsOf(service)
        .filter((one) => can(one.service.list))
        .map((one) => (
          <RelatedTable key={`${one.service.name} ${one.member}`} relation={one} id={refOf(service, item)} />
        ))}
    </>
  );
}

function RelatedTable({ relation: { service, member }, id }: { readonly relation: Relation; readonly id: string }) {
  const list = useList<Item>(service.list, { [member]: id });
  const size = list.isPending ? '' : ` (${list.items.length}${list.hasNextPage ? '+' : ''})`;
  return (
    <Card title={`${service.title}${size}`} padded={false}>
      {list.error ? (
        <div className="p-3">
          <ErrorNote error={list.error} retry={() => void list.refetch()} />
        </div>
      ) : !list.isPending && list.items.length === 0 ? (
        <p className="p-4 text-ink-soft">None</p>
      ) : (
        <ItemTable
          service={service}
          label={service.title}
          items={list.items}
          loading={list.isPending || list.isFetchingNextPage}
          onEnd={list.readOn}
        />
      )}
    </Card>
  );
}
