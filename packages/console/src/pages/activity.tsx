import type { AuditLog } from '@thecloud/sdk';
import { Link } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { type Item, useList } from '../api/queries.ts';
import { serviceOf, services } from '../api/registry.ts';
import { NO_TENANT, useCan, useMe, useTenant } from '../api/session.ts';
import type { LiveEvent } from '../api/streams.ts';
import { shortId } from '../kit/copy.tsx';
import { Card } from '../kit/layout.tsx';
import { Empty, ErrorNote } from '../kit/states.tsx';
import { Status } from '../kit/status.tsx';
import { type Column, Table } from '../kit/table.tsx';
import { Time } from '../kit/time.tsx';
import type { ItemProps } from './custom.ts';
import { changesOf, nameIn, wordsOf } from './happened.ts';
import { ItemLink, Reference } from './links.tsx';

/** A user by their address, as far as they are a member of the tenant: the list of its members is read once for all of them. */
function Person({ id }: { readonly id: string }) {
  const can = useCan();
  const me = useMe();
  const list = useList<Item>('members.list', {}, { enabled: can('members.list') });
  const service = serviceOf('members');
  const member = list.items.find((one) => one.id === id);
  if (service && member) return <ItemLink service={service} item={member} />;
  if (me?.id === id) return <bdi>{me.email}</bdi>;
  const isOutside = list.data !== undefined && !list.hasNextPage;
  return <span title={id}>{isOutside ? 'an operator or a former member' : id.slice(0, 8)}</span>;
}

/** Who did it: a person, or a part of the platform. */
export function Actor({
  userId,
  actor,
}: {
  readonly userId?: string | undefined;
  readonly actor?: string | undefined;
}) {
  if (userId) return <Person id={userId} />;
  return <span title={actor}>{actor?.startsWith('system:') ? 'the platform' : (actor ?? 'the platform')}</span>;
}

/** The resource that something happened to, by the name that is known of it; a link, where it has a page. */
function Subject({
  type,
  id,
  name,
}: {
  readonly type: string;
  readonly id: string | undefined;
  readonly name?: string | undefined;
}) {
  const tenant = useTenant();
  const service = services.find((one) => one.resource === type && one.get !== undefined && one.scope !== 'operator');
  const noun = service?.noun ?? type.replaceAll('_', ' ');
  const text = name ?? (id && shortId(id));
  if (!service || id === undefined)
    return (
      <>
        {noun} <bdi title={id}>{text}</bdi>
      </>
    );
  return (
    <>
      {noun}{' '}
      <Link
        to="/t/$tenant/$service/$id"
        params={{ tenant: tenant?.slug ?? NO_TENANT, service: service.name, id }}
        className="font-medium text-accent hover:underline"
        title={id}
      >
        <bdi>{text}</bdi>
      </Link>
    </>
  );
}

function Changes({ event }: { readonly event: LiveEvent }) {
  const changes = changesOf(event);
  if (changes.length === 0) return <span className="text-ink-soft">–</span>;
  return (
    <span title={changes.map(({ title, from, to }) => `${title}: ${from} → ${to}`).join('\n')}>
      {changes.map(({ title, from, to }, index) => (
        <span key={title}>
          {index > 0 && ' · '}
          <span className="text-ink-soft">{title}:</span> <bdi>{from}</bdi> → <bdi>{to}</bdi>
        </span>
      ))}
    </span>
  );
}

const EVENT_COLUMNS: readonly Column<LiveEvent>[] = [
  { key: 'created_at', title: 'When', width: '8rem', render: (event) => <Time value={event.created_at} /> },
  {
    key: 'action',
    title: 'What',
    width: 'minmax(10rem, 1fr)',
    render: (event) => <span title={event.action}>{wordsOf(event.action)}</span>,
  },
  {
    key: 'resource_id',
    title: 'On',
    width: 'minmax(11rem, 1fr)',
    render: (event) => <Subject type={event.resource_type} id={event.resource_id} name={nameIn(event)} />,
  },
  {
    key: 'actor',
    title: 'By',
    width: 'minmax(10rem, 1fr)',
    render: (event) => <Actor userId={event.user_id} actor={event.actor} />,
  },
  { key: 'changes', title: 'From → to', width: 'minmax(14rem, 2fr)', render: (event) => <Changes event={event} /> },
];

interface HappenedProps<T> {
  readonly label: string;
  readonly items: readonly T[];
  readonly loading: boolean;
  readonly onEnd?: (() => void) | undefined;
  readonly onOpen?: ((item: T) => void) | undefined;
  /** Columns that say the same in all rows. */
  readonly without?: readonly string[];
}

const idOf = ({ id }: { readonly id: string }): string => id;

