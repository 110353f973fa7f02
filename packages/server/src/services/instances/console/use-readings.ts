import { call, CloudApiError, useTenant } from '@thecloud/console';
import { useEffect, useSyncExternalStore } from 'react';
import { INTERVAL_MS, type Stats, withReading } from './samples.ts';

/** Milliseconds until the next try after a failed one. */
const AFTER_FAILURE_MS = 10_000;
/** Instances whose readings are kept while the console is open; those looked at longest ago go. */
const MOST = 8;

interface Kept {
  readonly readings: readonly Stats[];
  readonly error: unknown;
}
const NOTHING: Kept = { readings: [], error: undefined };

const kept = new Map<string, Kept>();
const watchers = new Set<() => void>();
const set = (id: string, next: Kept) => {
  kept.delete(id);
  kept.set(id, next);
  if (kept.size > MOST) kept.delete(kept.keys().next().value!);
  for (const watcher of watchers) watcher();
};

/** Reads what the instance uses every two seconds while it runs and the page is in sight. Readings stay when the tab of the page changes. */
export function useReadings(id: string, running: boolean): Kept {
  const tenant = useTenant();
  const tenantId = tenant?.id;
  useEffect(() => {
    if (!running) return;
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      clearTimeout(timer);
      if (document.hidden) return;
      let next = INTERVAL_MS;
      try {
        const stats = await call<Stats>('instances.stats', { id }, { tenantId, retries: 0, signal: leaving.signal });
        set(id, { readings: withReading(kept.get(id)?.readings ?? [], stats), error: undefined });
      } catch (error) {
        if (leaving.signal.aborted) return;
        // It was stopped a moment ago: the page will know.
        const stopped = error instanceof CloudApiError && error.code === 'INSTANCE_NOT_RUNNING';
        set(id, { readings: kept.get(id)?.readings ?? [], error: stopped ? undefined : error });
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
  }, [id, running, tenantId]);
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => kept.get(id) ?? NOTHING,
  );
}
