import {
  type Quota,
  Button,
  Card,
  Dialog,
  ErrorNote,
  type Item,
  Loading,
  measureOf,
  Meter,
  SchemaForm,
  toast,
  useAct,
  useRead,
  useSchemas,
} from '@thecloud/console';
import { useState } from 'react';

type TenantQuota = Item & Quota;

/** What a tenant uses and may use, each to be set. */
export function TenantQuotas({
  tenantId,
  usage,
}: {
  readonly tenantId: string;
  readonly usage: Readonly<Record<string, number>>;
}) {
  const input = { tenant_id: tenantId, limit: 200 };
  const read = useRead<readonly TenantQuota[]>('quotas.ofTenant', input);
  const [changing, setChanging] = useState<TenantQuota>();
  return (
    <Card title="Quotas" padded={false}>
      {read.error ? (
        <div className="p-3">
          <ErrorNote error={read.error} retry={() => void read.refetch()} />
        </div>
      ) : read.isPending ? (
        <Loading rows={6} />
      ) : (
        <ul className="grid gap-x-10 gap-y-5 p-4 sm:grid-cols-2 xl:grid-cols-3">
          {read.data.map((quota) => (
            <li key={quota.resource} className="flex items-start gap-3">
              <div className="min-w-0 grow">
                <Meter
                  label={measureOf(quota.resource).title}
                  unit={measureOf(quota.resource).unit}
                  used={usage[quota.resource] ?? 0}
                  max={quota.max}
                >
                  {quota.max !== quota.default_max && (
                    <p className="text-sm text-ink-soft">
                      Tenants have {quota.default_max.toLocaleString('en')} by default.
                    </p>
                  )}
                </Meter>
              </div>
              <Button
                small
                aria-label={`Set the quota of ${measureOf(quota.resource).title}`}
                onClick={() => setChanging(quota)}
              >
                Set
              </Button>
            </li>
          ))}
        </ul>
      )}
      {changing && (
        <QuotaDialog
          tenantId={tenantId}
          quota={changing}
          used={usage[changing.resource] ?? 0}
          onClose={() => setChanging(undefined)}
        />
      )}
    </Card>
  );
}

function QuotaDialog({
  tenantId,
  quota,
  used,
  onClose,
}: {
  readonly tenantId: string;
  readonly quota: TenantQuota;
  readonly used: number;
  readonly onClose: () => void;
}) {
  const schemas = useSchemas('quotas.set');
  const title = measureOf(quota.resource).title;
  const act = useAct<TenantQuota>('quotas.set', {
    onSuccess: ({ max }) => {
      toast(`${title}: at most ${max.toLocaleString('en')} now`);
      onClose();
    },
  });
  if (!schemas) return null;
  return (
    <Dialog open onClose={onClose} title={`Quota of ${title}`}>
      <SchemaForm
        operation="quotas.set"
        schema={schemas.input}
        members={['max']}
        fixed={{ tenant_id: tenantId, resource: quota.resource }}
        initial={{ max: quota.max }}
        changedOnly
        intro={
          <p>
            {used.toLocaleString('en')} {used === 1 ? 'is' : 'are'} in use; the default is{' '}
            {quota.default_max.toLocaleString('en')}. A limit below what is in use deletes nothing; it only refuses
            more.
          </p>
        }
        submitLabel="Set"
        busy={act.isPending}
        error={act.error}
        onSubmit={(input) => act.mutate(input)}
        onCancel={onClose}
      />
    </Dialog>
  );
}
