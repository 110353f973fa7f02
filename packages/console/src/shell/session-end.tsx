import { useQueryClient } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { onApiState } from '../api/client.ts';
import { useMe } from '../api/session.ts';
import { Dialog } from '../kit/dialog.tsx';
import { LoginForm } from '../pages/login-form.tsx';
import { useLeave } from './logout.ts';
import { onTabs } from './tabs.ts';

/**
 * When a call finds that the session has ended, the login comes over the page, which keeps what was typed into it. Answers how often the user
 * has logged in so far.
 */
export function useSessionEnd(): {
  readonly ended: boolean;
  readonly logins: number;
  readonly onLogin: (userId: string) => void;
} {
  const client = useQueryClient();
  const leave = useLeave();
  const me = useMe();
  const [ended, setEnded] = useState(false);
  const [logins, setLogins] = useState(0);
  const onLogin = (userId: string) => {
    // The page was another user's.
    if (me && me.id !== userId) return window.location.assign('/console/');
    setEnded(false);
    setLogins((before) => before + 1);
    void client.invalidateQueries();
  };
  useEffect(() => onApiState((event) => event === 'unauthorized' && setEnded(true)), []);
  useEffect(() =>
    onTabs((message) => {
      if (message.kind === 'logged-out') void leave();
      else onLogin(message.userId);
    }),
  );
  return { ended, logins, onLogin };
}

/** The login over a page whose session has ended. Who closes it leaves the page. */
export function SessionEndDialog({ onLogin }: { readonly onLogin: (userId: string) => void }) {
  const me = useMe();
  const navigate = useNavigate();
  const { href } = useLocation();
  return (
    <Dialog open onClose={() => void navigate({ to: '/login', search: { next: href } })} title="Your session has ended">
      <p className="text-ink-soft">Log in once more. The page stays as it is.</p>
      <LoginForm email={me?.email} onDone={async (userId) => onLogin(userId)} />
    </Dialog>
  );
}
