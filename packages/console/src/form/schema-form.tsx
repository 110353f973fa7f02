import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { CloudApiError } from '../api/client.ts';
import { type Input, sentenceOf } from '../api/queries.ts';
import { operationOf, serviceOf } from '../api/registry.ts';
import type { Schema } from '../api/schema.ts';
import { Button } from '../kit/button.tsx';
import { DialogActions } from '../kit/dialog.tsx';
import { ErrorNote } from '../kit/states.tsx';
import { ShowCall } from '../pages/show-call.tsx';
import { plainOf } from './control.ts';
import { MemberField } from './member-field.tsx';
import { type Refused, refusedOf } from './refusal.ts';
import { flawOf, inputOf } from './values.ts';

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

/**
 * A form for the input of an operation. What the API refuses stands at its member, and the focus goes to the first of them; what was typed stays.
 */
export function SchemaForm(props: SchemaFormProps) {
  const { operation, schema, members, fixed = {}, initial = {}, changedOnly = false } = props;
  const [first] = useState(initial);
  const [edits, setEdits] = useState<Input>({});
  // Of a change, what was not edited is as it is now: nobody's change is taken back unasked. A suggestion stays as it was.
  const values: Input = { ...(changedOnly ? initial : first), ...edits };
  const [flaws, setFlaws] = useState<Readonly<Record<string, string>>>({});
  /** Members that were changed since the API refused: what it said of them is over. */
  const [mended, setMended] = useState<ReadonlySet<string>>(new Set());
  const form = useRef<HTMLFormElement>(null);
  const required = new Set(schema.required ?? []);
  const asked = [...members].sort((one, other) => Number(required.has(other)) - Number(required.has(one)));
  const filled = inputOf(values, changedOnly ? initial : undefined);
  const input = { ...fixed, ...filled };
  const { references, secrets, service } = operationOf(operation);
  const refused = refusedBy(props.error, members, values);

  const focus = (wanted: Readonly<Record<string, string>>) => {
    const first = asked.find((name) => name in wanted);
    if (first === undefined) return;
    form.current
      ?.querySelector<HTMLElement>(`[data-member="${CSS.escape(first)}"] :is(input, select, textarea, button)`)
      ?.focus();
  };
  useEffect(() => {
    setMended(new Set());
    focus(refused.members);
    // Each refusal once.
  }, [props.error]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    // A dialog's form may stand within another form's page.
    event.stopPropagation();
    if (props.busy) return;
    const found = Object.fromEntries(
      asked.flatMap((name) => {
        // Of a change only what is sent is checked.
        if (changedOnly && !(name in filled)) {
          const isTakenAway = values[name] === undefined && initial[name] !== undefined;
          return isTakenAway ? [[name, 'Cannot be emptied: give another value, or the one before'] as const] : [];
        }
        const flaw = flawOf(schema.properties?.[name] ?? {}, values[name], required.has(name));
        return flaw === undefined ? [] : [[name, flaw] as const];
      }),
    );
    setFlaws(found);
    focus(found);
    if (Object.keys(found).length === 0) props.onSubmit(input);
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
            secret={secrets?.includes(name) ?? false}
            kind={references?.[name]}
            unit={serviceOf(service)?.units[name]}
            value={values[name]}
            error={flaws[name] ?? (mended.has(name) ? undefined : refused.members[name])}
            onChange={(value) => {
              const { nullable } = plainOf(schema.properties?.[name] ?? {});
              // What may be null is taken away with it.
              const next = value === undefined && changedOnly && nullable ? null : value;
              setEdits((before) => ({ ...before, [name]: next }));
              setFlaws((before) => Object.fromEntries(Object.entries(before).filter(([other]) => other !== name)));
              setMended((before) => new Set(before).add(name));
            }}
          />
        </div>
      ))}
      {refused.rest.length > 0 && (
        <ErrorNote
          error={Object.keys(refused.members).length === 0 ? props.error : new Error(refused.rest.join('. '))}
        />
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

function refusedBy(error: unknown, members: readonly string[], values: Input): Refused {
  if (error === null || error === undefined) return { members: {}, rest: [] };
  return error instanceof CloudApiError
    ? refusedOf(error, members, values)
    : { members: {}, rest: [sentenceOf(error)] };
}

/** What an error says of these members. */
export const refusedMembers = (error: unknown, members: readonly string[]): Readonly<Record<string, string>> =>
  refusedBy(error, members, {}).members;
