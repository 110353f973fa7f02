import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import { Button, IconButton } from '../kit/button.tsx';
import { GroupNotes, Input } from '../kit/field.tsx';

/** Names with values, such as labels: a row for each. */
export function KeyValues({
  label,
  help,
  error,
  value,
  onChange,
}: {
  readonly label: string;
  readonly help?: string | undefined;
  readonly error?: string | undefined;
  readonly value: Readonly<Record<string, string>>;
  readonly onChange: (value: Readonly<Record<string, string>> | undefined) => void;
}) {
  // Rows have an order, and may have no name yet.
  const [rows, setRows] = useState<readonly (readonly [string, string])[]>(() => Object.entries(value));
  const set = (next: readonly (readonly [string, string])[]) => {
    setRows(next);
    const named = next.filter(([name]) => name !== '');
    onChange(named.length === 0 ? undefined : Object.fromEntries(named));
  };
  return (
    <fieldset className="grid gap-2">
      <legend className="font-medium">
        {label} <span className="font-normal text-ink-soft">(optional)</span>
      </legend>
      {rows.map(([name, one], index) => (
        <div key={index} className="flex gap-2">
          <Input
            aria-label={`Name ${index + 1}`}
            placeholder="name"
            value={name}
            onChange={(event) => set(rows.with(index, [event.target.value, one]))}
          />
          <Input
            aria-label={`Value ${index + 1}`}
            placeholder="value"
            value={one}
            onChange={(event) => set(rows.with(index, [name, event.target.value]))}
          />
          <IconButton label={`Remove row ${index + 1}`} onClick={() => set(rows.toSpliced(index, 1))}>
            <X className="size-4" />
          </IconButton>
        </div>
      ))}
      <div>
        <Button small onClick={() => set([...rows, ['', '']])}>
          <Plus className="size-3.5" aria-hidden />
          Add
        </Button>
      </div>
      <GroupNotes help={help} error={error} />
    </fieldset>
  );
}
