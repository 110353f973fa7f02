import { useState } from 'react';
import { call, CloudApiError } from '../api/client.ts';
import { type Answers, AskForm } from '../form/ask-form.tsx';
import { tellTabs } from '../shell/tabs.ts';
import { CODE, EMAIL } from './login-asks.ts';

interface LoggedIn {
  readonly user: { readonly id: string };
}

/** Logs in; the API puts the session into a cookie. */
export async function logIn(answers: Answers): Promise<string> {
  const { user } = await call<LoggedIn>('auth.login', answers);
  tellTabs({ kind: 'logged-in', userId: user.id });
  return user.id;
}

/** E-mail address, password, and the code where the account has a second factor. */
export function LoginForm({
  email,
  onDone,
}: {
  /** Whose session has ended. */
  readonly email?: string | undefined;
  readonly onDone: (userId: string) => Promise<unknown>;
}) {
  const [asksCode, setAsksCode] = useState(false);
  return (
    <AskForm
      wide
      submit={asksCode ? 'Confirm' : 'Log in'}
      asks={[
        { ...EMAIL, initial: email ?? '', focus: email === undefined, named: /^a user\b/ },
        {
          name: 'password',
          label: 'Password',
          type: 'password',
          autoComplete: 'current-password',
          focus: email !== undefined,
        },
        ...(asksCode ? [CODE] : []),
      ]}
      onSubmit={async (answers) => {
        try {
          await onDone(await logIn(answers));
        } catch (failure) {
          if (!(failure instanceof CloudApiError) || failure.code !== 'SECOND_FACTOR_REQUIRED') throw failure;
          setAsksCode(true);
        }
      }}
    />
  );
}
