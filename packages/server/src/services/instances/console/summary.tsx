import {
  Button,
  Card,
  Copy,
  ErrorNote,
  Fact,
  Facts,
  type ItemProps,
  Mono,
  Reference,
  Skeleton,
  Tag,
  Time,
  useCan,
} from '@thecloud/console';
import { Eye, EyeOff, TriangleAlert } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { rateOf } from './samples.ts';
import type { Instance } from './shown.ts';
import { TimeLine } from './time-line.tsx';
import { useReadings } from './use-readings.ts';
import { exitWords, sizeOf } from './words.ts';

/** The first tab: how it is, what it uses now, everything that is attached, and what happened. */
export function InstanceSummary({ item }: ItemProps) {
  const instance = item as unknown as Instance;
  const can = useCan();
  return (
    <div className="grid gap-4">
      <Reason instance={instance} />
      {can('instances.stats') && instance.status === 'RUNNING' && <Now instance={instance} />}
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[2fr_1fr]">
        <div className="grid min-w-0 grid-cols-1 gap-4">
          <Attached instance={instance} />
          <Secrets instance={instance} />
          <div className="grid gap-4 sm:grid-cols-2">
            <Pairs title="Labels" pairs={instance.labels} />
            <Pairs title="Metadata" pairs={instance.metadata} />
          </div>
        </div>
        {can('events.list') && <TimeLine id={instance.id} />}
      </div>
    </div>
  );
}

/** Why it is not as wanted. */
function Reason({ instance }: { readonly instance: Instance }) {
  if (!instance.status_reason) return null;
  const bad = instance.status === 'ERROR';
  return (
    <div
      role="status"
      className={`flex items-start gap-2 rounded-md px-3 py-2 ${bad ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn'}`}
    >
      <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
      <p className="min-w-0">
        {instance.status_reason.charAt(0).toUpperCase() + instance.status_reason.slice(1)}
        {instance.restarts_at && (
          <>
            {' '}
            The next start is <Time value={instance.restarts_at} />.
          </>
        )}
      </p>
    </div>
  );
}

function Now({ instance }: { readonly instance: Instance }) {
  const { readings, error } = useReadings(instance.id, true);
  const [before, last] = [readings.at(-2), readings.at(-1)];
  if (!last) return error ? <ErrorNote error={error} /> : <Skeleton className="h-18 w-full" />;
  const ms = before ? Date.parse(last.read_at) - Date.parse(before.read_at) : 0;
  const received = rateOf(before?.network_rx_bytes, last.network_rx_bytes, ms);
  const sent = rateOf(before?.network_tx_bytes, last.network_tx_bytes, ms);
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line lg:grid-cols-4">
      <Number
        name="CPU"
        value={`${last.cpu_percentage.toFixed(1)} %`}
        note={`of ${last.vcpus} vCPU${last.vcpus === 1 ? '' : 's'}`}
        part={last.cpu_percentage / 100}
      />
      <Number
        name="Memory"
        value={sizeOf(last.memory_usage_bytes)}
        note={`of ${sizeOf(last.memory_limit_bytes)}`}
        part={last.memory_usage_bytes / last.memory_limit_bytes}
      />
      <Number
        name="Disk"
        value={last.disk_usage_bytes === undefined ? '–' : sizeOf(last.disk_usage_bytes)}
        note={last.disk_limit_bytes === undefined ? 'not reported' : `of ${sizeOf(last.disk_limit_bytes)}`}
        {...(last.disk_usage_bytes !== undefined && last.disk_limit_bytes
          ? { part: last.disk_usage_bytes / last.disk_limit_bytes }
          : {})}
      />
      <Number
        name="Network"
        value={
          last.network_rx_bytes === undefined ? (
            '–'
          ) : (
            <>
              ↓ {received === null ? '…' : `${sizeOf(received)}/s`}{' '}
              <span className="whitespace-nowrap">↑ {sent === null ? '…' : `${sizeOf(sent)}/s`}</span>
            </>
          )
        }
        note={
          last.network_rx_bytes === undefined
            ? 'in no VPC'
            : `${sizeOf(last.network_rx_bytes)} in, ${sizeOf(last.network_tx_bytes ?? 0)} out since the start`
        }
      />
    </dl>
  );
}

function Number({
  name,
  value,
  note,
  part,
}: {
  readonly name: string;
  readonly value: ReactNode;
  readonly note: string;
  /** Between 0 and 1. */
  readonly part?: number;
}) {
  return (
    <div className="grid content-start gap-1 bg-surface px-4 py-3">
      <dt className="text-xs text-ink-soft">{name}</dt>
      <dd className="grid gap-1">
        <span className="text-lg leading-6 font-semibold tabular-nums">{value}</span>
        <span className="text-xs text-ink-soft tabular-nums">{note}</span>
        {part !== undefined && (
          <span aria-hidden className="mt-0.5 block h-1 overflow-hidden rounded-full bg-raised">
            <span
              className={`block h-full ${part > 0.9 ? 'bg-bad' : part > 0.75 ? 'bg-warn' : 'bg-accent'}`}
              style={{ width: `${Math.min(100, part * 100)}%` }}
            />
          </span>
        )}
      </dd>
    </div>
  );
}

