import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

/** Tabs with the content of the one that is chosen. */
export function Tabs({
  label,
  tabs,
  chosen,
  onChoose,
  children,
}: {
  readonly label: string;
  readonly tabs: readonly { readonly name: string; readonly title: string }[];
  readonly chosen: string;
  readonly onChoose: (name: string) => void;
  readonly children: ReactNode;
}) {
  // Radix takes an empty value for none.
  const key = (name: string) => name || 'first';
  return (
    <Radix.Root
      value={key(chosen)}
      onValueChange={(value) => onChoose(value === 'first' ? '' : value)}
      activationMode="manual"
      className="grid min-w-0 gap-4"
    >
      {tabs.length > 1 && (
        <Radix.List aria-label={label} className="flex gap-1 overflow-x-auto border-b border-line">
          {tabs.map((one) => (
            <Radix.Trigger
              key={one.name}
              value={key(one.name)}
              className="-mb-px h-9 shrink-0 border-b-2 border-transparent px-3 text-ink-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink"
            >
              {one.title}
            </Radix.Trigger>
          ))}
        </Radix.List>
      )}
      {tabs.length > 1 ? (
        <Radix.Content value={key(chosen)} tabIndex={-1} className="min-w-0 outline-none">
          {children}
        </Radix.Content>
      ) : (
        children
      )}
    </Radix.Root>
  );
}
