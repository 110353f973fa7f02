import { useSyncExternalStore } from 'react';

/** Whether something that there is once on the page is open: opened from anywhere, shown by one component. */
export function openState(): {
  readonly set: (open: boolean) => void;
  readonly use: () => boolean;
} {
  let isOpen = false;
  const watchers = new Set<() => void>();
  const subscribe = (watcher: () => void) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  };
  return {
    set(open) {
      isOpen = open;
      for (const watcher of watchers) watcher();
    },
    use: () => useSyncExternalStore(subscribe, () => isOpen),
  };
}
