import { useEffect, useRef, useSyncExternalStore } from 'react';

/** Something that can be done on the page that is shown; the palette offers it first. */
export interface Command {
  readonly id: string;
  readonly title: string;
  readonly run: () => void;
}

let offered: readonly (readonly Command[])[] = [];
const watchers = new Set<() => void>();
const set = (next: readonly (readonly Command[])[]) => {
  offered = next;
  for (const watcher of watchers) watcher();
};

/** Offers commands in the palette as long as the component is shown. */
export function useCommands(commands: readonly Command[]): void {
  const latest = useRef(commands);
  latest.current = commands;
  const ids = commands.map(({ id, title }) => `${id} ${title}`).join('\n');
  useEffect(() => {
    const mine = latest.current.map(({ id, title }) => ({
      id,
      title,
      run: () => latest.current.find((one) => one.id === id)?.run(),
    }));
    set([...offered, mine]);
    return () => set(offered.filter((one) => one !== mine));
  }, [ids]);
}

export const useOfferedCommands = (): readonly Command[] =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => offered,
  ).flat();
