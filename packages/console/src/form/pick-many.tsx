import { useState } from 'react';
import { type Item, useList } from '../api/queries.ts';
import { kindOf } from '../api/registry.ts';
import { useCan } from '../api/session.ts';
import { Checkbox, Input, TextArea } from '../kit/field.tsx';

interface PickManyProps {
  /** The kind of what is chosen. */
  readonly kind: string;
  readonly value: readonly string[];
  readonly onChange: (value: readonly string[]) => void;
}

/** Several of a kind: boxes to tick where the caller may list them, else a line for each. */
export function PickMany({ kind, value, onChange }: PickManyProps) {
  const known = kindOf(kind);
  const can = useCan();
  if (known && can(known.list)) return <Boxes kind={known} value={value} change={onChange} />;
  return <Lines value={value} onChange={onChange} />;
}

/** A list of texts, one a line. */
export function Lines({ value, onChange }: Pick<PickManyProps, 'value' | 'onChange'>) {
  return (
    <TextArea
      rows={Math.min(8, Math.max(3, value.length + 1))}
      className="font-mono text-sm"
      spellCheck={false}
      autoComplete="off"
      value={value.join('\n')}
      placeholder="One per line"
      onChange={(event) => onChange(event.target.value === '' ? [] : event.target.value.split('\n'))}
    />
  );
}

/** Most boxes that are drawn; the search finds the rest. */
const MOST = 200;

function Boxes({
  kind: { list, valueMember, titleMember },
  value,
  change,
}: {
  readonly kind: NonNullable<ReturnType<typeof kindOf>>;
  readonly value: readonly string[];
  readonly change: (next: readonly string[]) => void;
}) {
  const [search, setSearch] = useState('');
  const { items } = useList<Item>(list);
  const listed = items.map((item) => ({
    value: String(item[valueMember]),
    title: String(item[titleMember] ?? item[valueMember]),
  }));
  const others = value
    .filter((one) => !listed.some((item) => item.value === one))
    .map((one) => ({ value: one, title: one }));
  const words = search.toLowerCase();
  const shown = [...others, ...listed].filter(({ title }) => title.toLowerCase().includes(words));
  return (
    <div className="grid gap-1">
      <Input
        type="search"
        value={search}
        placeholder={`Search; ${value.length} chosen`}
        onChange={(event) => setSearch(event.target.value)}
      />
      <div className="grid max-h-48 gap-1 overflow-auto rounded-md border border-line p-2">
        {shown.slice(0, MOST).map((one) => (
          <Checkbox
            key={one.value}
            label={one.title}
            checked={value.includes(one.value)}
            onChange={(event) =>
              change(event.target.checked ? [...value, one.value] : value.filter((other) => other !== one.value))
            }
          />
        ))}
        {shown.length === 0 && <p className="text-ink-soft">Nothing matches</p>}
      </div>
    </div>
  );
}
