import { ChevronDown } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { classes } from '../kit/classes.ts';
import { Input } from '../kit/field.tsx';

export interface Option {
  readonly value: string;
  readonly title: string;
  /** What it is, in small letters. */
  readonly hint?: string | undefined;
}

/** Most options that are shown at a time. */
const MOST_SHOWN = 50;

/** Options that contain each of the words. */
export function fittingOptions(options: readonly Option[], typed: string): readonly Option[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter(({ value, title, hint = '' }) => {
    const text = `${value} ${title} ${hint}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** A text input that offers options while the user types. What fits none of them is taken as it is typed. */
export function Combobox({
  text,
  onText,
  options,
  onPick,
  onBackspace,
  placeholder,
  loading,
  none,
  label,
}: {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly options: readonly Option[];
  readonly onPick: (option: Option) => void;
  /** Backspace in an empty input. */
  readonly onBackspace?: (() => void) | undefined;
  readonly placeholder?: string | undefined;
  readonly loading?: boolean;
  /** What stands where nothing fits. */
  readonly none?: ReactNode;
  readonly label?: string;
}) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const shown = options.slice(0, MOST_SHOWN);
  const chosen = Math.min(at, shown.length - 1);
  useEffect(() => {
    if (open) list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [open, chosen]);
  const pick = (option: Option) => {
    onPick(option);
    setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const option = shown[chosen];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open) setOpen(true);
      else setAt(Math.max(0, Math.min(shown.length - 1, chosen + (event.key === 'ArrowDown' ? 1 : -1))));
    } else if (event.key === 'Enter' && open && option) {
      // The form is not sent by choosing.
      event.preventDefault();
      pick(option);
    } else if (event.key === 'Escape' && open) {
      // Only the options close, not the dialog around them.
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    } else if (event.key === 'Backspace' && text === '') onBackspace?.();
  };
  return (
    <div className="relative">
      <Input
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={open}
        aria-controls={open ? `${id}-options` : undefined}
        aria-activedescendant={open && shown.length > 0 ? `${id}-${chosen}` : undefined}
        {...(label ? { 'aria-label': label } : {})}
        className="pr-8"
        value={text}
        placeholder={placeholder}
        onChange={(event) => {
          onText(event.target.value);
          setAt(0);
          setOpen(true);
        }}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <ChevronDown aria-hidden className="pointer-events-none absolute top-2 right-2 size-4 text-ink-soft" />
      {open && (
        <ul
          ref={list}
          id={`${id}-options`}
          role="listbox"
          aria-label="Choices"
          className="absolute inset-x-0 top-full z-30 mt-1 max-h-64 overflow-auto rounded-md border border-line bg-surface p-1 shadow-lg"
        >
          {shown.map((option, index) => (
            <li
              key={option.value}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === chosen}
              className={classes('cursor-pointer rounded px-2 py-1', index === chosen && 'bg-raised')}
              // Before the input loses the focus.
              onMouseDown={(event) => {
                event.preventDefault();
                pick(option);
              }}
              onMouseMove={() => setAt(index)}
            >
              <bdi>{option.title}</bdi>
              {option.hint && <span className="block text-sm text-ink-soft">{option.hint}</span>}
            </li>
          ))}
          {shown.length < options.length && (
            <li role="presentation" className="px-2 py-1 text-sm text-ink-soft">
              {options.length - shown.length} more; type to find one
            </li>
          )}
          {shown.length === 0 && (
            <li role="presentation" className="px-2 py-1 text-sm text-ink-soft">
              {loading ? 'Reading' : (none ?? 'Nothing fits')}
            </li>
          )}
        </ul>
      )}
    </div>
  );
}
