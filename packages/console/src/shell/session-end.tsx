import { useQueryClient } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
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
  /** Whose the page is: what it shows and keeps was read by them. */
  const user = useRef(me?.id);
  user.current ??= me?.id;
  const isOfAnother = (userId: string | undefined) =>
    userId !== undefined && user.current !== undefined && user.current !== userId;
  // Another user has logged in, and no tab of this browser has told it.
  const isOvertaken = isOfAnother(me?.id);
  useEffect(() => {
    if (isOvertaken) startOver();
  }, [isOvertaken]);
  const onLogin = (userId: string) => {
    if (isOfAnother(userId)) return startOver();
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

/** Loads the console once more, with nothing of what was read before. */
const startOver = (): void => window.location.assign('/console/');

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
