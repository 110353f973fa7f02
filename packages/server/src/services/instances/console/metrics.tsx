import { Card, Chart, Empty, ErrorNote, type ItemProps, Loading } from '@thecloud/console';
import { seriesOf, summaryOf } from './samples.ts';
import type { Instance } from './shown.ts';
import { useReadings } from './use-readings.ts';
import { sizeOf } from './words.ts';

const percent = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} %`;
const rate = (value: number) => `${sizeOf(value)}/s`;

/** What the instance uses, over the last ten minutes that the page was open. */
export function InstanceMetrics({ item }: ItemProps) {
  const { id, name, status } = item as unknown as Instance;
  const running = status === 'RUNNING';
  const { readings, error } = useReadings(id, running);
  const last = readings.at(-1);
  if (!last)
    return (
      <Card padded={false}>
        {error ? (
          <div className="p-3">
            <ErrorNote error={error} />
          </div>
        ) : running ? (
          <Loading />
        ) : (
          <Empty title="The instance does not run">Its use is shown as soon as it runs.</Empty>
        )}
      </Card>
    );
  const series = seriesOf(readings);
  const common = { name, times: series.times };
  return (
    <div className="grid grid-cols-1 gap-4">
      {error !== undefined && <ErrorNote error={error} />}
      <div className="grid grid-cols-1 gap-4 xl:grid-cols-2">
        <Graph
          {...common}
          title="CPU"
          note={`of ${last.vcpus} vCPU${last.vcpus === 1 ? '' : 's'}`}
          most={100}
          format={percent}
          lines={[{ label: 'CPU', values: series.cpu }]}
        />
        <Graph
          {...common}
          title="Memory"
          note={`of ${sizeOf(last.memory_limit_bytes)}`}
          most={last.memory_limit_bytes}
          format={sizeOf}
          lines={[{ label: 'Memory', values: series.memory }]}
        />
        <Graph
          {...common}
          title="Network"
          note={last.network_rx_bytes === undefined ? 'it is in no VPC' : 'bytes in a second'}
          format={rate}
          lines={[
            { label: 'Received', values: series.received },
            { label: 'Sent', values: series.sent },
          ]}
        />
        <Graph
          {...common}
          title="Disk in use"
          note={
            last.disk_limit_bytes === undefined ? 'the host does not report it' : `of ${sizeOf(last.disk_limit_bytes)}`
          }
          format={sizeOf}
          lines={[{ label: 'Disk', values: series.disk }]}
        />
      </div>
      <p className="text-sm text-ink-soft">
        {last.process_count} of at most {last.process_limit} processes and threads. A reading each two seconds while
        this page is in sight; ten minutes are kept until the console is closed.
      </p>
    </div>
  );
}

function Graph({
  name,
  title,
  note,
  times,
  lines,
  format,
  most,
}: {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly times: readonly number[];
  readonly lines: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
  readonly format: (value: number) => string;
  readonly most?: number;
}) {
  const words = lines
    .map(({ label, values }) => {
      const summary = summaryOf(values);
      const prefix = lines.length > 1 ? `${label} ` : '';
      return summary
        ? `${prefix}${format(summary.last)} now, ${format(summary.mean)} on average, at most ${format(summary.peak)}`
        : `${prefix}no reading yet`;
    })
    .join('; ');
  return (
    <Card
      title={
        <>
          {title} <span className="font-normal text-ink-soft">{note}</span>
        </>
      }
    >
      <Chart
        summary={`${title} of ${name}: ${words}`}
        times={times}
        lines={lines}
        format={format}
        most={most}
        binary={format !== percent}
        group={name}
      />
      <p className="mt-2 text-sm text-ink-soft tabular-nums">{words}</p>
    </Card>
  );
}
