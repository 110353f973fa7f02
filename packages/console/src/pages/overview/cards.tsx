import type { Host, QuotaUsage, Event } from '@thecloud/sdk';
import { Link } from '@tanstack/react-router';
import { CircleAlert } from 'lucide-react';
import { useList, useRead } from '../../api/queries.ts';
import { NO_TENANT, useCan, useMe, useTenant } from '../../api/session.ts';
import { ButtonLink } from '../../kit/button.tsx';
import { Icon } from '../../kit/icon.tsx';
import { Card } from '../../kit/layout.tsx';
import { Meter } from '../../kit/meter.tsx';
import { Empty, ErrorNote, Loading, Skeleton } from '../../kit/states.tsx';
import { Status } from '../../kit/status.tsx';
import { Time } from '../../kit/time.tsx';
import { toneOfUse } from '../../kit/use.ts';
import { titleOf } from '../../kit/value.tsx';
import { Actor } from '../activity.tsx';
import { ItemLink, nameOf, refOf } from '../links.tsx';
import { byStatus } from './by-status.ts';
import { type Counted, failedOf, statusOf } from './counts.ts';

/** How many there are of each kind, and how they are. */
export function Counts({ counted }: { readonly counted: readonly Counted[] }) {
  const tenant = useTenant()?.slug ?? NO_TENANT;
  return (
    <section aria-label="What runs" className="grid grid-cols-[repeat(auto-fill,minmax(min(15rem,100%),1fr))] gap-4">
      {counted.map(({ service, items, isCut, isPending, error, retry }) =>
        error ? (
          <ErrorNote key={service.name} error={error} retry={retry} />
        ) : (
          <Link
            key={service.name}
            to="/t/$tenant/$service"
            params={{ tenant, service: service.name }}
            className="grid content-start gap-3 rounded-lg border border-line bg-surface p-4 hover:border-line-strong"
          >
            <span className="flex items-center gap-2 text-ink-soft">
              <Icon name={service.icon} />
              {service.title}
            </span>
            {isPending ? (
              <Skeleton className="h-8 w-16" />
            ) : (
              <span className="flex flex-wrap items-center gap-x-4 gap-y-2">
                <span className="text-2xl font-semibold tabular-nums">
                  {items.length.toLocaleString('en')}
                  {isCut && '+'}
                </span>
                <span className="flex flex-wrap gap-1.5">
                  {byStatus(items.map((item) => statusOf(service, item))).map(([status, count]) => (
                    <Status key={status} value={`${count} ${status}`} tone={status} />
                  ))}
                </span>
              </span>
            )}
          </Link>
        ),
      )}
    </section>
  );
}

/** Most failures that are shown; the lists have all. */
const MOST_FAILED = 8;

/** What failed, and why. */
export function Failures({ counted }: { readonly counted: readonly Counted[] }) {
  const failed = counted.flatMap((one) => failedOf(one).map((item) => ({ service: one.service, item })));
  if (failed.length === 0) return null;
  return (
    <Card
      padded={false}
      title={
        <span className="flex items-center gap-2 text-bad">
          <CircleAlert aria-hidden className="size-4" />
          Failed
        </span>
      }
    >
      <ul className="divide-y divide-line">
        {failed.slice(0, MOST_FAILED).map(({ service, item }) => (
          <li key={`${service.name} ${refOf(service, item)}`} className="grid gap-1 px-4 py-3">
            <p className="flex flex-wrap items-center gap-2">
              <Icon name={service.icon} className="size-4 text-ink-soft" />
              <ItemLink service={service} item={item} />
              <Status value={statusOf(service, item)} />
            </p>
            <p className="text-ink-soft first-letter:uppercase">
              {typeof item['status_reason'] === 'string' && item['status_reason'] !== ''
                ? item['status_reason']
                : 'Without a reason; its events may tell more.'}
            </p>
          </li>
        ))}
      </ul>
      {failed.length > MOST_FAILED && (
        <p className="border-t border-line px-4 py-2 text-ink-soft">{failed.length - MOST_FAILED} more in the lists</p>
      )}
    </Card>
  );
}