function Attached({ instance }: { readonly instance: Instance }) {
  const none = <span className="text-ink-soft">–</span>;
  return (
    <Card title="What it is and has">
      <Facts>
        <Fact name="Instance type">
          <Reference kind="instance_type" value={instance.instance_type} />
        </Fact>
        <Fact name="Image">{instance.image}</Fact>
        <Fact name="VPC">
          {instance.vpc_id ? <Reference kind="vpc" value={instance.vpc_id} /> : 'None: it has no network'}
        </Fact>
        <Fact name="Private IP">{instance.private_ip ? <Mono text={instance.private_ip} /> : none}</Fact>
        <Fact name="Name in the VPC">{instance.dns_name ? <Mono text={instance.dns_name} /> : none}</Fact>
        <Fact name="Host name">
          <Mono text={instance.hostname} />
        </Fact>
        <Fact name="Running since">{instance.started_at ? <Time value={instance.started_at} /> : none}</Fact>
        <Fact name="Automatic restarts">
          <span className="tabular-nums">{instance.restart_count}</span>
        </Fact>
        <Fact name="Last exit of the first process">
          {instance.last_exit ? (
            <>
              {exitWords(instance.last_exit)}, <Time value={instance.last_exit.at} />
            </>
          ) : (
            'It has not ended'
          )}
        </Fact>
        <Fact name="Created">
          <Time value={instance.created_at} /> by <Reference kind="member" value={instance.user_id} />
        </Fact>
        <Fact name="Machine on the host">{instance.container_id ?? none}</Fact>
        <Fact name="ID">
          <Mono text={instance.id} />
        </Fact>
      </Facts>
    </Card>
  );
}

/** Environment and command may hold credentials: they are in the page only while somebody wants to see them. */
function Secrets({ instance }: { readonly instance: Instance }) {
  const [shown, setShown] = useState(false);
  const env = instance.env ?? [];
  const { cmd } = instance;
  if (env.length === 0 && !cmd) return null;
  const what = [
    ...(env.length > 0 ? [env.length === 1 ? '1 environment variable' : `${env.length} environment variables`] : []),
    ...(cmd ? ['a command'] : []),
  ].join(' and ');
  return (
    <Card
      title="Environment and command"
      actions={
        <Button small aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? <EyeOff className="size-3.5" aria-hidden /> : <Eye className="size-3.5" aria-hidden />}
          {shown ? 'Hide' : 'Show'}
        </Button>
      }
    >
      {shown ? (
        <div className="grid gap-4">
          {env.length > 0 && (
            <dl className="grid gap-x-4 gap-y-1 font-mono text-sm sm:grid-cols-[auto_1fr]">
              {env.map((one) => {
                const [key, value] = [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)];
                return (
                  <div key={key} className="contents">
                    <dt className="text-ink-soft sm:py-1">
                      <bdi>{key}</bdi>
                    </dt>
                    <dd className="flex min-w-0 items-start gap-1">
                      {value === '' ? (
                        <span className="font-sans text-ink-soft">empty</span>
                      ) : (
                        <>
                          <bdi className="min-w-0 py-1 whitespace-pre-wrap">{value}</bdi>
                          <Copy text={value} label={`Copy ${key}`} />
                        </>
                      )}
                    </dd>
                  </div>
                );
              })}
            </dl>
          )}
          {cmd && (
            <p className="flex flex-wrap items-center gap-1 font-mono text-sm">
              {cmd.map((word, index) => (
                <Tag key={index}>{word || "''"}</Tag>
              ))}
            </p>
          )}
        </div>
      ) : (
        <p className="text-ink-soft">It has {what}. They may hold credentials, so they are not shown unasked.</p>
      )}
    </Card>
  );
}

function Pairs({
  title,
  pairs = {},
}: {
  readonly title: string;
  readonly pairs?: Readonly<Record<string, string>> | undefined;
}) {
  const entries = Object.entries(pairs);
  if (entries.length === 0) return null;
  return (
    <Card title={title}>
      <p className="flex flex-wrap gap-1.5">
        {entries.map(([name, value]) => (
          <Tag key={name}>
            <bdi className="font-medium text-ink">{name}</bdi>
            {value && (
              <>
                {' = '}
                <bdi>{value}</bdi>
              </>
            )}
          </Tag>
        ))}
      </p>
    </Card>
  );
}
