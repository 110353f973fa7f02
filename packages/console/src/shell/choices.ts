import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { BookOpen, Building2, CircleUser, Keyboard, LogOut, type LucideIcon, Palette, Zap } from 'lucide-react';
import { useEffect, useState } from 'react';
import { type Item, readQuery } from '../api/queries.ts';
import { type DescribedService, operationOf, serviceOf, services } from '../api/registry.ts';
import { NO_TENANT, tenantsQuery, useCan, useTenant } from '../api/session.ts';
import { useOfferedCommands } from '../kit/commands.ts';
import { iconOf } from '../kit/icon.tsx';
import { nameOf, refOf } from '../pages/links.tsx';
import type { Findable } from './fuzzy.ts';
import { openHelp } from './help.tsx';
import { useLogout } from './logout.ts';
import { placeLetters, useIsShown, usePlaces } from './places.ts';
import { useSwitchTenant } from './switch-tenant.ts';
import { setTheme } from './theme.ts';

/** Something that the palette offers. */
export interface Choice extends Findable {
  readonly title: string;
  /** What it is, beside the title. */
  readonly hint?: string;
  readonly icon: LucideIcon;
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

/** A resource as the palette offers it. */
interface Found {
  readonly service: DescribedService;
  readonly name: string;
  readonly ref: string;
  /** Beside the name. */
  readonly hint: string;
}

/** Makes choices of resources: each leads to its page. */
function useChoiceOf(): (found: Found) => Choice {
  const tenant = useTenant()?.slug ?? NO_TENANT;
  const navigate = useNavigate();
  return ({ service, name, ref, hint }) =>
    choice({
      id: `item ${service.name} ${ref}`,
      title: name,
      hint,
      icon: iconOf(service.icon),
      words: `${name} ${service.noun}`,
      ref,
      run: () => void navigate({ to: '/t/$tenant/$service/$id', params: { tenant, service: service.name, id: ref } }),
    });
}

/** Resources of all kinds, as far as their lists have been read in this tenant: they are there at the first letter. */
export function useItemChoices(): readonly Choice[] {
  const client = useQueryClient();
  const tenant = useTenant();
  const choiceOf = useChoiceOf();
  return services.flatMap((service) =>
    service.kind === undefined
      ? []
      : client
          .getQueriesData<{ pages: readonly { items: readonly Item[] }[] }>({
            queryKey: [service.list, {}, tenant?.id],
          })
          .flatMap(([, data]) => data?.pages.flatMap((page) => page.items) ?? [])
          .map((item) =>
            choiceOf({ service, name: nameOf(service, item), ref: refOf(service, item), hint: service.noun }),
          ),
  );
}

interface SearchResult {
  readonly service: string;
  readonly id: string;
  readonly name: string;
  readonly detail?: string;
}

/** Milliseconds after the last letter before the API is asked. */
const TYPING_MS = 120;

/** Resources that the API finds, by name or id, best first. */
export function useFoundChoices(typed: string): { readonly choices: readonly Choice[]; readonly isLooking: boolean } {
  const tenant = useTenant();
  const choiceOf = useChoiceOf();
  const [asked, setAsked] = useState('');
  const q = typed.trim().slice(0, 255);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(q), TYPING_MS);
    return () => clearTimeout(timer);
  }, [q]);
  const { data, isFetching, isPlaceholderData } = useQuery({
    ...readQuery<readonly SearchResult[]>('search.find', { q: asked, limit: 20 }, tenant?.id),
    enabled: asked !== '' && tenant !== undefined,
    // What was found goes on standing there while more is typed.
    placeholderData: keepPreviousData,
  });
  const choices = (q === '' ? [] : (data ?? [])).flatMap(({ service: name, id, name: title, detail }) => {
    const service = serviceOf(name);
    if (!service) return [];
    const found = choiceOf({
      service,
      name: title,
      ref: id,
      hint: detail ? `${service.noun}, ${detail}` : service.noun,
    });
    // Of what was found by other words than the names: it fits. What was found for an earlier text may not.
    return [isPlaceholderData ? found : { ...found, words: `${found.words} ${asked}` }];
  });
  return { choices, isLooking: q !== '' && (isFetching || asked !== q) };
}
