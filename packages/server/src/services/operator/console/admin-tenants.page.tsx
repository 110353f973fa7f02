import {
  type OperatedTenant,
  Card,
  Fact,
  Facts,
  type Item,
  type ItemProps,
  Mono,
  Reference,
  type ServicePages,
  Tag,
  Time,
} from '@thecloud/console';
import { TenantQuotas } from './tenant-quotas.tsx';

/** Whether what an operator can do to tenants makes sense for this one. */
function fitsTenant(operation: string, item: Item): boolean {
  const { status, closed_at: closedAt } = item as unknown as OperatedTenant;
  if (closedAt !== undefined) return false;
  if (operation === 'admin-tenants.suspend') return status !== 'suspended';
  return operation !== 'admin-tenants.resume' || status === 'suspended';
}

function TenantSummary({ item }: ItemProps) {
  const tenant = item as unknown as OperatedTenant;
  return (
    <div className="grid gap-4">
      {tenant.closed_at !== undefined ? (
        <Card>
          <p className="text-warn">
            Closed <Time value={tenant.closed_at} />. Only its audit trail is left.
          </p>
        </Card>
      ) : (
        tenant.status === 'suspended' && (
          <Card>
            <p className="text-warn">
              Suspended: every call in it is refused, with the reason “<bdi>{tenant.status_reason}</bdi>”.
            </p>
          </Card>
        )
      )}
      <Card title="About">
        <Facts>
          <Fact name="Name">
            <bdi>{tenant.name}</bdi>
          </Fact>
          <Fact name="Owner">
            <Reference kind="operated_user" value={tenant.owner_id} />
          </Fact>
          <Fact name="Plan">
            <Tag>{tenant.plan}</Tag>
          </Fact>
          <Fact name="Members">{tenant.members}</Fact>
          <Fact name="Account number">
            <Mono text={tenant.account_number} />
          </Fact>
          <Fact name="Created">
            <Time value={tenant.created_at} />
          </Fact>
          <Fact name="Id">
            <Mono text={tenant.id} />
          </Fact>
        </Facts>
      </Card>
      {tenant.closed_at === undefined && <TenantQuotas tenantId={tenant.id} usage={tenant.usage ?? {}} />}
    </div>
  );
}

export const pages: ServicePages = { summary: TenantSummary, fits: fitsTenant };
