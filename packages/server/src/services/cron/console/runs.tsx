import {
  Card,
  type Column,
  type CronRun,
  Empty,
  ErrorNote,
  type ItemProps,
  Mono,
  Status,
  Table,
  Time,
  useList,
} from '@thecloud/console';

/** So many runs are in the strip. */
const STRIP = 50;

const COLUMNS: readonly Column<CronRun>[] = [
  { key: 'status', title: 'Status', width: '8rem', render: ({ status }) => <Status value={status} /> },
  {
    key: 'scheduled_at',
    title: 'Scheduled',
    render: ({ scheduled_at }) => (scheduled_at ? <Time value={scheduled_at} /> : 'on request'),
  },
  { key: 'started_at', title: 'Started', render: ({ started_at }) => <Time value={started_at} /> },
  {
    key: 'output',
    title: 'Message',
    width: 'minmax(18rem, 2fr)',
    render: ({ output, error }) => (output ? <Mono text={output} /> : error),
  },
];

/** The history of a job: the last runs as a strip, and each with what became of it. */
export function RunsTab({ item }: ItemProps) {
  const list = useList<CronRun>('cron.runs', { id: String(item.id) });
  if (list.error) return <ErrorNote error={list.error} retry={() => void list.refetch()} />;
  const failed = list.items.slice(0, STRIP).filter(({ status }) => status === 'FAILED').length;
  return (
    <Card title="Runs" padded={false}>
      {list.items.length === 0 && !list.isPending ? (
        <Empty title="This job has not run yet" />
      ) : (
        <>
          <div
            role="img"
            aria-label={`${failed} of the last ${Math.min(STRIP, list.items.length)} runs failed`}
            className="flex gap-0.5 p-4"
          >
            {list.items
              .slice(0, STRIP)
              .toReversed()
              .map(({ id, status }) => (
                <span key={id} className={`h-6 w-1.5 rounded-sm ${status === 'FAILED' ? 'bg-bad' : 'bg-good'}`} />
              ))}
          </div>
          <Table
            label="Runs"
            columns={COLUMNS}
            items={list.items}
            keyOf={({ id }) => id}
            loading={list.isPending || list.isFetchingNextPage}
            onEnd={list.readOn}
          />
        </>
      )}
    </Card>
  );
}
