import { Card, type ItemProps, Members, ServiceLink, type ServicePages, useTenant } from '@thecloud/console';
import { TenantSettings } from './tenant-settings.tsx';

/** The settings of the tenant in which the page is; of another one, its members and the way there. */
function TenantSummary(props: ItemProps) {
  const isHere = useTenant()?.id === props.item['id'];
  if (isHere) return <TenantSettings />;
  return (
    <div className="grid gap-4">
      <Card>
        <p>
          You are in another tenant now.{' '}
          <ServiceLink tenant={String(props.item['slug'])} service="members" search={{ tab: 'tenant' }}>
            Go to its members and settings
          </ServiceLink>
        </p>
      </Card>
      <Members {...props} />
    </div>
  );
}

/** The settings have these themselves. */
const OWN = ['tenants.update', 'tenants.leave', 'tenants.close'];

export const pages: ServicePages = { summary: TenantSummary, fits: (operation) => !OWN.includes(operation) };
