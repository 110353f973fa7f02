import { X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { IconButton } from './button.tsx';
import { classes } from './classes.ts';

interface Message {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
}

/** Milliseconds that a message stays; one that says what failed stays until it is closed. */
const SHOWN_MS = 5_000;
/** Most messages at a time; the oldest goes. */
const MOST = 4;

let messages: readonly Message[] = [];
let last = 0;
const watchers = new Set<() => void>();
const set = (next: readonly Message[]) => {
  messages = next.slice(-MOST);
  for (const watcher of watchers) watcher();
};
const remove = (id: number) => set(messages.filter((one) => one.id !== id));

/** Says in a corner of the page what was done, or what failed. */
export function toast(text: string, kind: 'done' | 'failed' = 'done'): void {
  const id = ++last;
  set([...messages, { id, text, bad: kind === 'failed' }]);
  if (kind === 'done') setTimeout(() => remove(id), SHOWN_MS);
}

/** Takes all messages away: they are of the session that ends. */
export const clearToasts = (): void => set([]);

export function Toasts() {
  const shown = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => messages,
  );
  return (
    <div role="status" aria-live="polite" className="fixed right-4 bottom-4 z-50 grid max-w-[calc(100vw-2rem)] gap-2">
      {shown.map((one) => (
        <div
          key={one.id}
          className={classes(
            'flex w-96 max-w-full items-start gap-2 rounded-md border bg-surface px-3 py-2 shadow-lg',
            one.bad ? 'border-bad text-bad' : 'border-line',
          )}
        >
          <p className="min-w-0 grow">{one.text}</p>
          <IconButton label="Dismiss" onClick={() => remove(one.id)}>
            <X className="size-3.5" />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
