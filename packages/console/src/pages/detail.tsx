import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ComponentType, useCallback, useState } from 'react';
import { CloudApiError } from '../api/client.ts';
import { type Item, useList, useRead, useReadOn } from '../api/queries.ts';
import type { DescribedService } from '../api/registry.ts';
import { useCan } from '../api/session.ts';
import { Card, Page } from '../kit/layout.tsx';
import { Empty, ErrorNote, Loading } from '../kit/states.tsx';
import { Button } from '../kit/button.tsx';
import { Status } from '../kit/status.tsx';
import { Tabs } from '../kit/tabs.tsx';
import { Activity, Trail } from './activity.tsx';
import type { ItemProps, ServicePages } from './custom.ts';
import { HeldPage } from './held.ts';
import { ItemActions } from './item-actions.tsx';
import { nameOf, refOf } from './links.tsx';
import { Members } from './members.tsx';
import { Related } from './related.tsx';
import { ShowCode } from './show-code.tsx';
import { useOpenList } from './verbs.ts';

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
  const openList = useOpenList();
  const missing = read.error instanceof CloudApiError && read.error.status === 404;
  const [holders, setHolders] = useState(0);
  const hold = useCallback((change: 1 | -1) => setHolders((before) => before + change), []);
  // What was there is shown until it is known to be gone, also while the platform does not answer.
  if (read.item && (!missing || holders > 0))
    return (
      <HeldPage value={hold}>
        <Detail service={service} item={read.item} pages={pages} />
      </HeldPage>
    );
  const list = <Button onClick={() => openList(service)}>All {service.title.toLowerCase()}</Button>;
  if (missing && read.item)
    return (
      <Page title={`${nameOf(service, read.item)} was deleted`}>
        <Card padded={false}>
          <Empty title={`The ${service.noun} ${nameOf(service, read.item)} was deleted`} action={list}>
            Its events and its rows of the audit trail are kept.
          </Empty>
        </Card>
      </Page>
    );
  return (
    <Page title={missing ? `No such ${service.noun}` : service.title}>
      <Card padded={false}>
        {read.error && !missing ? (
          <div className="p-3">
            <ErrorNote error={read.error} retry={read.retry} />
          </div>
        ) : missing || !read.isPending ? (
          <Empty title={`There is no ${service.noun} '${id}' in this tenant`} action={list}>
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
  const Summary = pages.summary ?? Overview;
  const Buttons = pages.actions;
  // What tells of acts is itself never acted on.
  const isActedOn = service.scope === 'tenant' && item.id !== undefined && service.resource !== 'audit';
  const tabs: { name: string; title: string; content: ComponentType<ItemProps> }[] = [
    { name: '', title: 'Overview', content: Summary },
    ...(pages.tabs ?? []).filter(({ operation }) => operation === undefined || can(operation)),
    ...(can('events.list') && isActedOn ? [{ name: 'events', title: 'Events', content: Activity }] : []),
    ...(can('audit.list') && isActedOn ? [{ name: 'audit', title: 'Audit', content: Trail }] : []),
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

/** What there is to say of an item where its service has no page for it. */
function Overview(props: ItemProps) {
  return (
    <div className="grid gap-4">
      <Members {...props} />
      <Related {...props} />
    </div>
  );
}
