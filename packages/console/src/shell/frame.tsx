import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import {
  HeartPulse,
  Check,
  ChevronsUpDown,
  House,
  Keyboard,
  Mail,
  Monitor,
  Moon,
  Plus,
  Search,
  Sun,
} from 'lucide-react';
import { useEffect, useRef } from 'react';
import { CloudApiError } from '../api/client.ts';
import { useLive } from '../api/live.ts';
import { groups, services } from '../api/registry.ts';
import { NO_TENANT, SessionProvider, tenantsQuery, useCan, useMe, useTenant } from '../api/session.ts';
import { Button, IconButton } from '../kit/button.tsx';
import { Icon } from '../kit/icon.tsx';
import { Menu, MenuItem, MenuLabel, MenuSeparator } from '../kit/menu.tsx';
import { ErrorNote } from '../kit/states.tsx';
import { Drawer } from './drawer.tsx';
import { HelpDialog, openHelp } from './help.tsx';
import { useIsShown } from './places.ts';
import { openPalette, Palette } from './palette.tsx';
import { SessionEndDialog, useSessionEnd } from './session-end.tsx';
import { useShortcuts } from './shortcuts.ts';
import { useSwitchTenant } from './switch-tenant.ts';
import { setTheme, type Theme, useTheme } from './theme.ts';
import { useLogout } from './logout.ts';

/** What surrounds the pages of a tenant: navigation, tenant, search, user. */
export function Frame() {
  return (
    <SessionProvider>
      <FrameOfSession />
    </SessionProvider>
  );
}

function FrameOfSession() {
  const tenant = useTenant();
  const can = useCan();
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const session = useSessionEnd();
  useLive(tenant?.id, can('events.stream'), session.logins);
  useShortcuts();
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    // A screen reader says the new page's heading.
    main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [pathname]);
  return (
    <div className="flex min-h-dvh">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-surface px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
        onClick={(event) => {
          // The address stays as it is.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the page
      </a>
      <aside className="sticky top-0 hidden h-dvh w-60 shrink-0 flex-col border-r border-line bg-surface lg:flex">
        <TenantSwitch />
        <Navigation />
      </aside>
      <div className="flex min-w-0 grow flex-col">
        <header className="sticky top-0 z-20 flex h-12 items-center gap-2 border-b border-line bg-surface px-3">
          <Drawer key={pathname}>
            <TenantSwitch />
            <Navigation />
          </Drawer>
          <Button
            className="w-80 max-w-full min-w-0 shrink! justify-start! text-ink-soft!"
            onClick={openPalette}
            aria-keyshortcuts="Control+K /"
          >
            <Search className="size-4" aria-hidden />
            <span className="truncate">Search or do something</span>
            <kbd className="ml-auto hidden rounded bg-raised px-1.5 font-sans text-xs sm:block">Ctrl K</kbd>
          </Button>
          <span className="grow" />
          <IconButton label="Keyboard shortcuts (?)" className="max-sm:hidden" onClick={openHelp}>
            <Keyboard className="size-4" />
          </IconButton>
          <ThemeMenu />
          <UserMenu />
        </header>
        <main ref={main} id="main" tabIndex={-1} className="min-w-0 grow outline-none">
          <Outlet />
        </main>
      </div>
      <Palette />
      <HelpDialog />
      {session.ended && <SessionEndDialog onLogin={session.onLogin} />}
    </div>
  );
}

const navClass =
  'flex h-8 items-center gap-2.5 rounded-md px-2.5 text-ink-soft hover:bg-raised hover:text-ink data-[status=active]:bg-raised data-[status=active]:font-medium data-[status=active]:text-ink';

function Navigation() {
  const tenant = useTenant();
  const isShown = useIsShown();
  const slug = tenant?.slug ?? NO_TENANT;
  const { pathname } = useLocation();
  const nav = useRef<HTMLElement>(null);
  // On a low screen the page's own link may lie below the others.
  useEffect(() => {
    nav.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: 'nearest' });
  }, [pathname]);
  return (
    <nav ref={nav} aria-label="Services" className="grow overflow-y-auto p-2">
      <Link to="/t/$tenant" params={{ tenant: slug }} activeOptions={{ exact: true }} className={navClass}>
        <House className="size-4 shrink-0" aria-hidden />
        Overview
      </Link>
      {groups.map((group) => {
        const shown = services.filter((one) => one.group === group.name && isShown(one));
        if (shown.length === 0) return null;
        return (
          <section key={group.name} className="mt-4">
            <h2 className="px-2.5 pb-1 text-xs font-medium text-ink-soft">{group.title}</h2>
            {shown.map((service) => (
              <Link
                key={service.name}
                to="/t/$tenant/$service"
                params={{ tenant: slug, service: service.name }}
                className={navClass}
              >
                <Icon name={service.icon} />
                <span className="truncate">{service.title}</span>
              </Link>
            ))}
            {group.name === 'operator' && (
              <Link to="/t/$tenant/health" params={{ tenant: slug }} className={navClass}>
                <HeartPulse className="size-4 shrink-0" aria-hidden />
                Health
              </Link>
            )}
          </section>
        );
      })}
    </nav>
  );
}

