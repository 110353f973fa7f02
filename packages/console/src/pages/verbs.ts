import { useNavigate } from '@tanstack/react-router';
import { type DescribedService, operationOf } from '../api/registry.ts';
import { NO_TENANT, useTenant } from '../api/session.ts';

/** `instances.endOthers` → `End others`. */
export const verbTitle = (operation: string): string => {
  const words = operationOf(operation).verb.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Goes to the list of a service in the tenant of the page. */
export function useOpenList(): (service: DescribedService) => void {
  const navigate = useNavigate();
  const tenant = useTenant();
  return (service) => {
    const params = { tenant: tenant?.slug ?? NO_TENANT, service: service.name };
    void navigate({ to: '/t/$tenant/$service', params });
  };
}

/** Goes to the page of an item in the tenant of the page. */
export function useOpenItem(): (service: DescribedService, id: string) => void {
  const navigate = useNavigate();
  const tenant = useTenant();
  return (service, id) => {
    const params = { tenant: tenant?.slug ?? NO_TENANT, service: service.name, id };
    void navigate({ to: '/t/$tenant/$service/$id', params });
  };
}
