import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { call } from '../api/client.ts';

/** Ends the session, and forgets all that was read in it. */
export function useLogout(): () => Promise<void> {
  const client = useQueryClient();
  const router = useRouter();
  return async () => {
    // A session that has ended already is what was wanted.
    await call('auth.logout').catch(() => undefined);
    client.clear();
    await router.navigate({ to: '/login' });
  };
}
