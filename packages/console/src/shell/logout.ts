import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { call } from '../api/client.ts';
import { tellTabs } from './tabs.ts';

/** Forgets all that was read in the session, and shows the login. */
export function useLeave(): () => Promise<void> {
  const client = useQueryClient();
  const router = useRouter();
  return async () => {
    await router.navigate({ to: '/login' });
    client.clear();
  };
}

/** Ends the session, in all tabs. */
export function useLogout(): () => Promise<void> {
  const leave = useLeave();
  return async () => {
    // A session that has ended already is what was wanted.
    await call('auth.logout').catch(() => undefined);
    tellTabs({ kind: 'logged-out' });
    await leave();
  };
}
