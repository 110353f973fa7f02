import { Input } from '../kit/field.tsx';
import { localOf } from './values.ts';

/** A time in the user's zone. `value` is ISO 8601, or empty; `undefined` is "not given". */
export function TimeInput({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string | undefined) => void;
}) {
  return (
    <Input
      type="datetime-local"
      value={value === '' ? '' : localOf(value)}
      onChange={(event) => onChange(event.target.value === '' ? undefined : new Date(event.target.value).toISOString())}
    />
  );
}
