import {
  Button,
  Card,
  ConfirmDialog,
  Empty,
  ErrorNote,
  type Item,
  Reference,
  ServiceLink,
  Status,
  Table,
  Time,
  toast,
  useAct,
  useCan,
  useList,
} from '@thecloud/console';
import { MailPlus } from 'lucide-react';
import { useState } from 'react';

export interface Invitation extends Item {
  readonly id: string;
  readonly email: string;
  readonly role: string;
  readonly invited_by: string;
  readonly sent_at: string;
  readonly expires_at: string;
}

/** Those who are invited and have not answered yet. */
export function Invitations({
  list,
  onInvite,
}: {
  readonly list: ReturnType<typeof useList<Invitation>>;
  readonly onInvite: (() => void) | undefined;
}) {
  const can = useCan();
  const [revoking, setRevoking] = useState<Invitation>();
  const resend = useAct<Invitation>('invitations.resend', {
    onSuccess: ({ email }) => toast(`${email} gets a new mail; the one before is void`),
  });
  const error = resend.error ?? list.error;
  const [mayResend, mayRevoke] = [can('invitations.resend'), can('invitations.revoke')];
  return (
    <div className="grid gap-3">
      <Card padded={false}>
        {error && (
          <div className="p-3">
            <ErrorNote error={error} retry={resend.error ? undefined : () => void list.refetch()} />
          </div>
        )}
        {!list.isPending && !list.error && list.items.length === 0 ? (
          <Empty
            title="Nobody is invited"
            action={
              onInvite && (
                <Button look="primary" onClick={onInvite}>
                  <MailPlus className="size-4" aria-hidden />
                  Invite somebody
                </Button>
              )
            }
          >
            {onInvite
              ? 'Invite people by their e-mail address. They become members with the role that you choose once they accept.'
              : 'Your role may not invite anybody. An owner or an admin can.'}
          </Empty>
        ) : (
          <Table
            label="Invitations"
            items={list.items}
            keyOf={({ id }) => id}
            loading={list.isPending || list.isFetchingNextPage}
            onEnd={list.readOn}
            columns={[
              {
                key: 'email',
                title: 'E-mail address',
                width: 'minmax(12rem, 2fr)',
                render: ({ email }) => (
                  <bdi className="font-medium" title={email}>
                    {email}
                  </bdi>
                ),
              },
              { key: 'role', title: 'Role', render: ({ role }) => <Reference kind="role" value={role} /> },
              {
                key: 'invited_by',
                title: 'Invited by',
                render: ({ invited_by }) => <Reference kind="member" value={invited_by} />,
              },
              { key: 'sent_at', title: 'Mail sent', render: ({ sent_at }) => <Time value={sent_at} /> },
              {
                key: 'expires_at',
                title: 'Expires',
                render: ({ expires_at }) =>
                  Date.parse(expires_at) > Date.now() ? <Time value={expires_at} /> : <Status value="expired" />,
              },
              ...(mayResend || mayRevoke
                ? [
                    {
                      key: 'actions',
                      title: '',
                      width: '13rem',
                      render: (one: Invitation) => (
                        <span className="flex justify-end gap-2">
                          {mayResend && (
                            <Button
                              small
                              aria-label={`Send again: the invitation of ${one.email}`}
                              busy={resend.isPending && resend.variables['invitation'] === one.id}
                              onClick={() => resend.mutate({ invitation: one.id })}
                            >
                              Send again
                            </Button>
                          )}
                          {mayRevoke && (
                            <Button
                              small
                              aria-label={`Revoke the invitation of ${one.email}`}
                              onClick={() => setRevoking(one)}
                            >
                              Revoke
                            </Button>
                          )}
                        </span>
                      ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Card>
      {list.items.length > 0 && <NoMail />}
      {revoking && (
        <ConfirmDialog
          title={`Revoke the invitation of ${revoking.email}?`}
          verb="Revoke"
          operation="invitations.revoke"
          input={{ tenant: 'current', invitation: revoking.id }}
          onClose={() => setRevoking(undefined)}
          onDone={() => {
            toast(`The invitation of ${revoking.email} is revoked`);
            setRevoking(undefined);
          }}
        >
          <p>The mail becomes void. You can invite them again at any time.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

/** What to do about a mail that does not arrive. A mail holds the token, so only operators may read it. */
function NoMail() {
  const can = useCan();
  const isOperator = can('admin-mails.list');
  const waiting = useList('admin-mails.list', {}, { enabled: isOperator });
  if (isOperator && waiting.items.length > 0)
    return (
      <p className="text-warn">
        This platform has no mail server: {waiting.items.length === 1 ? 'a mail waits' : 'mails wait'} to be passed on.{' '}
        <ServiceLink service="admin-mails">Waiting mails</ServiceLink>
      </p>
    );
  return (
    <p className="text-sm text-ink-soft">
      No mail? Check the spam folder, then send it again. If the platform has no mail server, its operator finds the
      mail among the waiting mails and passes it on.
      {can('members.add') && (
        <>
          {' '}
          Somebody with an account can also{' '}
          <ServiceLink service="members" id="new">
            be added at once
          </ServiceLink>
          .
        </>
      )}
    </p>
  );
}
