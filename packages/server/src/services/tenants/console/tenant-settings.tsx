import {
  type QuotaUsage,
  Button,
  Card,
  Checkbox,
  ConfirmDialog,
  ErrorNote,
  Fact,
  Facts,
  Loading,
  Mono,
  SchemaForm,
  sentenceOf,
  ServiceLink,
  serviceOf,
  Tag,
  type Tenant,
  Time,
  toast,
  useAct,
  useCan,
  useDropTenant,
  useKeepTenant,
  useMe,
  useRead,
  useRefresh,
  useSchemas,
  useTenant,
} from '@thecloud/console';
import { useState } from 'react';
import { LeaveDialog } from './leave-dialog.tsx';

/** What holds for the whole tenant: its name, its second factor, its end. */
export function TenantSettings() {
  const active = useTenant();
  const can = useCan();
  const read = useRead<Tenant>('tenants.get', { id: active?.id ?? '' }, { enabled: active !== undefined });
  const tenant = read.data;
  if (read.error)
    return (
      <Card>
        <ErrorNote error={read.error} retry={() => void read.refetch()} />
      </Card>
    );
  if (!tenant)
    return (
      <Card padded={false}>
        <Loading />
      </Card>
    );
  return (
    <div className="grid max-w-3xl gap-4">
      <Card title="About" actions={<MakeDefault tenant={tenant} />}>
        <Facts>
          <Fact name="Id">
            <Mono text={tenant.id} />
          </Fact>
          <Fact name="Plan">{tenant.plan}</Fact>
          <Fact name="Your role">
            <Tag>{tenant.role}</Tag>
          </Fact>
          <Fact name="Created">
            <Time value={tenant.created_at} />
          </Fact>
        </Facts>
      </Card>
      {can('tenants.update') && <NameCard key={`${tenant.name} ${tenant.slug}`} tenant={tenant} />}
      <SecondFactor tenant={tenant} />
      <Ends tenant={tenant} />
    </div>
  );
}

/** The default is the tenant of new sessions, and of calls that name none. */
function MakeDefault({ tenant }: { readonly tenant: Tenant }) {
  const me = useMe();
  const refresh = useRefresh();
  const act = useAct('tenants.switch', {
    onSuccess: () => {
      refresh('auth');
      toast(`${tenant.name} is your default tenant now`);
    },
  });
  if (!me) return null;
  if (me.default_tenant_id === tenant.id) return <Tag>your default tenant</Tag>;
  return (
    <>
      {act.error && <span className="text-sm text-bad">{sentenceOf(act.error)}</span>}
      <Button small busy={act.isPending} onClick={() => act.mutate({ id: tenant.id })}>
        Make it your default
      </Button>
    </>
  );
}

function NameCard({ tenant }: { readonly tenant: Tenant }) {
  const schemas = useSchemas('tenants.update');
  const keep = useKeepTenant();
  const act = useAct<Tenant>('tenants.update', {
    onSuccess: (changed) => {
      toast('The tenant is changed');
      keep(changed);
    },
  });
  if (!schemas) return null;
  return (
    <Card title="Name">
      <SchemaForm
        operation="tenants.update"
        schema={schemas.input}
        members={['name', 'slug']}
        fixed={{ id: tenant.id }}
        initial={{ name: tenant.name, slug: tenant.slug }}
        changedOnly
        submitLabel="Save"
        intro={
          <p className="text-ink-soft">
            The slug is part of every address of the tenant: with another one, links that people keep lead nowhere.
          </p>
        }
        busy={act.isPending}
        error={act.error}
        onSubmit={(input) => act.mutate(input)}
      />
    </Card>
  );
}

function SecondFactor({ tenant }: { readonly tenant: Tenant }) {
  const can = useCan();
  const act = useAct<Tenant>('tenants.update', {
    onSuccess: ({ require_second_factor: isRequired }) =>
      toast(isRequired ? 'Members need a second factor now' : 'Members need no second factor now'),
  });
  const isOwner = tenant.role === 'owner' && can('tenants.update');
  return (
    <Card title="Second factor">
      <div className="grid gap-3">
        <Checkbox
          label="Members need a second factor to act in the tenant"
          help={
            isOwner
              ? 'Members without one are refused at the next call, and told how to set one up. Set up your own first.'
              : `${tenant.require_second_factor ? 'It is required.' : 'It is not required.'} Only an owner decides it.`
          }
          checked={tenant.require_second_factor}
          disabled={!isOwner || act.isPending}
          onChange={(event) => act.mutate({ id: tenant.id, require_second_factor: event.target.checked })}
        />
        {act.error && <ErrorNote error={act.error} />}
      </div>
    </Card>
  );
}

/** Leaving and closing. What keeps the tenant from being closed is named before anybody tries. */
function Ends({ tenant }: { readonly tenant: Tenant }) {
  const can = useCan();
  const drop = useDropTenant();
  const [open, setOpen] = useState<'leave' | 'close'>();
  const mayClose = can('tenants.close');
  const { data: quotas = [] } = useRead<readonly QuotaUsage[]>('quotas.list', {}, { enabled: mayClose });
  const blockers = (serviceOf('tenants')?.blockedBy ?? []).flatMap(({ service, noun }) => {
    const used = quotas.find(({ resource }) => resource === service)?.used ?? 0;
    return used > 0 ? [{ service, text: `${used} ${noun}${used === 1 ? '' : 's'}` }] : [];
  });
  return (
    <Card title="Leave or close">
      <div className="grid gap-4">
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-0 grow basis-64">
            Leave the tenant: your keys to it stop working, what you created stays. The last owner cannot leave.
          </p>
          <Button onClick={() => setOpen('leave')}>Leave</Button>
        </div>
        {mayClose && (
          <div className="flex flex-wrap items-center gap-3 border-t border-line pt-4">
            <div className="min-w-0 grow basis-64">
              <p>Close the tenant: it ends for all members and cannot be reopened. Its audit trail stays.</p>
              {blockers.length > 0 && (
                <p className="mt-1 text-warn">
                  It still contains{' '}
                  {blockers.map(({ service, text }, index) => (
                    <span key={service}>
                      {index > 0 && ' and '}
                      <ServiceLink service={service}>{text}</ServiceLink>
                    </span>
                  ))}
                  . Delete them first.
                </p>
              )}
            </div>
            <Button className="text-bad!" disabled={blockers.length > 0} onClick={() => setOpen('close')}>
              Close the tenant
            </Button>
          </div>
        )}
      </div>
      {open === 'leave' && <LeaveDialog onClose={() => setOpen(undefined)} />}
      {open === 'close' && (
        <ConfirmDialog
          title={`Close ${tenant.name}?`}
          verb="Close the tenant"
          operation="tenants.close"
          input={{ id: tenant.id, confirm: tenant.name }}
          typed={tenant.name}
          onClose={() => setOpen(undefined)}
          onDone={() => {
            setOpen(undefined);
            toast(`${tenant.name} is closed`);
            drop(tenant.id);
          }}
        >
          <p>
            All memberships, invitations and keys end now, and the slug becomes free. It cannot be reopened; its audit
            trail stays.
          </p>
        </ConfirmDialog>
      )}
    </Card>
  );
}
