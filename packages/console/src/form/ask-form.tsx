import { type ReactNode, useRef, useState } from 'react';
import { Button } from '../kit/button.tsx';
import { DialogActions } from '../kit/dialog.tsx';
import { Field, Input } from '../kit/field.tsx';
import { ErrorNote } from '../kit/states.tsx';
import { classes } from '../kit/classes.ts';
import { CloudApiError } from '../api/client.ts';
import { type AskedMember, problemsOf } from './problems.ts';

/** One line that a form asks for. */
export interface Ask extends AskedMember {
  readonly label: ReactNode;
  readonly type?: 'text' | 'email' | 'password';
  readonly autoComplete?: string;
  readonly help?: ReactNode;
  readonly initial?: string;
  readonly minLength?: number;
  readonly optional?: boolean;
  /** Takes the focus as soon as it is there. */
  readonly focus?: boolean;
}

export type Answers = Readonly<Record<string, string>>;

/**
 * A form of few lines, with words of its own: logins, passwords. Problems stand at their line. What `onSubmit` throws is shown; the lines keep
 * what was typed.
 */
export function AskForm({
  asks: given,
  submit,
  danger,
  wide,
  onSubmit,
  onCancel,
  resets,
  children,
}: {
  /** What depends on what was typed is a function of it. */
  readonly asks: readonly Ask[] | ((typed: Answers) => readonly Ask[]);
  readonly submit: string;
  readonly danger?: boolean;
  /** The button is as wide as the form. */
  readonly wide?: boolean;
  readonly onSubmit: (answers: Answers) => Promise<unknown>;
  readonly onCancel?: () => void;
  /** Empties the lines once it is done. */
  readonly resets?: boolean;
  /** Between the lines and the button. */
  readonly children?: ReactNode;
}) {
  const [values, setValues] = useState<Answers>({});
  const [flaws, setFlaws] = useState<Answers>({});
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const asks = typeof given === 'function' ? given(values) : given;
  const valueOf = ({ name, initial = '' }: Ask) => values[name] ?? initial;
  const problems = error instanceof CloudApiError ? problemsOf(error, asks) : {};

  const focus = (names: readonly string[]) => {
    const first = asks.find(({ name }) => names.includes(name));
    if (first) form.current?.querySelector<HTMLElement>(`[name="${CSS.escape(first.name)}"]`)?.focus();
  };
  const send = async () => {
    if (busy) return;
    const found = Object.fromEntries(
      asks.flatMap((ask) => {
        const flaw = flawOf(ask, valueOf(ask));
        return flaw === undefined ? [] : [[ask.name, flaw] as const];
      }),
    );
    setFlaws(found);
    setError(undefined);
    if (Object.keys(found).length > 0) return focus(Object.keys(found));
    setBusy(true);
    try {
      const filled = asks.map((ask) => [ask.name, valueOf(ask)] as const).filter(([, value]) => value !== '');
      await onSubmit(Object.fromEntries(filled));
      if (resets) setValues({});
    } catch (failure) {
      setError(failure);
      if (failure instanceof CloudApiError) focus(Object.keys(problemsOf(failure, asks)));
    } finally {
      setBusy(false);
    }
  };
  const button = (
    <Button look={danger ? 'danger' : 'primary'} type="submit" busy={busy} className={classes(wide && 'h-9! w-full')}>
      {submit}
    </Button>
  );
  return (
    <form
      ref={form}
      noValidate
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {asks.map((ask) => (
        <Field
          key={ask.name}
          label={ask.label}
          help={ask.help}
          error={flaws[ask.name] ?? problems[ask.name]}
          {...(ask.optional ? { required: false } : {})}
        >
          <Input
            name={ask.name}
            type={ask.type ?? 'text'}
            autoComplete={ask.autoComplete ?? 'off'}
            autoCapitalize="off"
            spellCheck={false}
            autoFocus={ask.focus}
            className={classes(wide && 'h-9!')}
            value={valueOf(ask)}
            onChange={(event) => {
              setValues((before) => ({ ...before, [ask.name]: event.target.value }));
              setFlaws((before) => Object.fromEntries(Object.entries(before).filter(([name]) => name !== ask.name)));
            }}
          />
        </Field>
      ))}
      {children}
      {error !== undefined && Object.keys(problems).length === 0 && <ErrorNote error={error} />}
      {wide ? (
        button
      ) : (
        <DialogActions>
          {onCancel && <Button onClick={onCancel}>Cancel</Button>}
          {button}
        </DialogActions>
      )}
    </form>
  );
}

function flawOf({ optional, minLength = 0, type }: Ask, value: string): string | undefined {
  if (value === '') return optional ? undefined : 'Required';
  const length = [...value].length;
  if (length < minLength) return `At least ${minLength} characters; these are ${length}`;
  if (type === 'email' && !/^[^@\s]+@[^@\s]+$/.test(value)) return 'Must be an e-mail address such as ada@example.com';
  return undefined;
}
