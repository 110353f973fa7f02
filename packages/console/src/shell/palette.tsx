import { useSyncExternalStore } from 'react';
import { Dialog } from '../kit/dialog.tsx';

let isOpen = false;
const watchers = new Set<() => void>();
const set = (open: boolean) => {
  isOpen = open;
  for (const watcher of watchers) watcher();
};

export const openPalette = (): void => set(true);

/** Finds pages, actions and resources of all kinds. */
export function Palette() {
  const open = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => isOpen,
  );
  return (
    <Dialog open={open} onClose={() => set(false)} title="Search">
      <p />
    </Dialog>
  );
}
