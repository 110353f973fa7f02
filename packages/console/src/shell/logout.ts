import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { call, CloudApiError } from '../api/client.ts';
import { clearToasts, toast } from '../kit/toast.tsx';
import { tellTabs } from './tabs.ts';

/** Forgets all that was read in the session, and shows the login. */
export function useLeave(): () => Promise<void> {
  const client = useQueryClient();
  const router = useRouter();
  return async () => {
    await router.navigate({ to: '/login' });
    client.clear();
    clearToasts();
  };
}

/** Ends the session, in all tabs. Where it could not be ended it says so and stays: who goes away would leave it open. */
export function useLogout(): () => Promise<void> {
  const leave = useLeave();
  return async () => {
    try {
      await call('auth.logout');
    } catch (error) {
      // A session that has ended already is what was wanted.
      if (!(error instanceof CloudApiError && error.status === 401))
        return toast(
          `You are still logged in: ${error instanceof CloudApiError ? error.message : 'the platform did not answer'}. Log out once more`,
          'failed',
        );
    }
    tellTabs({ kind: 'logged-out' });
    await leave();
  };
}
