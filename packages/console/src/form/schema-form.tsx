import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { CloudApiError } from '../api/client.ts';
import type { Input } from '../api/queries.ts';
import { operationOf, serviceOf } from '../api/registry.ts';
import type { Schema } from '../api/schema.ts';
import { Button } from '../kit/button.tsx';
import { DialogActions } from '../kit/dialog.tsx';
import { ErrorNote } from '../kit/states.tsx';
import { ShowCall } from '../pages/show-call.tsx';
import { MemberField } from './member-field.tsx';
import { flawOf, isSame } from './values.ts';

export interface SchemaFormProps {
  readonly operation: string;
  readonly schema: Schema;
  /** The members that are asked for, in their order. */
  readonly members: readonly string[];
  /** Members that are sent with every submission, such as the id of what is changed. */
  readonly fixed?: Input;
  readonly initial?: Input;
  /** Sends only what differs from `initial`. */
  readonly changedOnly?: boolean;
  readonly intro?: ReactNode;
  readonly submitLabel: string;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onSubmit: (input: Input) => void;
  readonly onCancel?: () => void;
}

/** A form for the input of an operation. Members that are left empty are not sent, so that the API's defaults hold. */
export function SchemaForm(props: SchemaFormProps) {
  const { operation, schema, members, fixed = {}, initial = {}, changedOnly = false } = props;
  const [values, setValues] = useState<Input>(initial);
  const [flaws, setFlaws] = useState<Readonly<Record<string, string>>>({});
  const form = useRef<HTMLFormElement>(null);
  const required = new Set(schema.required ?? []);
  const asked = [...members].sort((one, other) => Number(required.has(other)) - Number(required.has(one)));
  const filled = Object.fromEntries(
    Object.entries(values).filter(
      ([name, value]) => value !== undefined && (changedOnly ? !isSame(value, initial[name]) : value !== ''),
    ),
  );
  const input = { ...fixed, ...filled };
  const refused = refusedMembers(props.error, members);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = Object.fromEntries(
      asked.flatMap((name) => {
        const flaw = flawOf(schema.properties?.[name] ?? {}, values[name], required.has(name));
        return flaw === undefined ? [] : [[name, flaw] as const];
      }),
    );
    setFlaws(found);
    const first = asked.find((name) => name in found);
    if (first === undefined) return props.onSubmit(input);
    form.current
      ?.querySelector<HTMLElement>(`[data-member="${CSS.escape(first)}"] :is(input, select, textarea, button)`)
      ?.focus();
  };

  return (
    <form ref={form} noValidate className="grid gap-4" onSubmit={submit}>
      {props.intro}
      {asked.map((name) => (
        <div key={name} data-member={name}>
          <MemberField
            name={name}
            schema={schema.properties?.[name] ?? {}}
            required={required.has(name)}
            secret={operationOf(operation).secrets?.includes(name) ?? false}
            kind={operationOf(operation).references?.[name]}
            unit={serviceOf(operationOf(operation).service)?.units[name]}
            value={values[name]}
            error={flaws[name] ?? refused[name]}
            onChange={(value) => {
              setValues((before) => ({ ...before, [name]: value }));
              setFlaws((before) => Object.fromEntries(Object.entries(before).filter(([other]) => other !== name)));
            }}
          />
        </div>
      ))}
      {props.error !== null && props.error !== undefined && Object.keys(refused).length === 0 && (
        <ErrorNote error={props.error} />
      )}
      <ShowCall operation={operation} input={input} />
      <DialogActions>
        {props.onCancel && <Button onClick={props.onCancel}>Cancel</Button>}
        <Button
          look="primary"
          type="submit"
          busy={props.busy}
          disabled={changedOnly && Object.keys(filled).length === 0}
        >
          {props.submitLabel}
        </Button>
      </DialogActions>
    </form>
  );
}

/** The sentences of a refusal, by the member that each begins with. One that names no member is not here. */
export function refusedMembers(error: unknown, members: readonly string[]): Readonly<Record<string, string>> {
  if (!(error instanceof CloudApiError) || error.status >= 500) return {};
  const found: Record<string, string> = {};
  for (const sentence of error.message.split('; ')) {
    const member = members.find((name) => new RegExp(`^'?${name}\\b|'${name}'`).test(sentence));
    if (member !== undefined) found[member] ??= sentence.charAt(0).toUpperCase() + sentence.slice(1);
  }
  return found;
}
