import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type Tenant, tenantsQuery } from './session.ts';

/** Stays on the page of a tenant whose slug, which is part of the address, has changed. */
export function useKeepTenant(): (changed: Tenant) => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  return (changed) => {
    // Before the address changes: the new page looks the slug up here.
    client.setQueryData(tenantsQuery.queryKey, (known) =>
      known?.map((one) => (one.id === changed.id ? { ...one, ...changed } : one)),
    );
    void navigate({ to: '.', params: { tenant: changed.slug }, search: true, replace: true });
  };
}

/** Goes on without a tenant that the user has left or closed. */
export function useDropTenant(): (id: string) => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  return (id) => {
    client.setQueryData(tenantsQuery.queryKey, (known) => known?.filter((one) => one.id !== id));
    void navigate({ to: '/' });
  };
}
