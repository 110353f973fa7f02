import type { Clock } from '../../kernel/clock.ts';

/**
 * Which users, keys and tenants changed what they may do within the last second, so that what is remembered of the others stays good. A subject
 * is `user <id>`, `key <id>` or `tenant <id>`, as the database announces it.
 */
export interface Changes {
  /** The moment at which somebody begins to ask. */
  mark(): number;
  /** Something of this subject changed. Without one, anything may have. */
  note(subject?: string): void;
  /** Whether one of the subjects changed after the mark. Only for marks of the last second: older changes are forgotten. */
  since(mark: number, subjects: readonly string[]): boolean;
}

const SUBJECT = /^(?:key|user|tenant) [0-9a-f-]{36}$/;

/** @param keepMs How long a change is known, in milliseconds. */
export function createChanges(clock: Pick<Clock, 'monotonic'>, keepMs: number): Changes {
  // In the order of their last change.
  const changed = new Map<string, { readonly place: number; readonly at: number }>();
  let places = 0;
  let all = 0;
  return {
    mark: () => places,
    note(subject) {
      places++;
      if (subject === undefined || !SUBJECT.test(subject)) {
        all = places;
        changed.clear();
        return;
      }
      const at = clock.monotonic();
      changed.delete(subject);
      changed.set(subject, { place: places, at });
      for (const [name, change] of changed) {
        if (change.at > at - keepMs) break;
        changed.delete(name);
      }
    },
    since: (mark, subjects) => all > mark || subjects.some((subject) => (changed.get(subject)?.place ?? 0) > mark),
  };
}
