import { NO_TENANT, useTenant } from '../api/session.ts';
import { ButtonLink } from '../kit/button.tsx';
import { Card, Page } from '../kit/layout.tsx';
import { Empty } from '../kit/states.tsx';
import { InvitationList, useMyInvitations } from './invitations.tsx';
import { Capacity, Changes, Counts, Failures, NearQuotas } from './overview/cards.tsx';
import { Checklist } from './overview/checklist.tsx';
import { useCounted } from './overview/counts.ts';

/** What runs, what changed and what failed in the tenant. */
export function OverviewPage() {
  const tenant = useTenant();
  const counted = useCounted();
  if (!tenant) return <NoTenantPage />;
  return (
    <Page title="Overview" subtitle={<bdi>{tenant.name}</bdi>}>
      <div className="flex flex-col gap-4 xl:flex-row xl:items-start">
        <div className="grid min-w-0 grow gap-4">
          <Checklist tenant={tenant} counted={counted} />
          <Failures counted={counted} />
          <Counts counted={counted} />
          <Changes counted={counted} />
        </div>
        {/* Of a member while there is room: nothing. */}
        <div className="grid min-w-0 gap-4 empty:hidden xl:w-96 xl:shrink-0">
          <NearQuotas />
          <Capacity />
        </div>
      </div>
    </Page>
  );
}

/** For who has left all tenants, or was in none yet. */
function NoTenantPage() {
  const invitations = useMyInvitations();
  return (
    <Page title="You are in no tenant">
      {invitations.items.length > 0 && (
        <Card padded={false} title="Invitations" className="max-w-2xl">
          <InvitationList />
        </Card>
      )}
      <Card padded={false} className="max-w-2xl">
        <Empty
          title="A tenant holds what a team shares"
          action={
            <ButtonLink look="primary" to="/t/$tenant/$service/new" params={{ tenant: NO_TENANT, service: 'tenants' }}>
              Create a tenant
            </ButtonLink>
          }
        >
          Its resources, members, roles and quotas. Create one, or ask a member of another to invite you.
        </Empty>
      </Card>
      <Capacity />
    </Page>
  );
}
