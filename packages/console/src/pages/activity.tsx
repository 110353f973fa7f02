import { useList } from '../api/queries.ts';
import { Card } from '../kit/layout.tsx';
import { Empty, ErrorNote, Loading } from '../kit/states.tsx';
import { Status } from '../kit/status.tsx';
import { Time } from '../kit/time.tsx';
import { titleOf } from '../kit/value.tsx';
import type { ItemProps } from './custom.ts';
import { Reference } from './links.tsx';

interface EventItem {
  readonly id: string;
  readonly action: string;
  readonly actor?: string;
  readonly user_id?: string;
  readonly changes?: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly created_at: string;
}

const textOf = (value: unknown): string =>
  value === null || value === undefined || value === ''
    ? '–'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);

/** Who did it: a person, or a part of the platform. */
export function Actor({
  userId,
  actor,
}: {
  readonly userId?: string | undefined;
  readonly actor?: string | undefined;
}) {
  if (userId) return <Reference kind="member" value={userId} />;
  return <>{actor?.startsWith('system:') ? 'the platform' : (actor ?? 'the platform')}</>;
}

/** What happened to an item, newest first. */
export function Activity({ service, item }: ItemProps) {
  const list = useList<EventItem>('events.list', {
    resource_type: service.resource,
    resource_id: String(item.id),
    limit: 50,
  });
  return (
    <Card padded={false}>
      {list.error ? (
        <div className="p-3">
          <ErrorNote error={list.error} />
        </div>
      ) : list.isPending ? (
        <Loading />
      ) : list.items.length === 0 ? (
        <Empty title="No events">Events are kept for 30 days.</Empty>
      ) : (
        <ol className="divide-y divide-line">
          {list.items.map((event) => (
            <li key={event.id} className="grid gap-0.5 px-4 py-2.5">
              <p className="flex flex-wrap items-baseline gap-x-2">
                <span className="font-medium">{titleOf(event.action.toLowerCase())}</span>
                <span className="text-sm text-ink-soft">
                  <Time value={event.created_at} /> by <Actor userId={event.user_id} actor={event.actor} />
                </span>
              </p>
              {event.changes && (
                <p className="text-sm text-ink-soft">
                  {Object.entries(event.changes)
                    .map(([member, { from, to }]) => `${titleOf(member)}: ${textOf(from)} → ${textOf(to)}`)
                    .join(' · ')}
                </p>
              )}
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

interface AuditItem {
  readonly id: string;
  readonly action: string;
  readonly outcome: string;
  readonly user_id?: string;
  readonly actor?: string;
  readonly ip_address?: string;
  readonly created_at: string;
}

/** Who did what to an item, refused attempts included, newest first. */
export function Trail({ item }: ItemProps) {
  const list = useList<AuditItem>('audit.list', { resource_id: String(item.id), limit: 50 });
  return (
    <Card padded={false}>
      {list.error ? (
        <div className="p-3">
          <ErrorNote error={list.error} />
        </div>
      ) : list.isPending ? (
        <Loading />
      ) : list.items.length === 0 ? (
        <Empty title="Nothing in the audit trail" />
      ) : (
        <ol className="divide-y divide-line">
          {list.items.map((row) => (
            <li key={row.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
              <Status value={row.outcome} />
              <span className="font-medium">{row.action}</span>
              <span className="text-sm text-ink-soft">
                <Time value={row.created_at} /> by <Actor userId={row.user_id} actor={row.actor} />
                {row.ip_address && ` from ${row.ip_address}`}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
