import {
  type OperatedSession,
  type OperatedUser,
  Button,
  Card,
  ConfirmDialog,
  Empty,
  ErrorNote,
  Fact,
  Facts,
  type Item,
  type ItemProps,
  Loading,
  Mono,
  Reference,
  type ServicePages,
  Table,
  Tag,
  Time,
  toast,
  useList,
} from '@thecloud/console';
import { useState } from 'react';

/** Whether what an operator can do to users makes sense for this one. */
function fitsUser(operation: string, item: Item): boolean {
  const { status, role } = item as unknown as OperatedUser;
  switch (operation) {
    case 'admin-users.unlock':
      return status === 'locked';
    case 'admin-users.resume':
      return status === 'suspended';
    case 'admin-users.suspend':
      // An operator is made an ordinary user first.
      return role !== 'admin' && status !== 'suspended' && status !== 'closed';
    case 'admin-users.makeOperator':
      return role !== 'admin' && status !== 'suspended' && status !== 'closed';
    case 'admin-users.unmakeOperator':
      return role === 'admin';
    default:
      return status !== 'closed';
  }
}

function UserSummary({ item }: ItemProps) {
  const user = item as unknown as OperatedUser;
  return (
    <div className="grid gap-4">
      {user.status === 'suspended' && (
        <Card>
          <p className="text-warn">
            Suspended {user.suspended_at && <Time value={user.suspended_at} />}: every call is refused, with the reason
            “<bdi>{user.suspended_reason}</bdi>”.
          </p>
        </Card>
      )}
      {user.status === 'locked' && (
        <Card>
          <p className="text-warn">
            Locked after too many wrong passwords
            {user.locked_until && (
              <>
                , ends <Time value={user.locked_until} />
              </>
            )}
            . Unlock the account if the user asks for it.
          </p>
        </Card>
      )}
      <Card title="Account">
        <Facts>
          <Fact name="Name">
            <bdi>{user.name}</bdi>
          </Fact>
          <Fact name="E-mail address">
            <bdi>{user.email}</bdi>
          </Fact>
          <Fact name="Role on the platform">
            {user.role === 'admin' ? 'Operator' : 'User'} <Tag>{user.role}</Tag>
          </Fact>
          <Fact name="Registered">
            <Time value={user.created_at} />
          </Fact>
          <Fact name="Id">
            <Mono text={user.id} />
          </Fact>
        </Facts>
      </Card>
      <Card title="Tenants" padded={false}>
        {(user.tenants ?? []).length === 0 ? (
          <Empty title="In no tenant">The user can create one, or accept an invitation to one.</Empty>
        ) : (
          <ul className="divide-y divide-line">
            {user.tenants!.map(({ tenant_id, role }) => (
              <li key={tenant_id} className="flex min-w-0 flex-wrap items-center gap-3 px-4 py-2">
                <Reference kind="operated_tenant" value={tenant_id} />
                <Tag>{role}</Tag>
              </li>
            ))}
          </ul>
        )}
      </Card>
    </div>
  );
}

type Session = Item & OperatedSession;

/** The logins of a user, each with its end. */
function UserSessions({ item }: ItemProps) {
  const user = item as unknown as OperatedUser;
  const list = useList<Session>('admin-sessions.list', { user: user.id });
  const [ending, setEnding] = useState<Session>();
  return (
    <Card padded={false}>
      {list.error ? (
        <div className="p-3">
          <ErrorNote error={list.error} retry={() => void list.refetch()} />
        </div>
      ) : list.isPending ? (
        <Loading />
      ) : list.items.length === 0 ? (
        <Empty title="Not logged in">API keys are no sessions: they continue until they are revoked.</Empty>
      ) : (
        <Table
          label="Sessions"
          items={list.items}
          keyOf={({ id }) => id}
          onEnd={list.readOn}
          columns={[
            { key: 'created_at', title: 'Logged in', render: ({ created_at }) => <Time value={created_at} /> },
            {
              key: 'last_used',
              title: 'Last used',
              render: ({ last_used }) => (last_used ? <Time value={last_used} /> : '–'),
            },
            { key: 'expires_at', title: 'Expires', render: ({ expires_at }) => <Time value={expires_at} /> },
            {
              key: 'tenant_id',
              title: 'In the tenant',
              render: ({ tenant_id }) => (tenant_id ? <Reference kind="operated_tenant" value={tenant_id} /> : '–'),
            },
            {
              key: 'end',
              title: '',
              width: '6rem',
              render: (session) => (
                <Button small onClick={() => setEnding(session)}>
                  End
                </Button>
              ),
            },
          ]}
        />
      )}
      {ending && (
        <ConfirmDialog
          title="End the session?"
          verb="End"
          operation="admin-sessions.end"
          input={{ id: ending.id }}
          onClose={() => setEnding(undefined)}
          onDone={() => {
            setEnding(undefined);
            toast('The session has ended');
          }}
        >
          <p>
            <bdi>{user.email}</bdi> has to log in again there, within a second.
          </p>
        </ConfirmDialog>
      )}
    </Card>
  );
}

export const pages: ServicePages = {
  summary: UserSummary,
  fits: fitsUser,
  tabs: [{ name: 'sessions', title: 'Sessions', operation: 'admin-sessions.list', content: UserSessions }],
};