function TenantSwitch() {
  const tenant = useTenant();
  const { data = [], error } = useQuery(tenantsQuery);
  const navigate = useNavigate();
  const switchTenant = useSwitchTenant();
  if (error && !(error instanceof CloudApiError)) return <ErrorNote error={error} />;
  return (
    <div className="border-b border-line p-2">
      <Menu
        align="start"
        trigger={
          <button type="button" className="flex h-8 w-full items-center gap-2 rounded-md px-2 hover:bg-raised">
            <span
              aria-hidden
              className="grid size-5 shrink-0 place-items-center rounded bg-accent text-xs font-semibold text-accent-ink"
            >
              {[...(tenant?.name ?? '–')][0]?.toUpperCase()}
            </span>
            <span className="sr-only">Tenant: </span>
            <bdi className="min-w-0 grow truncate text-left font-medium">{tenant?.name ?? 'No tenant'}</bdi>
            <ChevronsUpDown className="size-4 shrink-0 text-ink-soft" aria-hidden />
          </button>
        }
      >
        <MenuLabel>Tenants</MenuLabel>
        {data.map((one) => (
          <MenuItem key={one.id} onSelect={() => switchTenant(one)}>
            <bdi className="min-w-0 truncate">{one.name}</bdi>
            <span className="ml-auto pl-3 text-xs text-ink-soft">{one.role}</span>
            {one.id === tenant?.id ? <Check className="size-4" aria-label="this one" /> : <span className="size-4" />}
          </MenuItem>
        ))}
        <MenuSeparator />
        <MenuItem
          onSelect={() =>
            void navigate({
              to: '/t/$tenant/$service/new',
              params: { tenant: tenant?.slug ?? NO_TENANT, service: 'tenants' },
            })
          }
        >
          <Plus className="size-4" aria-hidden />
          New tenant
        </MenuItem>
        <MenuItem onSelect={() => void navigate({ to: '/invitation' })}>
          <Mail className="size-4" aria-hidden />
          Invitations
        </MenuItem>
      </Menu>
    </div>
  );
}

const THEMES: readonly (readonly [Theme, string, typeof Sun])[] = [
  ['light', 'Light', Sun],
  ['dark', 'Dark', Moon],
  ['system', 'As the system', Monitor],
];

function ThemeMenu() {
  const theme = useTheme();
  const Shown = THEMES.find(([name]) => name === theme)![2];
  return (
    <Menu
      trigger={
        <IconButton label="Colours">
          <Shown className="size-4" />
        </IconButton>
      }
    >
      {THEMES.map(([name, title, One]) => (
        <MenuItem key={name} onSelect={() => setTheme(name)}>
          <One className="size-4" aria-hidden />
          {title}
        </MenuItem>
      ))}
    </Menu>
  );
}

function UserMenu() {
  const me = useMe();
  const logout = useLogout();
  const navigate = useNavigate();
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={`Your account: ${me?.email ?? ''}`}
          className="grid size-7 shrink-0 place-items-center rounded-full bg-accent-soft text-sm font-semibold text-accent"
        >
          {[...(me?.name ?? '?')][0]?.toUpperCase()}
        </button>
      }
    >
      <MenuLabel>
        <bdi className="block max-w-60 truncate">{me?.name}</bdi>
        <bdi className="block max-w-60 truncate">{me?.email}</bdi>
      </MenuLabel>
      <MenuSeparator />
      <MenuItem onSelect={() => void navigate({ to: '/account' })}>Your account</MenuItem>
      <MenuItem onSelect={() => window.open('/docs', '_blank', 'noopener')}>API reference</MenuItem>
      <MenuSeparator />
      <MenuItem onSelect={() => void logout()}>Log out</MenuItem>
    </Menu>
  );
}
