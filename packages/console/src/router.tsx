import { type QueryClient, useQuery } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  lazyRouteComponent,
  Outlet,
  redirect,
  useRouter,
} from '@tanstack/react-router';
import { CloudApiError } from './api/client.ts';
import { loadSchemas } from './api/schema.ts';
import { meQuery, NO_TENANT, tenantOf, tenantsQuery } from './api/session.ts';
import { Page } from './kit/layout.tsx';
import { Empty, ErrorNote, Loading } from './kit/states.tsx';
import { Toasts } from './kit/toast.tsx';
import { loadPages } from './pages/custom.ts';
import { Banner } from './shell/banner.tsx';
import { Frame } from './shell/frame.tsx';
import { rememberTenant } from './shell/last-tenant.ts';
import { statusQuery } from './shell/status.ts';

interface Context {
  readonly client: QueryClient;
}
interface Search {
  readonly tab?: string;
  /** Where to go after the login: a path of the console. */
  readonly next?: string;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const root = createRootRouteWithContext<Context>()({
  validateSearch: (search: Record<string, unknown>): Search & Record<string, unknown> => {
    const [tab, next] = [text(search.tab), text(search.next)];
    const { tab: _, next: __, ...others } = search;
    return { ...others, ...(tab ? { tab } : {}), ...(next ? { next } : {}) };
  },
  component: () => (
    <>
      <Banner />
      <Outlet />
      <Toasts />
    </>
  ),
  notFoundComponent: () => <NotFound />,
  errorComponent: Failed,
});

/** Reads the tenants, which needs a session; without one it goes to the login, and comes back afterwards. */
async function requireSession(client: QueryClient, href: string) {
  try {
    return await client.ensureQueryData(tenantsQuery);
  } catch (error) {
    if (error instanceof CloudApiError && error.status === 401)
      throw redirect({ to: '/login', search: href === '/' ? {} : { next: href } });
    throw error;
  }
}

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async ({ context, location }) => {
    const tenants = await requireSession(context.client, location.href);
    const last = tenantOf(tenants, undefined);
    throw redirect({ to: '/t/$tenant', params: { tenant: last?.slug ?? NO_TENANT }, replace: true });
  },
});

const servicePages = () => import('./pages/service.tsx');
const tenant = createRoute({
  getParentRoute: () => root,
  path: '/t/$tenant',
  beforeLoad: async ({ context: { client }, location, params }) => {
    // A service's page needs both; they come while the session is read.
    if (location.pathname.split('/').length > 3) {
      void loadSchemas().catch(() => undefined);
      void servicePages().catch(() => undefined);
    }
    const tenants = await requireSession(client, location.href);
    const found = tenantOf(tenants, params.tenant);
    if (found) rememberTenant(found.slug);
    else if (params.tenant !== NO_TENANT) throw new UnknownTenant(params.tenant);
    // Pages decide by it what they show.
    await client.ensureQueryData(meQuery(found?.id)).catch(() => undefined);
  },
  component: Frame,
  errorComponent: Failed,
  notFoundComponent: () => <NotFound />,
});

const overview = createRoute({
  getParentRoute: () => tenant,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview.tsx'), 'OverviewPage'),
});

const health = createRoute({
  getParentRoute: () => tenant,
  path: 'health',
  component: lazyRouteComponent(() => import('./pages/health.tsx'), 'HealthPage'),
});
const list = createRoute({
  getParentRoute: () => tenant,
  path: '$service',
  loader: ({ params }) => loadPages(params.service),
  component: lazyRouteComponent(servicePages, 'ServiceList'),
});
const create = createRoute({
  getParentRoute: () => tenant,
  path: '$service/new',
  loader: ({ params }) => loadPages(params.service),
  component: lazyRouteComponent(servicePages, 'ServiceCreate'),
});
const detail = createRoute({
  getParentRoute: () => tenant,
  path: '$service/$id',
  loader: ({ params }) => loadPages(params.service),
  component: lazyRouteComponent(servicePages, 'ServiceItem'),
});

/** Pages of the user, which are the same in every tenant. The frame shows the tenant where they last were. */
const user = createRoute({
  getParentRoute: () => root,
  id: 'user',
  beforeLoad: async ({ context: { client }, location }) => {
    const found = tenantOf(await requireSession(client, location.href), undefined);
    await client.ensureQueryData(meQuery(found?.id)).catch(() => undefined);
  },
  component: Frame,
  errorComponent: Failed,
});
const account = createRoute({
  getParentRoute: () => user,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/account.tsx'), 'AccountPage'),
});
const invitation = createRoute({
  getParentRoute: () => user,
  path: '/invitation',
  component: lazyRouteComponent(() => import('./pages/invitations.tsx'), 'InvitationPage'),
});

const entrance = () => import('./pages/login.tsx');
const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  // Where nobody has registered yet there is nobody to log in.
  beforeLoad: async ({ context: { client }, search }) => {
    const status = await client.ensureQueryData(statusQuery).catch(() => undefined);
    if (status?.registration === 'first_user')
      throw redirect({ to: '/register', search: search.next === undefined ? {} : { next: search.next } });
  },
  component: lazyRouteComponent(entrance, 'LoginPage'),
});
const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  loader: ({ context: { client } }) => client.ensureQueryData(statusQuery).catch(() => undefined),
  component: lazyRouteComponent(entrance, 'RegisterPage'),
});
const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: lazyRouteComponent(entrance, 'ForgotPasswordPage'),
});
const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  component: lazyRouteComponent(entrance, 'ResetPasswordPage'),
});

const tree = root.addChildren([
  home,
  login,
  register,
  forgotPassword,
  resetPassword,
  user.addChildren([account, invitation]),
  tenant.addChildren([overview, health, list, create, detail]),
]);

export const createConsoleRouter = (client: QueryClient) =>
  createRouter({
    routeTree: tree,
    basepath: '/console',
    context: { client },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultPendingComponent: () => <Loading />,
    defaultPendingMs: 300,
  });

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}

class UnknownTenant extends Error {
  constructor(slug: string) {
    super(`you are not a member of a tenant '${slug}', or it does not exist; choose one of yours below`);
  }
}

function NotFound() {
  return (
    <Page title="Not found">
      <Empty title="There is no such page">Check the address, or go on from the navigation.</Empty>
    </Page>
  );
}

function Failed({ error }: ErrorComponentProps) {
  const router = useRouter();
  const { data } = useQuery({ ...tenantsQuery, enabled: false });
  return (
    <Page title="Something is missing">
      <ErrorNote error={error} retry={error instanceof UnknownTenant ? undefined : () => void router.invalidate()} />
      {error instanceof UnknownTenant && (
        <ul className="grid gap-1">
          {(data ?? []).map((one) => (
            <li key={one.id}>
              <a className="text-accent hover:underline" href={`/console/t/${encodeURIComponent(one.slug)}/`}>
                <bdi>{one.name}</bdi>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
