import {
  Card,
  Chart,
  Code,
  ErrorNote,
  Fact,
  type ItemProps,
  ItemTable,
  Members,
  Mono,
  type Queue,
  shownDuration,
  shownSize,
  Skeleton,
  useCan,
  useList,
  usePlatformStatus,
} from '@thecloud/console';
import type { ReactNode } from 'react';
import { depthOf, useDepth } from './depth.ts';

const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 0 });

/** The first tab: how full it is now and was, how AWS clients reach it, what it is, and which queues send their dead letters here. */
export function QueueSummary(props: ItemProps) {
  const queue = props.item as unknown as Queue;
  const can = useCan();
  return (
    <div className="grid grid-cols-1 gap-4">
      {can('queues.stats') && <Numbers queue={queue} />}
      <AwsAccess queue={queue} />
      <Members {...props} />
      {can('queues.deadLetterSources') && <Sources {...props} />}
    </div>
  );
}

function Numbers({ queue }: { readonly queue: Queue }) {
  const { readings, error } = useDepth(queue.id, true);
  const last = readings.at(-1);
  if (!last) return error ? <ErrorNote error={error} /> : <Skeleton className="h-18 w-full" />;
  const depth = depthOf(readings);
  const { visible, in_flight, delayed, oldest_age_seconds, bytes } = last;
  return (
    <>
      {error !== undefined && <ErrorNote error={error} />}
      <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line lg:grid-cols-5">
        <Number name="Visible" note="can be received now">
          {count(visible)}
        </Number>
        <Number name="In flight" note="received, not deleted yet">
          {count(in_flight)}
        </Number>
        <Number name="Delayed" note="not visible yet">
          {count(delayed)}
        </Number>
        <Number name="Oldest message" note={`expires after ${shownDuration(queue.retention_seconds)}`}>
          {oldest_age_seconds === undefined ? '–' : shownDuration(oldest_age_seconds)}
        </Number>
        <Number name="Size" note="bodies and attributes">
          {shownSize(bytes)}
        </Number>
      </dl>
      <Card title="Messages over the last ten minutes">
        {readings.length < 2 ? (
          <Skeleton className="h-45 w-full" />
        ) : (
          <Chart
            summary={`Messages of ${queue.name}: ${count(visible)} visible, ${count(in_flight)} in flight, ${count(delayed)} delayed`}
            times={depth.times}
            lines={[
              { label: 'Visible', values: depth.visible },
              { label: 'In flight', values: depth.inFlight },
              { label: 'Delayed', values: depth.delayed },
            ]}
            format={count}
            group={queue.id}
          />
        )}
        <p className="mt-2 text-sm text-ink-soft">
          Counted every two seconds while this page is in sight, and less often when there are very many messages.
        </p>
      </Card>
    </>
  );
}

function Number({
  name,
  note,
  children,
}: {
  readonly name: string;
  readonly note: string;
  readonly children: ReactNode;
}) {
  return (
    <div className="grid content-start gap-1 bg-surface px-4 py-3 last:col-span-2 lg:last:col-span-1">
      <dt className="text-xs text-ink-soft">{name}</dt>
      <dd className="grid gap-1">
        <span className="text-lg leading-6 font-semibold tabular-nums">{children}</span>
        <span className="text-xs text-ink-soft">{note}</span>
      </dd>
    </div>
  );
}

/** What AWS clients call the queue, and the command that tries it. */
function AwsAccess({ queue }: { readonly queue: Queue }) {
  const status = usePlatformStatus();
  if (!status?.aws_endpoint) return null;
  const url = `${status.aws_endpoint}/${queue.arn.split(':')[4]}/${queue.name}`;
  return (
    <Card title="For AWS clients">
      <div className="grid gap-3">
        <dl className="grid gap-3 lg:grid-cols-2">
          <Fact name="Queue URL">
            <Mono text={url} />
          </Fact>
          <Fact name="ARN">
            <Mono text={queue.arn} />
          </Fact>
        </dl>
        <Code
          snippets={[
            {
              title: 'AWS CLI',
              text: `eval "$(cloud aws env)"\naws sqs send-message --queue-url ${url} --message-body hello${queue.fifo ? ' --message-group-id first --message-deduplication-id 1' : ''}\naws sqs receive-message --queue-url ${url} --wait-time-seconds 20`,
            },
          ]}
        />
      </div>
    </Card>
  );
}

/** The queues that use this one as their dead-letter queue; nothing if there are none. */
function Sources({ service, item }: ItemProps) {
  const sources = useList('queues.deadLetterSources', { id: (item as unknown as Queue).id });
  if (sources.error) return <ErrorNote error={sources.error} retry={() => void sources.refetch()} />;
  if (sources.items.length === 0) return null;
  return (
    <Card title="Queues whose dead letters come here" padded={false}>
      <ItemTable
        service={service}
        label="Queues whose dead letters come here"
        items={sources.items}
        loading={sources.isFetchingNextPage}
        onEnd={sources.readOn}
      />
    </Card>
  );
}
