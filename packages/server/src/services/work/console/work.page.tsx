import {
  type WorkOfKind,
  type StuckWork,
  Button,
  Card,
  Checkbox,
  Empty,
  ErrorNote,
  type Item,
  type ListPageProps,
  Loading,
  Mono,
  Page,
  Reference,
  type ServicePages,
  ShowCode,
  Table,
  Tag,
  Time,
  toast,
  useAct,
  useRead,
  shortId,
} from '@thecloud/console';
import { useState } from 'react';

/** Work has no events: the page looks by itself. */
const LOOK_MS = 10_000;

type Stuck = Item & StuckWork;

type KindOfWork = Item & WorkOfKind;

/** What does not get on, with what to do about it; then all work by kind. */
function WorkPage({ service }: ListPageProps) {
  const read = useRead<readonly KindOfWork[]>('work.list', { limit: 200 }, { refetchMs: LOOK_MS });
  const when = (value: string | undefined) =>
    value ? <Time value={value} /> : <span className="text-ink-soft">–</span>;
  return (
    <Page
      title={service.title}
      subtitle={service.summary}
      actions={<ShowCode calls={['work.stuck', 'work.list'].map((operation) => ({ operation, input: {} }))} />}
    >
      <StuckWork />
      <Card title="By kind" padded={false}>
        {read.error ? (
          <div className="p-3">
            <ErrorNote error={read.error} retry={() => void read.refetch()} />
          </div>
        ) : read.data?.length === 0 ? (
          <Empty title="No work">The worker has nothing to do, or has not started yet.</Empty>
        ) : (
          <Table
            label="Work by kind"
            items={read.data ?? []}
            keyOf={({ kind }) => kind}
            loading={read.isPending}
            columns={[
              { key: 'kind', title: 'Kind', width: 'minmax(10rem, 2fr)', render: ({ kind }) => <bdi>{kind}</bdi> },
              { key: 'due', title: 'Waiting', width: '5.5rem', numeric: true, render: ({ due }) => due },
              { key: 'running', title: 'Running', width: '5.5rem', numeric: true, render: ({ running }) => running },
              {
                key: 'failing',
                title: 'Failing',
                width: '5.5rem',
                numeric: true,
                render: ({ failing }) => <span className={failing > 0 ? 'font-medium text-bad' : ''}>{failing}</span>,
              },
              { key: 'oldest_due_at', title: 'Oldest waits since', render: (one) => when(one.oldest_due_at) },
              { key: 'last_run_at', title: 'Last run', render: (one) => when(one.last_run_at) },
              { key: 'next_run_at', title: 'Next run', render: (one) => when(one.next_run_at) },
            ]}
          />
        )}
      </Card>
    </Page>
  );
}

function StuckWork() {
  const [all, setAll] = useState(false);
  const read = useRead<readonly Stuck[]>(
    'work.stuck',
    { limit: 200, ...(all ? { attempts: 1 } : {}) },
    { refetchMs: LOOK_MS },
  );
  const retry = useAct<Stuck>('work.retry', { onSuccess: ({ kind }) => toast(`The ${kind} is tried now`) });
  const isTried = (one: Stuck) => retry.isPending && retry.variables['id'] === one.id;
  return (
    <Card
      title="Stuck"
      padded={false}
      actions={
        <Checkbox
          label="Also what has failed only a few times"
          checked={all}
          onChange={(event) => setAll(event.target.checked)}
        />
      }
    >
      {(read.error ?? retry.error) && (
        <div className="p-3">
          <ErrorNote error={read.error ?? retry.error} retry={read.error ? () => void read.refetch() : undefined} />
        </div>
      )}
      {read.isPending ? (
        <Loading />
      ) : read.data?.length === 0 ? (
        <Empty title="Nothing is stuck">What fails several times in a row is listed here, with what you can do.</Empty>
      ) : (
        <ul className="divide-y divide-line">
          {read.data?.map((one) => (
            <li key={`${one.kind} ${one.id}`} className="grid gap-2 px-4 py-3">
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <span className="font-medium">{one.kind}</span>
                <Mono text={one.id} shown={shortId(one.id)} />
                {one.tenant_id && (
                  <span className="text-sm text-ink-soft">
                    of <Reference kind="operated_tenant" value={one.tenant_id} />
                  </span>
                )}
                {one.reason_code && <Tag>{one.reason_code}</Tag>}
                <span className="grow text-sm text-ink-soft">
                  failed {one.attempts} {one.attempts === 1 ? 'time' : 'times'}, next attempt{' '}
                  <Time value={one.due_at} />
                </span>
                <Button
                  small
                  busy={isTried(one)}
                  aria-label={`Retry now: ${one.kind} ${shortId(one.id)}`}
                  onClick={() => retry.mutate({ kind: one.kind, id: one.id })}
                >
                  Retry now
                </Button>
              </div>
              {one.last_error && (
                <p className="rounded-md bg-raised px-3 py-2 font-mono text-sm">
                  <bdi>{one.last_error}</bdi>
                </p>
              )}
              <p>
                <span className="text-ink-soft">What you can do: </span>
                {one.advice}
              </p>
              {one.reason && (
                <p className="text-sm text-ink-soft">
                  Its tenant reads: <bdi>{one.reason}</bdi>
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

export const pages: ServicePages = { list: WorkPage };
