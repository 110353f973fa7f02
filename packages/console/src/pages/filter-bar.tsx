import { ListFilter, Search, X } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import type { Input as CallInput } from '../api/queries.ts';
import { Picker } from '../form/picker.tsx';
import { TimeInput } from '../form/time-input.tsx';
import { Button } from '../kit/button.tsx';
import { Checkbox, Field, Input, Select } from '../kit/field.tsx';
import { titleOf } from '../kit/value.tsx';
import type { Filter } from './filters.ts';

/** Milliseconds after the last key before a text is looked for. */
const TYPED_MS = 300;

/** The filters of a list: a text that is looked for in what is read, and, folded, those that the API knows. */
export function FilterBar({
  label,
  filters,
  given,
  onGiven,
  text,
  onText,
  children,
}: {
  readonly label: string;
  readonly filters: readonly Filter[];
  readonly given: CallInput;
  /** With `undefined` a filter is taken away. */
  readonly onGiven: (changed: CallInput) => void;
  readonly text: string;
  readonly onText: (text: string) => void;
  /** How many there are. */
  readonly children: ReactNode;
}) {
  const used = filters.filter(({ name }) => given[name] !== undefined);
  // Ids come from links; nobody types several.
  const shown = filters.filter(({ name }) => name !== 'id' || given.id !== undefined);
  const [open, setOpen] = useState(used.length > 0);
  return (
    <div className="grid border-b border-line">
      <div className="flex flex-wrap items-center gap-2 p-2">
        <div className="relative w-64 max-w-full">
          <Search aria-hidden className="absolute top-2 left-2.5 size-4 text-ink-soft" />
          <Input
            type="search"
            aria-label={`Filter ${label}`}
            placeholder="Filter"
            className="pl-8"
            value={text}
            onChange={(event) => onText(event.target.value)}
          />
        </div>
        {shown.length > 0 && (
          <Button aria-expanded={open} onClick={() => setOpen(!open)}>
            <ListFilter className="size-4" aria-hidden />
            Filters{used.length > 0 && ` (${used.length})`}
          </Button>
        )}
        {used.length > 0 && (
          <Button look="quiet" onClick={() => onGiven(Object.fromEntries(used.map(({ name }) => [name, undefined])))}>
            <X className="size-4" aria-hidden />
            Clear
          </Button>
        )}
        <p role="status" className="ml-auto px-1 text-sm text-ink-soft">
          {children}
        </p>
      </div>
      {open && (
        <div className="grid grid-cols-[repeat(auto-fill,minmax(13rem,1fr))] items-end gap-x-4 gap-y-3 border-t border-line p-3">
          {shown.map((filter) => (
            <FilterField
              key={filter.name}
              filter={filter}
              value={given[filter.name]}
              onChange={(value) => onGiven({ [filter.name]: value })}
            />
          ))}
        </div>
      )}
    </div>
  );
}

function FilterField({
  filter,
  value,
  onChange,
}: {
  readonly filter: Filter;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}) {
  const title = titleOf(filter.name);
  const hint = filter.schema.description;
  const text = typeof value === 'string' ? value : '';
  if (filter.control === 'flag')
    return (
      <Checkbox
        label={hint ?? title}
        checked={value === true}
        onChange={(event) => onChange(event.target.checked || undefined)}
      />
    );
  const field = (control: ReactNode) => (
    <div title={hint}>
      <Field label={title}>{control}</Field>
    </div>
  );
  if (filter.control === 'choice')
    return field(
      <Select value={text} onChange={(event) => onChange(event.target.value || undefined)}>
        <option value="">Any</option>
        {filter.choices?.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </Select>,
    );
  if (filter.control === 'reference')
    return field(<Picker kind={filter.kind!} value={text} onChange={onChange} required={false} placeholder="Any" />);
  if (filter.control === 'time') return field(<TimeInput value={text} onChange={onChange} />);
  if (filter.control === 'words')
    return field(
      <Typed
        value={Array.isArray(value) ? value.join(', ') : ''}
        placeholder="Several with commas"
        onChange={(next) => {
          const words = next.split(',').flatMap((word) => word.trim() || []);
          onChange(words.length === 0 ? undefined : words);
        }}
      />,
    );
  return field(<Typed value={text} onChange={(next) => onChange(next.trim() || undefined)} />);
}

/** A text that is told when the user stops typing, not at each key. */
function Typed({
  value,
  placeholder,
  onChange,
}: {
  readonly value: string;
  readonly placeholder?: string;
  readonly onChange: (value: string) => void;
}) {
  const [typed, setTyped] = useTyped(value, onChange);
  return <Input value={typed} placeholder={placeholder} onChange={(event) => setTyped(event.target.value)} />;
}

/** The text as it is typed, which `tell` hears of a moment after the last key; and what comes from outside, such as from the address. */
export function useTyped(given: string, tell: (text: string) => void): readonly [string, (text: string) => void] {
  const [state, setState] = useState({ typed: given, given });
  // It came from outside: back, or another filter.
  if (state.given !== given) setState({ typed: given, given });
  const { typed } = state;
  useEffect(() => {
    if (typed === given) return;
    const timer = setTimeout(() => tell(typed), TYPED_MS);
    return () => clearTimeout(timer);
    // `tell` is another function at each render.
  }, [typed, given]);
  return [typed, (text) => setState({ typed: text, given })];
}
