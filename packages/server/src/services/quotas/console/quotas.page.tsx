import {
  type QuotaUsage,
  Card,
  Empty,
  ErrorNote,
  type ListPageProps,
  Loading,
  measureOf,
  Meter,
  operationOf,
  Page,
  ServiceLink,
  type ServicePages,
  services,
  ShowCode,
  useCan,
  useRead,
  useTenant,
} from '@thecloud/console';

/** The service whose things use up a quota. */
const serviceOfQuota = (resource: string) =>
  services.find(({ create }) => create && operationOf(create).uses?.some((use) => use.resource === resource));

/** How much the tenant uses of what it may, the scarcest first. */
function QuotasPage({ service }: ListPageProps) {
  const tenant = useTenant();
  const can = useCan();
  const read = useRead<readonly QuotaUsage[]>('quotas.list', { limit: 200 }, { enabled: tenant !== undefined });
  const part = ({ used, max }: QuotaUsage) => (max === 0 ? Number(used > 0) : used / max);
  const quotas = read.data?.toSorted((one, other) => part(other) - part(one)) ?? [];
  return (
    <Page
      title={service.title}
      subtitle={
        <>
          What <bdi>{tenant?.name ?? 'a tenant'}</bdi> uses of the most that it may.
        </>
      }
      actions={
        <>
          {tenant && can('quotas.set') && (
            <ServiceLink service="admin-tenants" id={tenant.id} look="plain">
              Set them
            </ServiceLink>
          )}
          <ShowCode calls={[{ operation: 'quotas.list', input: {} }]} />
        </>
      }
    >
      <Card padded={false}>
        {tenant === undefined ? (
          <Empty title="You are in no tenant">Quotas hold for tenants. Create one, or accept an invitation.</Empty>
        ) : read.error ? (
          <div className="p-3">
            <ErrorNote error={read.error} retry={() => void read.refetch()} />
          </div>
        ) : read.isPending ? (
          <Loading rows={6} />
        ) : (
          <ul className="grid gap-x-10 gap-y-6 p-4 sm:grid-cols-2 xl:grid-cols-3">
            {quotas.map(({ resource, used, max }) => {
              const { title, unit } = measureOf(resource);
              const by = serviceOfQuota(resource);
              return (
                <li key={resource}>
                  <Meter label={title} used={used} max={max} unit={unit}>
                    {by && can(by.list) && (
                      <p className="text-sm text-ink-soft">
                        {used > 0 && used >= max * 0.8 ? 'To free some, delete what you do not need: ' : 'See '}
                        <ServiceLink service={by.name}>{by.title}</ServiceLink>
                      </p>
                    )}
                  </Meter>
                </li>
              );
            })}
          </ul>
        )}
      </Card>
      {tenant !== undefined && (
        <p className="text-sm text-ink-soft">
          A call that would exceed a quota is refused and changes nothing.{' '}
          {can('quotas.set')
            ? 'You are an operator, so you can raise them.'
            : 'The operator of the platform can raise them.'}
        </p>
      )}
    </Page>
  );
}

export const pages: ServicePages = { list: QuotasPage };
