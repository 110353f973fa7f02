import type { Tenant, Me } from '@thecloud/sdk';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { createContext, createElement, type ReactNode, useContext, useMemo } from 'react';
import { call, CloudApiError, listPage } from './client.ts';
import { lastTenant } from '../shell/last-tenant.ts';
import { allows } from './permissions.ts';
import { operationOf } from './registry.ts';

export type { Me };

export type { Tenant };

/** No tenant: the segment of the path for a user who has none. */
export const NO_TENANT = '-';

/** The tenants of the user. A rejection with 401 means that nobody is logged in. */
export const tenantsQuery = queryOptions({
  queryKey: ['tenants.list', {}],
  queryFn: async ({ signal }) => {
    const all: Tenant[] = [];
    let cursor: string | undefined;
    // 20 pages: more tenants than anybody switches between.
    for (let page = 0; page < 20; page++) {
      const { items, nextCursor } = await listPage<Tenant>('tenants.list', { limit: 100, cursor }, { signal });
      all.push(...items);
      cursor = nextCursor;
      if (cursor === undefined) break;
    }
    return all;
  },
  staleTime: 60_000,
});

/** The user, with the permissions in this tenant. */
export const meQuery = (tenant: string | undefined) =>
  queryOptions({
    queryKey: ['auth.me', tenant ?? NO_TENANT],
    queryFn: ({ signal }) => call<Me>('auth.me', {}, { signal, tenantId: tenant }),
    staleTime: 30_000,
    // A user who loses the right to read members hears of no event that says so.
    refetchInterval: 60_000,
    retry: (failures, error) => !(error instanceof CloudApiError && error.status < 500) && failures < 2,
  });

/** The tenant that an address names; one that names none, such as the account's, is in the tenant where the user last was. */
export function tenantOf(tenants: readonly Tenant[], named: string | undefined): Tenant | undefined {
  if (named !== undefined) return tenants.find(({ slug, id }) => slug === named || id === named);
  const last = lastTenant();
  return tenants.find(({ slug }) => slug === last) ?? tenants[0];
}

export interface Session {
  /** The tenant of the page. Undefined for a user who has none. */
  readonly tenant: Tenant | undefined;
  /** The user, until it is known undefined. */
  readonly me: Me | undefined;
  /** Whether the user may call the operation in this tenant; while that is unknown, no. */
  readonly can: (operation: string | undefined) => boolean;
}

const SessionContext = createContext<Session>({ tenant: undefined, me: undefined, can: () => false });

/** Tells everything below who the user is and in which tenant. Each cell of a list asks, so it is found out once, here. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const { tenant: named } = useParams({ strict: false });
  const { data: tenants } = useQuery(tenantsQuery);
  const tenant = tenants && tenantOf(tenants, named);
  const { data: me } = useQuery(meQuery(tenant?.id));
  const session = useMemo(
    () => ({ tenant, me, can: (operation: string | undefined) => mayCall(me, operation) }),
    [tenant, me],
  );
  return createElement(SessionContext, { value: session }, children);
}

function mayCall(me: Me | undefined, name: string | undefined): boolean {
  if (name === undefined || !me) return false;
  const operation = operationOf(name);
  if (operation.scope === 'operator') return me.role === 'admin';
  if (operation.scope !== 'tenant') return true;
  return allows(me.permissions ?? [], operation.permission!);
}

/** Outside of the pages of a session: undefined. */
export const useTenant = (): Session['tenant'] => useContext(SessionContext).tenant;
export const useMe = (): Session['me'] => useContext(SessionContext).me;
export const useCan = (): Session['can'] => useContext(SessionContext).can;
