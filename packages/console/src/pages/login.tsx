import { useQueryClient } from '@tanstack/react-query';
import { Link, useRouter, useSearch } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { call, CloudApiError } from '../api/client.ts';
import { Button } from '../kit/button.tsx';
import { Field, Input } from '../kit/field.tsx';
import { ErrorNote } from '../kit/states.tsx';

/** A form in the middle of the page, for who is not logged in. */
export function Gate({
  title,
  intro,
  children,
}: {
  readonly title: string;
  readonly intro?: ReactNode;
  readonly children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · The Cloud`;
  }, [title]);
  return (
    <main className="mx-auto grid min-h-dvh w-full max-w-md content-center gap-6 p-4">
      <div className="grid gap-2">
        <img src="/console/icon.svg" alt="" className="size-10" />
        <h1 className="text-2xl font-semibold">{title}</h1>
        {intro}
      </div>
      <div className="rounded-lg border border-line bg-surface p-5">{children}</div>
    </main>
  );
}

/** Goes where the login was asked for: a path of the console, and nothing else. */
export function useEnter(): () => Promise<void> {
  const router = useRouter();
  const client = useQueryClient();
  const { next } = useSearch({ strict: false });
  return async () => {
    client.clear();
    await router.invalidate();
    await router.navigate({ href: typeof next === 'string' && /^\/(?!\/)/.test(next) ? next : '/', replace: true });
  };
}

export function LoginPage() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asksCode, setAsksCode] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const enter = useEnter();
  const { next } = useSearch({ strict: false });
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await call('auth.login', { email, password, ...(code ? { code } : {}) });
      await enter();
    } catch (failure) {
      if (failure instanceof CloudApiError && failure.code === 'SECOND_FACTOR_REQUIRED') setAsksCode(true);
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Gate title="Log in">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field label="E-mail address">
          <Input
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            autoFocus
          />
        </Field>
        <Field label="Password">
          <Input
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </Field>
        {asksCode && (
          <Field label="Code" help="From your authenticator, or one of your recovery codes">
            <Input
              autoComplete="one-time-code"
              required
              value={code}
              onChange={(event) => setCode(event.target.value)}
              autoFocus
            />
          </Field>
        )}
        {error !== undefined && <ErrorNote error={error} />}
        <Button look="primary" type="submit" busy={busy}>
          Log in
        </Button>
        <p className="text-sm text-ink-soft">
          New here?{' '}
          <Link to="/register" search={typeof next === 'string' ? { next } : {}} className="text-accent underline">
            Register
          </Link>
        </p>
      </form>
    </Gate>
  );
}

export function RegisterPage() {
  const [values, setValues] = useState({ email: '', name: '', password: '' });
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const enter = useEnter();
  const set = (member: keyof typeof values) => (event: { target: { value: string } }) =>
    setValues((before) => ({ ...before, [member]: event.target.value }));
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await call('auth.register', values);
      await call('auth.login', { email: values.email, password: values.password });
      await enter();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Gate title="Register">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field label="Name">
          <Input autoComplete="name" required value={values.name} onChange={set('name')} autoFocus />
        </Field>
        <Field label="E-mail address">
          <Input type="email" autoComplete="username" required value={values.email} onChange={set('email')} />
        </Field>
        <Field label="Password">
          <Input
            type="password"
            autoComplete="new-password"
            required
            value={values.password}
            onChange={set('password')}
          />
        </Field>
        {error !== undefined && <ErrorNote error={error} />}
        <Button look="primary" type="submit" busy={busy}>
          Register
        </Button>
        <p className="text-sm text-ink-soft">
          Already registered?{' '}
          <Link to="/login" className="text-accent underline">
            Log in
          </Link>
        </p>
      </form>
    </Gate>
  );
}
