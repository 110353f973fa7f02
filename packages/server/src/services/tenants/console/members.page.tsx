import {
  Button,
  Page,
  type ListPageProps,
  type ServicePages,
  ShowCode,
  Tabs,
  useCan,
  useKey,
  useList,
  useTab,
  useTenant,
} from '@thecloud/console';
import { MailPlus } from 'lucide-react';
import { useState } from 'react';
import { type Invitation, Invitations } from './invitations.tsx';
import { InviteDialog } from './invite-dialog.tsx';
import { type Member, MemberTable } from './member-table.tsx';
import { TenantSettings } from './tenant-settings.tsx';

/** Who may act in the tenant, who is asked to, and what holds for all of them. */
function MembersPage({ service }: ListPageProps) {
  const can = useCan();
  const tenant = useTenant();
  const [tab, open] = useTab();
  const [inviting, setInviting] = useState(false);
  const members = useList<Member>('members.list');
  const invitations = useList<Invitation>('invitations.list');
  const mayInvite = can('invitations.create');
  useKey('c', () => setInviting(true), mayInvite);
  const counted = (title: string, list: { readonly items: readonly unknown[]; readonly hasNextPage: boolean }) =>
    list.items.length === 0 ? title : `${title} (${list.items.length}${list.hasNextPage ? '+' : ''})`;
  const tabs = [
    { name: '', title: counted('Members', members) },
    { name: 'invitations', title: counted('Invitations', invitations) },
    { name: 'tenant', title: 'Tenant' },
  ];
  const shown = tabs.some(({ name }) => name === tab) ? tab : '';
  return (
    <Page
      title="Members"
      subtitle={
        <>
          Who may act in <bdi>{tenant?.name}</bdi>, and as what.
        </>
      }
      actions={
        <>
          <ShowCode
            calls={['members.list', 'invitations.list'].map((operation) => ({
              operation,
              input: { tenant: 'current' },
            }))}
          />
          {mayInvite && (
            <Button look="primary" title="Key: c" onClick={() => setInviting(true)}>
              <MailPlus className="size-4" aria-hidden />
              Invite somebody
            </Button>
          )}
        </>
      }
    >
      <Tabs label="Parts of the tenant" tabs={tabs} chosen={shown} onChoose={open}>
        {shown === '' ? (
          <MemberTable service={service} list={members} />
        ) : shown === 'invitations' ? (
          <Invitations list={invitations} onInvite={mayInvite ? () => setInviting(true) : undefined} />
        ) : (
          <TenantSettings />
        )}
      </Tabs>
      {inviting && (
        <InviteDialog
          onClose={() => setInviting(false)}
          onDone={() => {
            setInviting(false);
            open('invitations');
          }}
        />
      )}
    </Page>
  );
}

export const pages: ServicePages = { list: MembersPage };
