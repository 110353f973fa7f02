import { useState } from 'react';
import { type Item, useList } from '../api/queries.ts';
import { kindOf } from '../api/registry.ts';
import { useCan } from '../api/session.ts';
import { Checkbox, Input, TextArea } from '../kit/field.tsx';

interface PickManyProps {
  /** The kind of what is chosen. */
  readonly kind?: string | undefined;
  readonly value: readonly string[];
  readonly onChange: (value: readonly string[] | undefined) => void;
}

/** A list of texts, one a line; of a kind that the caller may list, boxes to tick. */
export function PickMany({ kind, value, onChange }: PickManyProps) {
  const known = kind === undefined ? undefined : kindOf(kind);
  const can = useCan();
  const change = (next: readonly string[]) => onChange(next.length === 0 ? undefined : next);
  if (known && can(known.list)) return <Boxes kind={known} value={value} change={change} />;
  return (
    <TextArea
      rows={3}
      value={value.join('\n')}
      placeholder="One per line"
      onChange={(event) => change(event.target.value === '' ? [] : event.target.value.split('\n'))}
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
