import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type Item, useRead } from '../api/queries.ts';
import { type DescribedService, kindOf, serviceOfKind } from '../api/registry.ts';
import { NO_TENANT, useCan, useTenant } from '../api/session.ts';
import { shortId } from '../kit/copy.tsx';

const linkClass = 'font-medium text-accent hover:underline';

/** The part of an item's address: what its operations take in their path. */
export const refOf = (service: DescribedService, item: Item): string => String(item[service.item.member] ?? '');

/** What people call an item. */
export const nameOf = (service: DescribedService, item: Item): string =>
  String(item[service.titleMember] ?? item[service.item.member] ?? '');

/** Whether an item has more to show or to do than its row says. */
export const hasPage = (service: DescribedService): boolean =>
  service.get !== undefined || service.delete !== undefined || service.actions.length > 0;

/** The name of an item, which leads to its page. */
export function ItemLink({
  service,
  item,
  children,
}: {
  readonly service: DescribedService;
  readonly item: Item;
  readonly children?: ReactNode;
}) {
  const tenant = useTenant();
  const text = children ?? <bdi>{nameOf(service, item)}</bdi>;
  if (!hasPage(service)) return <span className="font-medium">{text}</span>;
  return (
    <Link
      to="/t/$tenant/$service/$id"
      params={{ tenant: tenant?.slug ?? NO_TENANT, service: service.name, id: refOf(service, item) }}
      className={linkClass}
    >
      {text}
    </Link>
  );
}

/** A reference to another resource: its name, as soon as it is known, and the way to its page. */
export function Reference({ kind, value }: { readonly kind: string; readonly value: string }) {
  const tenant = useTenant();
  const can = useCan();
  const known = kindOf(kind);
  const service = serviceOfKind(kind);
  const get = known?.get;
  const param = service?.item.param ?? 'id';
  const { data } = useRead(get ?? 'auth.me', { [param]: value }, { enabled: get !== undefined && can(get) });
  const name = get && data ? String(data[known?.titleMember ?? 'name'] ?? value) : value;
  const shown = <bdi>{name === value ? shortId(value) : name}</bdi>;
  if (!service || !get || !can(get)) return shown;
  return (
    <Link
      to="/t/$tenant/$service/$id"
      params={{ tenant: tenant?.slug ?? NO_TENANT, service: service.name, id: value }}
      className={linkClass}
      title={value}
    >
      {shown}
    </Link>
  );
}
