import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { CloudApiError } from '../api/client.ts';
import { type Item, useList, useRead, useReadOn } from '../api/queries.ts';
import type { DescribedService } from '../api/registry.ts';
import { useCan } from '../api/session.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { Concealed } from '../kit/concealed.tsx';
import { Card, Fact, Facts, Page } from '../kit/layout.tsx';
import { Empty, ErrorNote, Loading } from '../kit/states.tsx';
import { Status } from '../kit/status.tsx';
import { Tabs } from '../kit/tabs.tsx';
import { titleOf, Value } from '../kit/value.tsx';
import { Activity, Trail } from './activity.tsx';
import type { ItemProps, ServicePages } from './custom.ts';
import { ItemActions } from './item-actions.tsx';
import { nameOf, Reference, refOf } from './links.tsx';
import { ShowCode } from './show-code.tsx';

/** The page of one item: its members, what the service adds, its events and its audit trail. */
export function DetailPage({
  service,
  id,
  pages,
}: {
  readonly service: DescribedService;
  readonly id: string;
  readonly pages: ServicePages;
}) {
  const read = useItem(service, id);
  if (read.item) return <Detail service={service} item={read.item} pages={pages} />;
  const missing = read.error instanceof CloudApiError && read.error.status === 404;
  return (
    <Page title={missing ? `No such ${service.noun}` : service.title}>
      <Card padded={false}>
        {read.error && !missing ? (
          <div className="p-3">
            <ErrorNote error={read.error} retry={read.retry} />
          </div>
        ) : missing || !read.isPending ? (
          <Empty title={`There is no ${service.noun} '${id}' in this tenant`}>
            It was deleted, or it belongs to another tenant.
          </Empty>
        ) : (
          <Loading />
        )}
      </Card>
    </Page>
  );
}

/** Reads an item; one that has no operation of its own is looked for in its list. */
function useItem(service: DescribedService, id: string) {
  const get = useRead<Item>(
    service.get ?? service.list,
    { [service.item.param]: id },
    { enabled: service.get !== undefined },
  );
  const list = useList<Item>(service.list, {}, { enabled: service.get === undefined });
  const item = list.items.find((one) => refOf(service, one) === id || nameOf(service, one) === id);
  const { isReading } = useReadOn(list, service.get === undefined && item === undefined);
  if (service.get)
    return { item: get.data, error: get.error, isPending: get.isPending, retry: () => void get.refetch() };
  return { item, error: list.error, isPending: list.isPending || isReading, retry: () => void list.refetch() };
}

function Detail({
  service,
  item,
  pages,
}: {
  readonly service: DescribedService;
  readonly item: Item;
  readonly pages: ServicePages;
}) {
  const can = useCan();
  const navigate = useNavigate();
  const { tab = '' } = useSearch({ strict: false });
  const name = nameOf(service, item);
  const status = service.statusMember ? item[service.statusMember] : undefined;
  const Summary = pages.summary ?? Members;
  const Buttons = pages.actions;
  const tabs: { name: string; title: string; content: ComponentType<ItemProps> }[] = [
    { name: '', title: 'Overview', content: Summary },
    ...(pages.tabs ?? []).filter(({ operation }) => operation === undefined || can(operation)),
    ...(can('events.list') && service.scope === 'tenant' && item.id
      ? [{ name: 'events', title: 'Events', content: Activity }]
      : []),
    ...(can('audit.list') && service.scope === 'tenant' && item.id
      ? [{ name: 'audit', title: 'Audit', content: Trail }]
      : []),
  ];
  const shown = tabs.find((one) => one.name === tab) ?? tabs[0]!;
  const Content = shown.content;
  const input = { [service.item.param]: refOf(service, item) };
  return (
    <Page
      title={name}
      heading={
        <>
          <bdi>{name}</bdi>
          {typeof status === 'string' && <Status value={status} />}
        </>
      }
      subtitle={service.noun.charAt(0).toUpperCase() + service.noun.slice(1)}
      actions={
        <>
          {Buttons && <Buttons service={service} item={item} />}
          <ItemActions service={service} item={item} without={pages.ownActions} />
          <ShowCode
            calls={[...(service.get ? [service.get] : []), ...service.actions].map((operation) => ({
              operation,
              input,
            }))}
          />
        </>
      }
    >
      <Tabs
        label={`Parts of ${name}`}
        tabs={tabs}
        chosen={shown.name}
        onChoose={(next) => void navigate({ to: '.', search: next === '' ? {} : { tab: next }, replace: true })}
      >
        <Content service={service} item={item} />
      </Tabs>
    </Page>
  );
}

/** All members of an item, by its schema; references are links. */
export function Members({ service, item }: ItemProps) {
  const output = useSchemas(service.get ?? service.list)?.output;
  const order = Object.keys(output?.properties ?? item);
  const members = [...order, ...Object.keys(item).filter((name) => !order.includes(name))].filter(
    (name) => item[name] !== undefined,
  );
  return (
    <Card>
      <Facts>
        {members.map((member) => {
          const value = item[member];
          const kind = service.references[member];
          const unit = service.units[member];
          const shown =
            kind && typeof value === 'string' && value !== '' ? (
              <Reference kind={kind} value={value} />
            ) : (
              <>
                <Value member={member} value={value} schema={output?.properties?.[member]} />
                {unit && value !== null && <span className="ml-1 text-ink-soft">{unit}</span>}
              </>
            );
          return (
            <Fact key={member} name={titleOf(member)}>
              {service.hidden.includes(member) ? <Concealed name={titleOf(member)}>{shown}</Concealed> : shown}
            </Fact>
          );
        })}
      </Facts>
    </Card>
  );
}
