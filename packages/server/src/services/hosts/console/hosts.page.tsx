import {
  Button,
  Card,
  Dialog,
  Empty,
  ErrorNote,
  Fact,
  Facts,
  type Item,
  ItemActions,
  ItemLink,
  type ItemProps,
  type ListPageProps,
  Loading,
  Meter,
  Mono,
  Page,
  SchemaForm,
  type ServicePages,
  ShowCode,
  Status,
  Time,
  toast,
  useAct,
  useRead,
  useSchemas,
} from '@thecloud/console';
import { useState } from 'react';
import { type Host, limitsOf, sharesOf } from './capacity.ts';

/** A worker reports every 5 s. */
const LOOK_MS = 10_000;

/** The machines, how they are, and how much of each is promised. */
function HostsPage({ service }: ListPageProps) {
  const read = useRead<readonly (Host & Item)[]>('hosts.list', { limit: 200 }, { refetchMs: LOOK_MS });
  return (
    <Page
      title={service.title}
      subtitle="The machines that run instances, and how much of each is promised to them."
      actions={<ShowCode calls={[{ operation: 'hosts.list', input: {} }]} />}
    >
      {read.error ? (
        <ErrorNote error={read.error} retry={() => void read.refetch()} />
      ) : read.isPending ? (
        <Card padded={false}>
          <Loading />
        </Card>
      ) : read.data.length === 0 ? (
        <Card padded={false}>
          <Empty title="No host yet">
            A machine is here as soon as its worker has reported. Look at the worker with: cloud doctor
          </Empty>
        </Card>
      ) : (
        <div className="grid gap-4 2xl:grid-cols-2">
          {read.data.map((host) => (
            <Card
              key={host.id}
              title={
                <span className="flex flex-wrap items-center gap-2">
                  <ItemLink service={service} item={host} />
                  <Status value={host.state} />
                  <span className="text-sm font-normal text-ink-soft">
                    {host.last_seen_at ? (
                      <>
                        reported <Time value={host.last_seen_at} />
                      </>
                    ) : (
                      'has not reported yet'
                    )}
                  </span>
                </span>
              }
              actions={<ItemActions service={service} item={host} menu />}
            >
              <Capacity host={host} />
            </Card>
          ))}
        </div>
      )}
    </Page>
  );
}

function Capacity({ host }: { readonly host: Host }) {
  return (
    <div className="grid gap-4">
      {host.state_reason && <p className={host.state === 'up' ? 'text-warn' : 'text-bad'}>{host.state_reason}</p>}
      {host.draining_since && (
        <p className="text-warn">
          Draining since <Time value={host.draining_since} />: it takes no launches; its instances stay.
        </p>
      )}
      <div className="grid items-start gap-x-8 gap-y-4 sm:grid-cols-3">
        {sharesOf(host).map(({ title, unit, promised, most, why }) => (
          <Meter key={title} label={title} used={promised} max={most} unit={unit}>
            {why && <p className="text-sm text-ink-soft">{why}</p>}
          </Meter>
        ))}
      </div>
    </div>
  );
}

function HostSummary({ item }: ItemProps) {
  const host = item as unknown as Host;
  return (
    <div className="grid gap-4">
      <Card title="Promised to instances">
        <Capacity host={host} />
      </Card>
      <Card title="About">
        <Facts>
          <Fact name="Id">
            <Mono text={host.id} />
          </Fact>
          <Fact name="Last report">{host.last_seen_at ? <Time value={host.last_seen_at} /> : 'none yet'}</Fact>
          <Fact name="Capacity, before overcommit">
            {`${host.capacity.vcpus} vCPUs, ${host.capacity.memory_mb.toLocaleString('en')} MB of memory, ${host.capacity.disk_gb.toLocaleString('en')} GB of disk`}
          </Fact>
        </Facts>
      </Card>
    </div>
  );
}

/** Sets the limits, beginning with those that hold. */
function HostActions({ item }: ItemProps) {
  const host = item as unknown as Host;
  const [open, setOpen] = useState(false);
  const schemas = useSchemas('hosts.update');
  const act = useAct('hosts.update', {
    onSuccess: () => {
      toast(`The limits of ${host.name} hold from its next report`);
      setOpen(false);
    },
  });
  return (
    <>
      <Button onClick={() => setOpen(true)}>Set limits</Button>
      {open && schemas && (
        <Dialog open onClose={() => setOpen(false)} title={`Limits of ${host.name}`}>
          <SchemaForm
            operation="hosts.update"
            schema={schemas.input}
            members={Object.keys(schemas.input.properties ?? {}).filter((name) => name !== 'id')}
            fixed={{ id: host.id }}
            initial={limitsOf(host)}
            changedOnly
            intro={<p>How much of it instances may have. Existing instances stay, even if they have more than that.</p>}
            submitLabel="Set"
            busy={act.isPending}
            error={act.error}
            onSubmit={(input) => act.mutate(input)}
            onCancel={() => setOpen(false)}
          />
        </Dialog>
      )}
    </>
  );
}

/** Whether what an operator can do to hosts makes sense for this one. */
function fitsHost(operation: string, item: Item): boolean {
  const isDraining = item['draining_since'] !== undefined;
  if (operation === 'hosts.drain') return !isDraining;
  if (operation === 'hosts.undrain') return isDraining;
  // The page has its own form, which knows what holds now.
  return operation !== 'hosts.update';
}

export const pages: ServicePages = {
  list: HostsPage,
  summary: HostSummary,
  actions: HostActions,
  fits: fitsHost,
};
