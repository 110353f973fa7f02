import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { BookOpen, Building2, CircleUser, Keyboard, LogOut, type LucideIcon, Palette, Zap } from 'lucide-react';
import type { Item } from '../api/queries.ts';
import { operationOf, serviceOf, services } from '../api/registry.ts';
import { NO_TENANT, tenantsQuery, useCan, useTenant } from '../api/session.ts';
import { useOfferedCommands } from '../kit/commands.ts';
import { iconOf } from '../kit/icon.tsx';
import { nameOf, refOf } from '../pages/links.tsx';
import { openHelp } from './help.tsx';
import { useLogout } from './logout.ts';
import { placeLetters, useIsShown, usePlaces } from './places.ts';
import { useSwitchTenant } from './switch-tenant.ts';
import { setTheme } from './theme.ts';

/** Something that the palette offers. */
export interface Choice {
  readonly id: string;
  readonly title: string;
  /** What it is, beside the title. */
  readonly hint?: string;
  readonly icon: LucideIcon;
  /** What is looked into. */
  readonly words: string;
  /** The keys that do the same. */
  readonly keys?: string;
  readonly run: () => void;
}

const choice = (given: Omit<Choice, 'words'> & { readonly words?: string }): Choice => ({
  ...given,
  words: given.words ?? `${given.title} ${given.hint ?? ''}`,
});

/** What can be done on the page that is shown. */
export const useHereChoices = (): readonly Choice[] =>
  useOfferedCommands().map(({ id, title, run }) => choice({ id: `here ${id}`, title, icon: Zap, run }));

export function usePageChoices(): readonly Choice[] {
  const letterOf = new Map([...placeLetters].map(([letter, name]) => [name, letter]));
  const navigate = useNavigate();
  return [
    ...usePlaces().map(({ name, title, icon, go }) => {
      const letter = letterOf.get(name);
      return choice({
        id: `page ${name}`,
        title,
        icon,
        words: `${title} ${name} ${serviceOf(name)?.noun ?? ''}`,
        ...(letter ? { keys: `g ${letter}` } : {}),
        run: go,
      });
    }),
    ...(['password', 'second-factor', 'sessions'] as const).map((tab) =>
      choice({
        id: `page account ${tab}`,
        title: `Your ${tab.replace('-', ' ')}`,
        hint: 'Account',
        icon: CircleUser,
        run: () => void navigate({ to: '/account', search: { tab } }),
      }),
    ),
  ];
}

export function useActionChoices(): readonly Choice[] {
  const can = useCan();
  const isShown = useIsShown();
  const current = useTenant();
  const tenant = current?.slug ?? NO_TENANT;
  const navigate = useNavigate();
  const switchTenant = useSwitchTenant();
  const logout = useLogout();
  const { data: tenants = [] } = useQuery(tenantsQuery);
  return [
    ...services
      .filter((service) => isShown(service) && can(service.create))
      .map(({ name, icon, create }) =>
        choice({
          id: `create ${name}`,
          title: operationOf(create!).summary,
          icon: iconOf(icon),
          words: `${operationOf(create!).summary} create new ${name}`,
          run: () => void navigate({ to: '/t/$tenant/$service/new', params: { tenant, service: name } }),
        }),
      ),
    ...tenants
      .filter(({ id }) => id !== current?.id)
      .map((one) =>
        choice({
          id: `tenant ${one.slug}`,
          title: `Switch to ${one.name}`,
          hint: one.slug,
          icon: Building2,
          run: () => switchTenant(one),
        }),
      ),
    ...(['light', 'dark', 'system'] as const).map((theme) =>
      choice({
        id: `theme ${theme}`,
        title: theme === 'system' ? 'Colours as the system' : `${theme === 'dark' ? 'Dark' : 'Light'} colours`,
        icon: Palette,
        words: `${theme} colours theme mode`,
        run: () => setTheme(theme),
      }),
    ),
    choice({
      id: 'help',
      title: 'Keyboard shortcuts',
      icon: Keyboard,
      keys: '?',
      words: 'keyboard shortcuts help keys',
      run: openHelp,
    }),
    choice({
      id: 'docs',
      title: 'API reference',
      icon: BookOpen,
      words: 'api reference documentation docs openapi',
      run: () => void window.open('/docs', '_blank', 'noopener'),
    }),
    choice({
      id: 'logout',
      title: 'Log out',
      icon: LogOut,
      words: 'log out sign out logout',
      run: () => void logout(),
    }),
  ];
}

/** Resources of all kinds, as far as their lists have been read in this tenant. */
export function useItemChoices(): readonly Choice[] {
  const client = useQueryClient();
  const tenant = useTenant();
  const navigate = useNavigate();
  return services.flatMap((service) =>
    service.kind === undefined
      ? []
      : client
          .getQueriesData<{ pages: readonly { items: readonly Item[] }[] }>({
            queryKey: [service.list, {}, tenant?.id],
          })
          .flatMap(([, data]) => data?.pages.flatMap((page) => page.items) ?? [])
          .map((item) => {
            const [name, ref] = [nameOf(service, item), refOf(service, item)];
            return choice({
              id: `item ${service.name} ${ref}`,
              title: name,
              hint: service.noun,
              icon: iconOf(service.icon),
              words: `${name} ${ref} ${String(item['id'] ?? '')} ${service.noun}`,
              run: () =>
                void navigate({
                  to: '/t/$tenant/$service/$id',
                  params: { tenant: tenant?.slug ?? NO_TENANT, service: service.name, id: ref },
                }),
            });
          }),
  );
}
