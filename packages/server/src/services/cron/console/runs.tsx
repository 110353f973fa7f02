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
/** Characters of an answer in the table. */
const SHOWN = 200;

const TONES: Readonly<Record<string, string>> = { SUCCESS: 'bg-good', FAILED: 'bg-bad' };

const COLUMNS: readonly Column<CronRun>[] = [
  { key: 'status', title: 'Status', width: '8rem', render: ({ status }) => <Status value={status} /> },
  {
    key: 'scheduled_at',
    title: 'Scheduled',
    render: ({ scheduled_at }) => (scheduled_at ? <Time value={scheduled_at} /> : 'on request'),
  },
  { key: 'started_at', title: 'Started', render: ({ started_at }) => <Time value={started_at} /> },
  {
    key: 'duration_ms',
    title: 'Call',
    width: '10rem',
    render: ({ attempts, duration_ms }) =>
      duration_ms === undefined ? '' : `${duration_ms} ms${attempts > 1 ? `, attempt ${attempts}` : ''}`,
  },
  {
    key: 'output',
    title: 'Message, answer or error',
    width: 'minmax(18rem, 2fr)',
    // An answer may have 64 KiB.
    render: ({ output, error }) => error ?? (output ? <Mono text={output.slice(0, SHOWN)} /> : ''),
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
                <span key={id} className={`h-6 w-1.5 rounded-sm ${TONES[status] ?? 'bg-line'}`} />
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
