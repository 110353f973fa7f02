import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { useState, useSyncExternalStore } from 'react';
import { call } from '../api/client.ts';
import { AskForm } from '../form/ask-form.tsx';
import { ErrorNote } from '../kit/states.tsx';
import { dropLinkSecret, linkSecret, watchLinkSecret } from '../shell/link-secret.ts';
import { statusQuery } from '../shell/status.ts';
import { Gate, GateLink } from './gate.tsx';
import { EMAIL, newPassword } from './login-asks.ts';
import { LoginForm, logIn } from './login-form.tsx';

/** Where the login was asked for: a path of the console, and nothing else. */
function useNext(): string | undefined {
  const { next } = useSearch({ strict: false });
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : undefined;
}

/** Goes where the login was asked for. */
function useEnter(): () => Promise<void> {
  const router = useRouter();
  const client = useQueryClient();
  const next = useNext();
  return async () => {
    client.clear();
    await router.invalidate();
    await router.navigate({ href: next ?? '/', replace: true });
  };
}

const keep = (next: string | undefined) => (next === undefined ? {} : { next });

/** Says to whom an invitation's link led here what comes next. */
function Invited({ next }: { readonly next: string | undefined }) {
  return next?.startsWith('/invitation') ? (
    <p>You are invited to a tenant. Log in, or register with the address that the mail came to, to accept.</p>
  ) : null;
}

export function LoginPage() {
  const enter = useEnter();
  const next = useNext();
  const { data: status } = useQuery(statusQuery);
  return (
    <Gate
      title={`Log in to ${status?.name ?? 'The Cloud'}`}
      intro={<Invited next={next} />}
      footer={
        <>
          <p>
            <GateLink to="/forgot-password">Forgotten your password?</GateLink>
          </p>
          <p>
            {status?.registration === 'closed' ? (
              'Registration is closed: the operator of this platform gives out accounts.'
            ) : (
              <>
                New here?{' '}
                <GateLink to="/register" search={keep(next)}>
                  Register
                </GateLink>
              </>
            )}
          </p>
        </>
      }
    >
      <LoginForm onDone={enter} />
    </Gate>
  );
}

export function RegisterPage() {
  const enter = useEnter();
  const next = useNext();
  const { data: status, error, refetch } = useQuery(statusQuery);
  const isFirst = status?.registration === 'first_user';
  const toLogin = (
    <GateLink to="/login" search={keep(next)}>
      Log in
    </GateLink>
  );
  if (error)
    return (
      <Gate title="Register">
        <ErrorNote error={error} retry={() => void refetch()} />
      </Gate>
    );
  if (status?.registration === 'closed')
    return (
      <Gate title="Registration is closed" footer={<p>Already registered? {toLogin}</p>}>
        <p>Nobody new can register on this platform. Ask its operator for an account.</p>
      </Gate>
    );
  return (
    <Gate
      title={isFirst ? 'Welcome to your cloud' : 'Register'}
      intro={
        isFirst ? (
          <p>
            This is The Cloud: it runs instances in private networks on a machine that you own. Nobody has registered
            yet, so this account will be the operator’s, who looks after the whole platform.
          </p>
        ) : (
          <Invited next={next} />
        )
      }
      footer={!isFirst && <p>Already registered? {toLogin}</p>}
    >
      <AskForm
        wide
        submit={isFirst ? 'Register as the operator' : 'Register'}
        asks={[
          { name: 'name', label: 'Name', autoComplete: 'name', minLength: 2, focus: true },
          { ...EMAIL, named: /^a user with the email/ },
          newPassword('password', 'Password'),
        ]}
        onSubmit={async ({ name, email = '', password = '' }) => {
          await call('auth.register', { name, email, password });
          await logIn({ email, password });
          await enter();
        }}
      />
    </Gate>
  );
}

export function ForgotPasswordPage() {
  const [sentTo, setSentTo] = useState<string>();
  const back = (
    <p>
      <GateLink to="/login">Back to the login</GateLink>
    </p>
  );
  if (sentTo !== undefined)
    return (
      <Gate title="Look into your mail" footer={back}>
        <div role="status" className="grid gap-3">
          <p>
            If an account has the address <bdi className="font-medium">{sentTo}</bdi>, a mail with a link is on its way.
            The link is valid for one hour.
          </p>
          <p className="text-ink-soft">
            No mail? A platform without a mail server keeps it for its operator: ask them to pass the link on.
          </p>
          <p>
            <GateLink to="/reset-password">Enter a token by hand</GateLink>
          </p>
        </div>
      </Gate>
    );
  return (
    <Gate title="Forgotten password" intro={<p>A mail with a link lets you choose another one.</p>} footer={back}>
      <AskForm
        wide
        submit="Send the link"
        asks={[{ ...EMAIL, focus: true }]}
        onSubmit={async ({ email }) => {
          await call('auth.forgotPassword', { email });
          setSentTo(email);
        }}
      />
    </Gate>
  );
}

export function ResetPasswordPage() {
  const secret = useSyncExternalStore(watchLinkSecret, () => linkSecret('/reset-password'));
  const [isDone, setIsDone] = useState(false);
  if (isDone)
    return (
      <Gate title="Your password is changed">
        <div role="status" className="grid gap-3">
          <p>All your sessions have ended.</p>
          <p>
            <GateLink to="/login">Log in with the new password</GateLink>
          </p>
        </div>
      </Gate>
    );
  return (
    <Gate
      title="Choose a new password"
      intro={<p>It ends all your sessions. API keys continue to work.</p>}
      footer={
        <p>
          <GateLink to="/forgot-password">Ask for another link</GateLink>
        </p>
      }
    >
      <AskForm
        wide
        submit="Change the password"
        asks={[
          ...(secret
            ? []
            : [{ name: 'token', label: 'Token', help: 'From the mail', named: /^this token/, focus: true }]),
          { ...newPassword('new_password', 'New password'), focus: secret !== undefined },
        ]}
        onSubmit={async ({ token = secret?.token, new_password }) => {
          await call('auth.resetPassword', { token, new_password });
          dropLinkSecret();
          setIsDone(true);
        }}
      />
    </Gate>
  );
}
