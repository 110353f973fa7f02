import { useEffect, useSyncExternalStore } from 'react';
import { call } from './client.ts';
import { useTenant } from './session.ts';

/** Milliseconds until the next try after a failed one. */
const AFTER_FAILURE_MS = 10_000;
/** Items whose readings are kept while the console is open; those looked at longest ago go. */
const MOST = 8;

export interface Readings<T> {
  readonly readings: readonly T[];
  readonly error: unknown;
}

/**
 * A hook that reads an operation's numbers of an item again and again, while they are wanted and the page is in sight. Readings stay when the tab of
 * the page changes. `add` puts a reading behind the others and drops those that are too old; `passes` tells which failures need not be shown.
 */
export function createReadings<T>(how: {
  readonly operation: string;
  readonly intervalMs: number;
  readonly add: (readings: readonly T[], next: T) => readonly T[];
  readonly passes?: (error: unknown) => boolean;
}): (id: string, wanted: boolean) => Readings<T> {
  const nothing: Readings<T> = { readings: [], error: undefined };
  const kept = new Map<string, Readings<T>>();
  const watchers = new Set<() => void>();
  const set = (id: string, next: Readings<T>) => {
    kept.delete(id);
    kept.set(id, next);
    if (kept.size > MOST) kept.delete(kept.keys().next().value!);
    for (const watcher of watchers) watcher();
  };
  return function useReadings(id, wanted) {
    const tenantId = useTenant()?.id;
    useEffect(() => {
      if (!wanted) return;
      const leaving = new AbortController();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const look = async () => {
        clearTimeout(timer);
        if (document.hidden) return;
        let next = how.intervalMs;
        const before = kept.get(id)?.readings ?? [];
        try {
          const reading = await call<T>(how.operation, { id }, { tenantId, retries: 0, signal: leaving.signal });
          set(id, { readings: how.add(before, reading), error: undefined });
        } catch (error) {
          if (leaving.signal.aborted) return;
          set(id, { readings: before, error: how.passes?.(error) ? undefined : error });
          next = AFTER_FAILURE_MS;
        }
        if (!leaving.signal.aborted) timer = setTimeout(() => void look(), next);
      };
      const onVisible = () => {
        if (!document.hidden) void look();
      };
      document.addEventListener('visibilitychange', onVisible);
      void look();
      return () => {
        leaving.abort(new Error('the page was left'));
        clearTimeout(timer);
        document.removeEventListener('visibilitychange', onVisible);
      };
    }, [id, wanted, tenantId]);
    return useSyncExternalStore(
      (watcher) => {
        watchers.add(watcher);
        return () => watchers.delete(watcher);
      },
      () => kept.get(id) ?? nothing,
    );
  };
}
