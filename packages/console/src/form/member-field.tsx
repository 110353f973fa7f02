import type { Schema } from '../api/schema.ts';
import { Checkbox, Field, Input, Select, TextArea } from '../kit/field.tsx';
import { titleOf } from '../kit/value.tsx';
import { KeyValues } from './key-values.tsx';
import { PickMany } from './pick-many.tsx';
import { Picker } from './picker.tsx';
import { localOf } from './values.ts';

/** Longest text in characters that fits into one line. */
const ONE_LINE = 500;

/** One member of an input: its control by its schema. `undefined` is "not given". */
export function MemberField({
  name,
  schema,
  required,
  secret,
  kind,
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
  const title = titleOf(name);
  const label = unit ? `${title} (${unit})` : title;
  const help = helpOf(schema);
  const frame = (control: React.ReactNode) => (
    <Field label={label} help={help} error={error} {...(required ? {} : { required: false })}>
      {control}
    </Field>
  );
  const text = typeof value === 'string' ? value : '';
  const placeholder = schema.default === undefined ? undefined : String(schema.default);
  const choices = choicesOf(schema);
  if (kind && schema.type === 'string')
    return frame(<Picker kind={kind} value={text} onChange={onChange} required={required} placeholder={placeholder} />);
  if (choices)
    return frame(
      <Select
        value={value === undefined ? '' : String(value)}
        onChange={(event) => onChange(choices.find((one) => String(one) === event.target.value))}
      >
        {(!required || value === undefined) && (
          <option value="">{placeholder ? `Default: ${placeholder}` : required ? 'Choose' : 'Not set'}</option>
        )}
        {choices.map((one) => (
          <option key={String(one)} value={String(one)}>
            {String(one)}
          </option>
        ))}
      </Select>,
    );
  if (schema.type === 'boolean')
    return (
      <Checkbox
        label={label}
        help={help}
        checked={value === true}
        onChange={(event) => onChange(event.target.checked)}
      />
    );
  if (schema.type === 'integer' || schema.type === 'number')
    return frame(
      <Input
        type="number"
        inputMode="numeric"
        value={typeof value === 'number' && !Number.isNaN(value) ? value : ''}
        placeholder={placeholder}
        min={schema.minimum}
        max={schema.maximum}
        onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.valueAsNumber)}
      />,
    );
  if (schema.format === 'date-time')
    return frame(
      <Input
        type="datetime-local"
        value={text === '' ? '' : localOf(text)}
        onChange={(event) =>
          onChange(event.target.value === '' ? undefined : new Date(event.target.value).toISOString())
        }
      />,
    );
  if (schema.type === 'array')
    return frame(<PickMany kind={kind} value={Array.isArray(value) ? value.map(String) : []} onChange={onChange} />);
  if (schema.type === 'object')
    return (
      <KeyValues
        label={label}
        help={help}
        error={error}
        value={(value ?? {}) as Readonly<Record<string, string>>}
        onChange={onChange}
      />
    );
  if ((schema.maxLength ?? 0) > ONE_LINE && !secret)
    return frame(<TextArea value={text} onChange={(event) => onChange(event.target.value)} />);
  return frame(
    <Input
      type={secret ? 'password' : 'text'}
      autoComplete={secret ? 'new-password' : 'off'}
      value={text}
      placeholder={placeholder}
      onChange={(event) => onChange(event.target.value)}
    />,
  );
}

const helpOf = (schema: Schema): string | undefined => schema.description ?? schema.items?.description;

function choicesOf(schema: Schema): readonly (string | number)[] | undefined {
  const found = schema.enum ?? schema.anyOf?.map((one) => one.const) ?? schema.examples;
  return found && found.every((one) => typeof one === 'string' || typeof one === 'number')
    ? (found as readonly (string | number)[])
    : undefined;
}
