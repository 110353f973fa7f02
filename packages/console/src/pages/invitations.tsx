import type { MyInvitation } from '@thecloud/sdk';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useSyncExternalStore } from 'react';
import { listQuery, useAct } from '../api/queries.ts';
import { type Tenant, tenantsQuery } from '../api/session.ts';
import { Button } from '../kit/button.tsx';
import { Card, Page } from '../kit/layout.tsx';
import { Empty, ErrorNote, Loading } from '../kit/states.tsx';
import { Time } from '../kit/time.tsx';
import { toast } from '../kit/toast.tsx';
import { dropLinkSecret, linkSecret, watchLinkSecret } from '../shell/link-secret.ts';

/** The invitations that wait for the user. */
export const useMyInvitations = () => {
  const list = useInfiniteQuery(listQuery<MyInvitation>('invitations.mine', {}, undefined));
  return { ...list, items: list.data?.pages.flatMap((page) => page.items) ?? [] };
};

/** Accepts an invitation, or declines it. Its token is needed by who registered after the mail was sent. */
export function InvitationAnswer({
  id,
  token,
  children,
}: {
  readonly id: string;
  readonly token?: string | undefined;
  readonly children: ReactNode;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const input = { id, ...(token ? { token } : {}) };
  const accept = useAct<Tenant>('invitations.accept', {
    tenantId: undefined,
    onSuccess: (tenant) => {
      dropLinkSecret();
      toast(`You are a member of ${tenant.name} now`);
      void client
        .fetchQuery({ ...tenantsQuery, staleTime: 0 })
        .then(() => navigate({ to: '/t/$tenant', params: { tenant: tenant.slug } }));
    },
  });
  const decline = useAct<{ message: string }>('invitations.decline', {
    tenantId: undefined,
    onSuccess: ({ message }) => {
      dropLinkSecret();
      toast(message.charAt(0).toUpperCase() + message.slice(1));
    },
  });
  const error = accept.error ?? decline.error;
  return (
    <div className="grid gap-3 px-4 py-3">
      <div className="flex flex-wrap items-center gap-3">
        <div className="min-w-0 grow">{children}</div>
        <Button busy={decline.isPending} disabled={accept.isPending} onClick={() => decline.mutate(input)}>
          Decline
        </Button>
        <Button
          look="primary"
          busy={accept.isPending}
          disabled={decline.isPending}
          onClick={() => accept.mutate(input)}
        >
          Accept
        </Button>
      </div>
      {error && <ErrorNote error={error} />}
    </div>
  );
}

/** The invitations of the user, and the one whose link led here. */
export function InvitationList() {
  const secret = useSyncExternalStore(watchLinkSecret, () => linkSecret('/invitation'));
  const list = useMyInvitations();
  if (list.error) return <ErrorNote error={list.error} retry={() => void list.refetch()} />;
  if (list.isPending) return <Loading />;
  const isListed = list.items.some(({ id }) => id === secret?.id);
  if (list.items.length === 0 && !secret?.id)
    return (
      <Empty title="No invitation waits for you">
        Open the link of the mail once more if you came from one: it works until the invitation expires.
      </Empty>
    );
  return (
    <ul className="divide-y divide-line">
      {secret?.id && !isListed && (
        <li>
          <InvitationAnswer id={secret.id} token={secret.token}>
            <p className="font-medium">The invitation of your mail</p>
            <p className="text-ink-soft">Accept it to see what is in the tenant.</p>
          </InvitationAnswer>
        </li>
      )}
      {list.items.map((one) => (
        <li key={one.id}>
          <InvitationAnswer id={one.id} token={one.id === secret?.id ? secret.token : undefined}>
            <p>
              <bdi className="font-medium">{one.tenant_name}</bdi>, with the role <bdi>{one.role}</bdi>
            </p>
            <p className="text-ink-soft">
              From <bdi>{one.invited_by}</bdi> · expires <Time value={one.expires_at} />
            </p>
          </InvitationAnswer>
        </li>
      ))}
    </ul>
  );
}

/** Where the link of an invitation's mail leads. */
export function InvitationPage() {
  return (
    <Page
      title="Invitations"
      subtitle="A tenant holds what a team shares. Once you accept, you see it in the menu above."
    >
      <Card padded={false} className="max-w-2xl">
        <InvitationList />
      </Card>
    </Page>
  );
}