/** What changed last; events come in as they happen. */
export function Changes({ counted }: { readonly counted: readonly Counted[] }) {
  const can = useCan();
  const tenant = useTenant()?.slug ?? NO_TENANT;
  const list = useList<Event>('events.list', { limit: 12 }, { enabled: can('events.list') });
  if (!can('events.list')) return null;
  const found = ({ resource_type: type, resource_id: id }: Event) =>
    counted
      .filter(({ service }) => service.resource === type)
      .flatMap(({ service, items }) => items.filter((item) => item['id'] === id).map((item) => ({ service, item })))[0];
  return (
    <Card
      padded={false}
      title="What changed"
      actions={
        <ButtonLink small look="quiet" to="/t/$tenant/$service" params={{ tenant, service: 'events' }}>
          All events
        </ButtonLink>
      }
    >
      {list.error ? (
        <div className="p-3">
          <ErrorNote error={list.error} retry={() => void list.refetch()} />
        </div>
      ) : list.isPending ? (
        <Loading />
      ) : list.items.length === 0 ? (
        <Empty title="Nothing has happened yet" />
      ) : (
        <ol className="divide-y divide-line">
          {list.items.slice(0, 12).map((event) => {
            const about = found(event);
            const named = event.metadata?.['name'];
            return (
              <li key={event.id} className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 px-4 py-2.5">
                <p className="flex grow flex-wrap items-baseline gap-x-2">
                  <span>{titleOf(event.action.toLowerCase())}</span>
                  {about ? (
                    <ItemLink service={about.service} item={about.item}>
                      <bdi>{nameOf(about.service, about.item)}</bdi>
                    </ItemLink>
                  ) : (
                    typeof named === 'string' && <bdi className="font-medium">{named}</bdi>
                  )}
                </p>
                <p className="text-sm text-ink-soft">
                  <Time value={event.created_at} /> by <Actor userId={event.user_id} actor={event.actor} />
                </p>
              </li>
            );
          })}
        </ol>
      )}
    </Card>
  );
}

/** The quotas that are nearly used up. Nothing, while there is room. */
export function NearQuotas() {
  const tenant = useTenant();
  const { data = [] } = useRead<readonly QuotaUsage[]>('quotas.list', {}, { enabled: tenant !== undefined });
  const near = data.filter(({ used, max }) => toneOfUse(used, max) !== 'calm');
  if (near.length === 0 || !tenant) return null;
  return (
    <Card
      title="Nearly used up"
      actions={
        <ButtonLink small look="quiet" to="/t/$tenant/$service" params={{ tenant: tenant.slug, service: 'quotas' }}>
          All quotas
        </ButtonLink>
      }
    >
      <div className="grid gap-4">
        {near.map(({ resource, used, max, unit }) => (
          <Meter key={resource} label={titleOf(resource.replace(/_(mb|gb)$/, ''))} used={used} max={max} unit={unit} />
        ))}
      </div>
    </Card>
  );
}
/** For the operator: what the hosts have for instances, and how much of it is taken. */
export function Capacity() {
  const isOperator = useMe()?.role === 'admin';
  const tenant = useTenant()?.slug ?? NO_TENANT;
  const list = useList<Host>('hosts.list', {}, { enabled: isOperator });
  if (!isOperator) return null;
  return (
    <Card
      title="Capacity of the hosts"
      actions={
        <ButtonLink small look="quiet" to="/t/$tenant/$service" params={{ tenant, service: 'hosts' }}>
          All hosts
        </ButtonLink>
      }
    >
      {list.error ? (
        <ErrorNote error={list.error} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Loading />
      ) : list.items.length === 0 ? (
        <Empty title="No host has reported yet" />
      ) : (
        <div className="grid gap-6">
          {list.items.slice(0, 4).map((host) => (
            <div key={host.id} className="grid gap-3">
              <p className="flex flex-wrap items-center gap-2">
                <bdi className="font-medium">{host.name}</bdi>
                <Status value={host.state} />
              </p>
              {host.state_reason && <p className="text-sm text-ink-soft">{host.state_reason}</p>}
              <Meter
                label="vCPUs"
                used={host.promised.vcpus}
                max={Math.floor(host.capacity.vcpus * host.overcommit.cpu)}
              />
              <Meter
                label="Memory"
                used={host.promised.memory_mb}
                max={Math.floor(host.capacity.memory_mb * host.overcommit.memory)}
                unit="MB"
              />
              <Meter
                label="Disk"
                used={host.promised.disk_gb}
                max={Math.floor(host.capacity.disk_gb * host.overcommit.disk)}
                unit="GB"
              />
            </div>
          ))}
        </div>
      )}
    </Card>
  );
}
