import {
  type Vpc,
  Card,
  type Column,
  Empty,
  ErrorNote,
  Fact,
  Facts,
  type ItemProps,
  Loading,
  Mono,
  parseNetwork,
  rangeOf,
  Reference,
  Status,
  Table,
  Time,
  useCan,
  useList,
  useReadOn,
} from '@thecloud/console';
import { useMemo } from 'react';
import { type Member, MemberLink, Picture } from './picture.tsx';

/** Members that the picture shows; all are in the table. */
const DRAWN = 200;

const COLUMNS: readonly Column<Member>[] = [
  {
    key: 'private_ip',
    title: 'Private IP',
    width: '9rem',
    render: ({ private_ip }) => <span className="font-mono text-sm">{private_ip}</span>,
  },
  { key: 'name', title: 'Name', width: 'minmax(10rem, 2fr)', render: (member) => <MemberLink member={member} /> },
  { key: 'status', title: 'Status', width: '8rem', render: ({ status }) => (status ? <Status value={status} /> : '–') },
  { key: 'hostname', title: 'Host name', render: ({ hostname }) => <bdi>{hostname ?? '–'}</bdi> },
  { key: 'kind', title: 'Kind', width: '7rem', render: ({ resource_type }) => resource_type.replaceAll('_', ' ') },
  {
    key: 'mac',
    title: 'MAC',
    width: '10rem',
    render: ({ mac_address }) => <span className="font-mono text-sm">{mac_address}</span>,
  },
  { key: 'since', title: 'Attached', width: '8rem', render: ({ created_at }) => <Time value={created_at} /> },
];

/** The first tab: the network as a picture and as a table, its addresses, and what they mean. */
export function VpcSummary({ item }: ItemProps) {
  const vpc = item as unknown as Vpc;
  const can = useCan();
  const members = useList<Member>('vpcs.interfaces', { id: vpc.id }, { enabled: can('vpcs.interfaces') });
  const instances = useList<{ readonly id: string; readonly status: string }>(
    'instances.list',
    { vpc_id: vpc.id },
    { enabled: can('instances.list') },
  );
  // As many instances as members that are shown, or some would stand there without a status.
  useReadOn(instances, members.items.length > instances.items.length);
  const statuses = useMemo(() => new Map(instances.items.map(({ id, status }) => [id, status])), [instances.items]);
  const shown = members.items.map((one) => {
    const status = statuses.get(one.resource_id ?? '');
    return status ? { ...one, status } : one;
  });
  const network = parseNetwork(vpc.cidr_block);
  const range = network && rangeOf(network);
  return (
    <div className="grid grid-cols-1 gap-4">
      {vpc.status_reason && (
        <p role="status" className="rounded-md bg-warn-soft px-3 py-2 text-warn">
          {vpc.status_reason.charAt(0).toUpperCase() + vpc.status_reason.slice(1)}
        </p>
      )}
      <Card title="Addresses">
        <div className="grid grid-cols-1 gap-4">
          {vpc.addresses_in_use !== undefined && <Addresses vpc={vpc} />}
          <Facts>
            <Fact name="Network">
              <Mono text={vpc.cidr_block} />
            </Fact>
            {range && (
              <>
                <Fact name="Addresses for resources">
                  <span className="font-mono text-sm">
                    {range.first} – {range.last}
                  </span>{' '}
                  <span className="text-ink-soft">({range.usable.toLocaleString('en')})</span>
                </Fact>
                <Fact name="Router">
                  <Mono text={range.gateway} /> <span className="text-sm text-ink-soft">gateway and name server</span>
                </Fact>
              </>
            )}
            <Fact name="Network on the host">{vpc.network_id}</Fact>
            <Fact name="Created">
              <Time value={vpc.created_at} /> by <Reference kind="member" value={vpc.user_id} />
            </Fact>
            <Fact name="ID">
              <Mono text={vpc.id} />
            </Fact>
          </Facts>
        </div>
      </Card>
      {can('vpcs.interfaces') && (
        <Card
          title={`What is in it${members.isPending ? '' : `: ${shown.length}${members.hasNextPage ? ' and more' : ''}`}`}
          padded={false}
        >
          {members.error ? (
            <div className="p-3">
              <ErrorNote error={members.error} retry={() => void members.refetch()} />
            </div>
          ) : members.isPending ? (
            <Loading />
          ) : (
            <>
              <div className="p-4">
                <Picture cidr={vpc.cidr_block} gateway={range?.gateway ?? ''} members={shown.slice(0, DRAWN)} />
                {shown.length > DRAWN && (
                  <p className="mt-2 text-sm text-ink-soft">The picture shows the first {DRAWN}; the table has all.</p>
                )}
              </div>
              {shown.length === 0 ? (
                <Empty title="Nothing is in this VPC yet">Launch an instance and choose this VPC.</Empty>
              ) : (
                <div className="border-t border-line">
                  <Table
                    label={`What is in ${vpc.name}`}
                    columns={COLUMNS}
                    items={shown}
                    keyOf={({ id }) => id}
                    loading={members.isFetchingNextPage}
                    onEnd={members.readOn}
                  />
                </div>
              )}
            </>
          )}
        </Card>
      )}
    </div>
  );
}

/** How many addresses are in use, resting and free. */
function Addresses({ vpc }: { readonly vpc: Vpc }) {
  const parts = [
    ['In use', vpc.addresses_in_use ?? 0, 'bg-accent'],
    ['Resting', vpc.addresses_resting ?? 0, 'bg-line-strong'],
    ['Free', vpc.addresses_free ?? 0, 'bg-raised'],
  ] as const;
  const all = parts.reduce((sum, [, count]) => sum + count, 0);
  return (
    <div className="grid gap-2">
      <div aria-hidden className="flex h-2 gap-px overflow-hidden rounded-full bg-raised">
        {parts.map(([name, count, colour]) => (
          // One address of 65,000 is seen, too.
          <span
            key={name}
            className={colour}
            style={{ width: `${(count / all) * 100}%`, minWidth: count > 0 ? 3 : 0 }}
          />
        ))}
      </div>
      <p className="flex flex-wrap gap-x-4 gap-y-1 text-sm">
        {parts.map(([name, count, colour]) => (
          <span key={name} className="inline-flex items-center gap-1.5 tabular-nums">
            <span aria-hidden className={`size-2 rounded-full border border-line ${colour}`} />
            {name}: {count.toLocaleString('en')}
          </span>
        ))}
      </p>
      {(vpc.addresses_resting ?? 0) > 0 && (
        <p className="text-sm text-ink-soft">
          A resting address was released. It is given out again when no free one is left.
        </p>
      )}
    </div>
  );
}
