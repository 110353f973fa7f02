import {
  type AuditItem,
  AuditTable,
  Card,
  Empty,
  ErrorNote,
  FilterBar,
  type ListPageProps,
  useListFilters,
  useList,
  useOpenItem,
} from '@thecloud/console';

/** Rows of the trail with their filters. The API filters: a trail is longer than a page can look through. */
export function TrailList({ service }: ListPageProps) {
  const isOperator = service.scope === 'operator';
  const { filters, given, isKnown, change, text, setText } = useListFilters(service, KINDS);
  const list = useList<AuditItem>(service.list, given, { enabled: isKnown });
  const openItem = useOpenItem();
  const shown =
    text === ''
      ? list.items
      : list.items.filter((row) => JSON.stringify(row).toLowerCase().includes(text.toLowerCase()));
  const isNone = !list.isPending && !list.error && shown.length === 0 && !list.hasNextPage;
  return (
    <Card padded={false}>
      <FilterBar
        label="the audit trail"
        filters={filters}
        given={given}
        onGiven={(changed) => change(changed, false)}
        text={text}
        onText={setText}
      >
        {list.isPending ? 'Reading' : `${shown.length.toLocaleString('en')}${list.hasNextPage ? ' read so far' : ''}`}
      </FilterBar>
      {list.error && (
        <div className="p-3">
          <ErrorNote error={list.error} retry={() => void list.refetch()} />
        </div>
      )}
      {isNone ? (
        <Empty title="No rows match">Nobody did anything like it in this time.</Empty>
      ) : (
        !(list.error && list.items.length === 0) && (
          <AuditTable
            label={service.title}
            operator={isOperator}
            items={shown}
            loading={list.isPending || list.isFetchingNextPage}
            onEnd={list.readOn}
            onOpen={isOperator ? undefined : ({ id }) => openItem(service, id)}
          />
        )
      )}
    </Card>
  );
}

/** Filters that are chosen, though the API takes any text for them. */
const KINDS = { resource_type: 'resources' } as const;
