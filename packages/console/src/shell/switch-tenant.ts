import { useNavigate, useParams } from '@tanstack/react-router';
import type { Tenant } from '../api/session.ts';

/** Goes to another tenant, and stays with the service that is shown; one item of it belongs to the tenant that is left. */
export function useSwitchTenant(): (tenant: Pick<Tenant, 'slug'>) => void {
  const navigate = useNavigate();
  const { service } = useParams({ strict: false });
  return ({ slug }) =>
    void (service === undefined
      ? navigate({ to: '/t/$tenant', params: { tenant: slug } })
      : navigate({ to: '/t/$tenant/$service', params: { tenant: slug, service } }));
}
