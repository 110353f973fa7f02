import { useNavigate } from '@tanstack/react-router';
import { CircleUser, HeartPulse, House, type LucideIcon } from 'lucide-react';
import { type DescribedService, services } from '../api/registry.ts';
import { NO_TENANT, useCan, useMe, useTenant } from '../api/session.ts';
import { iconOf } from '../kit/icon.tsx';
import { lettersOf } from './letters.ts';

/** Whether a service's pages are for this user, in this tenant. */
export function useIsShown(): (service: DescribedService) => boolean {
  const tenant = useTenant();
  const me = useMe();
  const can = useCan();
  return (service) =>
    service.scope === 'operator'
      ? me?.role === 'admin'
      : (service.scope === 'user' || tenant !== undefined) && can(service.list);
}

/** The letter of each page, which leads to it after `g`. */
export const placeLetters = lettersOf(services.map(({ name }) => name));

export interface Place {
  readonly name: string;
  readonly title: string;
  readonly icon: LucideIcon;
  readonly go: () => void;
}

/** All pages that the user can go to from anywhere. */
export function usePlaces(): readonly Place[] {
  const tenant = useTenant()?.slug ?? NO_TENANT;
  const navigate = useNavigate();
  const isShown = useIsShown();
  const can = useCan();
  return [
    {
      name: 'overview',
      title: 'Overview',
      icon: House,
      go: () => void navigate({ to: '/t/$tenant', params: { tenant } }),
    },
    ...services.filter(isShown).map(({ name, title, icon }) => ({
      name,
      title,
      icon: iconOf(icon),
      go: () => void navigate({ to: '/t/$tenant/$service', params: { tenant, service: name } }),
    })),
    ...(can('hosts.list')
      ? [
          {
            name: 'health',
            title: 'Health',
            icon: HeartPulse,
            go: () => void navigate({ to: '/t/$tenant/health', params: { tenant } }),
          },
        ]
      : []),
    { name: 'account', title: 'Your account', icon: CircleUser, go: () => void navigate({ to: '/account' }) },
  ];
}