/** Events as a table. */
export function EventTable({ without = [], ...rest }: HappenedProps<LiveEvent>) {
  const columns = useMemo(() => EVENT_COLUMNS.filter(({ key }) => !without.includes(key)), [without]);
  return <Table {...rest} columns={columns} keyOf={idOf} />;
}

export type AuditItem = AuditLog;

const detailsText = ({ details }: AuditItem): string =>
  details === undefined || details === null || JSON.stringify(details) === '{}' ? '–' : JSON.stringify(details);

const auditColumns = (isOperator: boolean): readonly Column<AuditItem>[] => [
  { key: 'created_at', title: 'When', width: '7rem', render: (row) => <Time value={row.created_at} /> },
  { key: 'outcome', title: 'Outcome', width: '7rem', render: (row) => <Status value={row.outcome} /> },
  { key: 'action', title: 'What', width: 'minmax(8.5rem, 1fr)', render: (row) => row.action },
  ...(isOperator
    ? [
        {
          key: 'tenant_id',
          title: 'Tenant',
          width: 'minmax(8rem, 1fr)',
          render: (row: AuditItem) =>
            row.tenant_id ? <Reference kind="operated_tenant" value={row.tenant_id} /> : '–',
        },
      ]
    : []),
  {
    key: 'resource_id',
    title: 'On',
    width: 'minmax(9rem, 1fr)',
    render: (row) =>
      isOperator ? (
        <bdi title={row.resource_id}>{`${row.resource_type} ${shortId(row.resource_id ?? '')}`}</bdi>
      ) : (
        <Subject type={row.resource_type} id={row.resource_id} />
      ),
  },
  {
    key: 'user_id',
    title: 'By',
    width: 'minmax(9rem, 1fr)',
    render: (row) =>
      row.user_id && isOperator ? (
        <Reference kind="operated_user" value={row.user_id} />
      ) : (
        <Actor userId={row.user_id} actor={row.actor} />
      ),
  },
  { key: 'ip_address', title: 'From', width: '7.5rem', render: (row) => row.ip_address ?? '–' },
  {
    key: 'details',
    title: 'Input',
    width: 'minmax(10rem, 2fr)',
    render: (row) => (
      <code className="font-mono text-sm" title={detailsText(row)}>
        {detailsText(row)}
      </code>
    ),
  },
];
const COLUMNS = auditColumns(false);
const OPERATOR_COLUMNS = auditColumns(true);

/** Rows of the audit trail as a table; `operator`: of all tenants. */
export function AuditTable({
  without = [],
  operator = false,
  ...rest
}: HappenedProps<AuditItem> & { readonly operator?: boolean }) {
  const columns = useMemo(
    () => (operator ? OPERATOR_COLUMNS : COLUMNS).filter(({ key }) => !without.includes(key)),
    [without, operator],
  );
  return <Table {...rest} columns={columns} keyOf={idOf} />;
}

const SAME: readonly string[] = ['resource_id'];

/** What happened to an item, newest first. */
export function Activity({ service, item }: ItemProps) {
  const list = useList<LiveEvent>('events.list', {
    resource_type: service.resource,
    resource_id: String(item.id),
    limit: 50,
  });
  const more = useMore(list);
  return (
    <Card padded={false}>
      {list.error ? (
        <div className="p-3">
          <ErrorNote error={list.error} retry={() => void list.refetch()} />
        </div>
      ) : !list.isPending && list.items.length === 0 && !list.hasNextPage ? (
        <Empty title="No events">Events are kept for 30 days.</Empty>
      ) : (
        <EventTable label="Events" items={list.items} {...more} without={SAME} />
      )}
    </Card>
  );
}

/** Who did what to an item, refused attempts included, newest first. */
export function Trail({ item }: ItemProps) {
  const list = useList<AuditItem>('audit.list', { resource_id: String(item.id), limit: 50 });
  const more = useMore(list);
  return (
    <Card padded={false}>
      {list.error ? (
        <div className="p-3">
          <ErrorNote error={list.error} retry={() => void list.refetch()} />
        </div>
      ) : !list.isPending && list.items.length === 0 ? (
        <Empty title="Nothing in the audit trail" />
      ) : (
        <AuditTable label="Audit trail" items={list.items} {...more} without={SAME} />
      )}
    </Card>
  );
}

/** What a table needs to read on at its end. */
function useMore(list: {
  readonly isPending: boolean;
  readonly isFetchingNextPage: boolean;
  readonly hasNextPage: boolean;
  readonly fetchNextPage: () => unknown;
}) {
  const { fetchNextPage } = list;
  const onEnd = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  return { loading: list.isPending || list.isFetchingNextPage, onEnd: list.hasNextPage ? onEnd : undefined };
}
