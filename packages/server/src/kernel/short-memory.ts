import type { Clock } from './clock.ts';

/** How old what is remembered may be, in milliseconds: the bound on how long a process does not know of a change that was made elsewhere. */
const KEPT_MS = 1_000;
/** Most that is remembered; what was looked up longest ago goes first. */
const MAX_KEPT = 10_000;

/** What was looked up a short time ago. */
export interface ShortMemory<T> {
  /** What `look` answered last, or answers now; calls at the same moment share it. What is not there, or failed, is not remembered. */
  get(name: string, look: () => Promise<T | undefined>): Promise<T | undefined>;
  /** Forgets what has a name that begins so. Default: all. */
  forget(prefix?: string): void;
}

/** Keeps what was looked up for `keptMs` milliseconds, by default one second. */
export function createShortMemory<T>(clock: Pick<Clock, 'monotonic'>, keptMs = KEPT_MS): ShortMemory<T> {
  const kept = new Map<string, { readonly until: number; readonly value: Promise<T | undefined> }>();
  return {
    get(name, look) {
      const now = clock.monotonic();
      const known = kept.get(name);
      if (known && now < known.until) return known.value;
      const entry = { until: now + keptMs, value: look() };
      // Last in the order in which they go.
      kept.delete(name);
      kept.set(name, entry);
      if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
      const drop = () => {
        if (kept.get(name) === entry) kept.delete(name);
      };
      entry.value.then((found) => found ?? drop(), drop);
      return entry.value;
    },
    forget(prefix = '') {
      for (const name of kept.keys()) if (name.startsWith(prefix)) kept.delete(name);
    },
  };
}
