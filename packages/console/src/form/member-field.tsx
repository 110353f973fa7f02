import { type FormEvent, useId } from 'react';
import type { Schema } from '../api/schema.ts';
import { Checkbox, Field, GroupNotes, Input, Select, TextArea } from '../kit/field.tsx';
import { titleOf } from '../kit/value.tsx';
import { controlOf, plainOf } from './control.ts';
import { KeyValues } from './key-values.tsx';
import { Lines, PickMany } from './pick-many.tsx';
import { Picker } from './picker.tsx';
import { TimeInput } from './time-input.tsx';

/** One member of an input: its control by its schema. `undefined` is "not given". */
export function MemberField({
  name,
  schema: given,
  required,
  secret,
  kind: reference,
  unit,
  value,
  error,
  onChange,
}: {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  readonly secret: boolean;
  /** The kind of resource that it names. */
  readonly kind?: string | undefined;
  readonly unit?: string | undefined;
  readonly value: unknown;
  readonly error?: string | undefined;
  readonly onChange: (value: unknown) => void;
}) {
  const listId = useId();
  const { schema } = plainOf(given);
  const title = titleOf(name);
  const label = unit && !title.endsWith(` ${unit}`) ? `${title} (${unit})` : title;
  const help = schema.description ?? schema.items?.description;
  const frame = (control: React.ReactNode) => (
    <Field label={label} help={help} error={error} {...(required ? {} : { required: false })}>
      {control}
    </Field>
  );
  const text = typeof value === 'string' ? value : '';
  const placeholder = schema.default === undefined ? undefined : `Default: ${String(schema.default)}`;
  const items = Array.isArray(value) ? (value as readonly string[]) : [];
  // What is no number, such as 1-2, has no value either: it must not pass for nothing.
  const tellNumber = ({ currentTarget: { value: typed, validity, valueAsNumber } }: FormEvent<HTMLInputElement>) =>
    onChange(typed === '' && !validity.badInput ? undefined : valueAsNumber);
  const control = controlOf(given, { reference, secret });
  switch (control?.kind) {
    case 'reference':
      return frame(
        <Picker kind={control.of} value={text} onChange={onChange} required={required} placeholder={placeholder} />,
      );
    case 'references':
      return frame(<PickMany kind={control.of} value={items} onChange={onChange} />);
    case 'choice':
      return frame(
        <Select
          value={value === undefined || value === null ? '' : String(value)}
          onChange={(event) => onChange(control.choices.find((one) => String(one) === event.target.value))}
        >
          {(!required || value === undefined) && (
            <option value="">{placeholder ?? (required ? 'Choose' : 'Not set')}</option>
          )}
          {control.choices.map((one) => (
            <option key={String(one)} value={String(one)}>
              {String(one)}
            </option>
          ))}
        </Select>,
      );
    case 'choices':
      return (
        <fieldset className="grid gap-1">
          <legend className="mb-1 font-medium">{label}</legend>
          {control.choices.map((one) => (
            <Checkbox
              key={String(one)}
              label={String(one)}
              checked={items.includes(String(one))}
              onChange={(event) =>
                onChange(event.target.checked ? [...items, one] : items.filter((other) => other !== one))
              }
            />
          ))}
          <GroupNotes help={help} error={error} />
        </fieldset>
      );
    case 'flag':
      return (
        <Checkbox
          label={label}
          help={help}
          checked={(value ?? schema.default) === true}
          onChange={(event) => onChange(event.target.checked)}
        />
      );
    case 'number':
      return frame(
        <Input
          type="number"
          inputMode={schema.type === 'integer' ? 'numeric' : 'decimal'}
          step={schema.type === 'integer' ? 1 : 'any'}
          value={typeof value === 'number' && !Number.isNaN(value) ? value : ''}
          placeholder={placeholder}
          min={schema.minimum}
          max={schema.maximum}
          onChange={tellNumber}
          // React tells no change from 1-2 to nothing: both have no value.
          onInput={tellNumber}
        />,
      );
    case 'time':
      return frame(<TimeInput value={text} onChange={onChange} />);
    case 'lines':
      return frame(<Lines value={items} onChange={onChange} />);
    case 'pairs':
      return (
        <KeyValues
          label={label}
          help={help}
          error={error}
          value={(value ?? {}) as Readonly<Record<string, string>>}
          onChange={onChange}
        />
      );
    case 'members': {
      const values = (value ?? {}) as Readonly<Record<string, unknown>>;
      const set = (member: string, one: unknown) => {
        const { [member]: _, ...others } = values;
        const next = one === undefined ? others : { ...others, [member]: one };
        onChange(Object.keys(next).length === 0 ? undefined : next);
      };
      return (
        <fieldset className="grid gap-3 rounded-md border border-line p-3">
          <legend className="px-1 font-medium">
            {label} {!required && <span className="font-normal text-ink-soft">(optional)</span>}
          </legend>
          {Object.entries(control.members).map(([member, one]) => (
            <MemberField
              key={member}
              name={member}
              schema={one}
              required={schema.required?.includes(member) ?? false}
              secret={false}
              value={values[member]}
              onChange={(next) => set(member, next)}
            />
          ))}
          <GroupNotes help={help} error={error} />
        </fieldset>
      );
    }
    case 'long':
      return frame(<TextArea value={text} onChange={(event) => onChange(event.target.value)} />);
    default: {
      const examples = schema.examples?.filter((one) => typeof one === 'string') ?? [];
      return frame(
        <>
          <Input
            type={control?.kind === 'secret' ? 'password' : 'text'}
            autoComplete={control?.kind === 'secret' ? 'new-password' : 'off'}
            list={examples.length > 0 ? listId : undefined}
            value={text}
            placeholder={placeholder ?? (examples.length > 0 ? `Such as ${examples.join(' or ')}` : undefined)}
            onChange={(event) => onChange(event.target.value)}
          />
          {examples.length > 0 && (
            <datalist id={listId}>
              {examples.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          )}
        </>,
      );
    }
  }
}
