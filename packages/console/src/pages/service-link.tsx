import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { NO_TENANT, useTenant } from '../api/session.ts';
import { ButtonLink } from '../kit/button.tsx';

/** Leads to a service's list, or to one of its items, in the tenant of the page. */
export function ServiceLink({
  service,
  id,
  search = {},
  tenant: other,
  look,
  children,
}: {
  readonly service: string;
  readonly id?: string;
  /** What follows `?` in its address: `{ tab: 'events' }`. */
  readonly search?: Readonly<Record<string, string>>;
  /** Slug of another tenant than that of the page. */
  readonly tenant?: string;
  /** As a button. */
  readonly look?: 'primary' | 'plain';
  readonly children: ReactNode;
}) {
  const active = useTenant()?.slug ?? NO_TENANT;
  const tenant = other ?? active;
  const target =
    id === undefined
      ? ({ to: '/t/$tenant/$service', params: { tenant, service } } as const)
      : ({ to: '/t/$tenant/$service/$id', params: { tenant, service, id } } as const);
  if (look)
    return (
      <ButtonLink look={look} {...target} search={search}>
        {children}
      </ButtonLink>
    );
  return (
    <Link {...target} search={search} className="font-medium text-accent hover:underline">
      {children}
    </Link>
  );
}
