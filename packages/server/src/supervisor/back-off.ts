/** Waiting times between restarts of one process: 0.2 s doubling to 10 s; a minute of running resets them. */
export interface BackOff {
  /** Milliseconds to wait before the next start, after a life of `livedMs`. */
  next(livedMs: number): number;
}

const FIRST_MS = 200;
const LONGEST_MS = 10_000;
const GOOD_LIFE_MS = 60_000;

export function createBackOff(): BackOff {
  let wait = FIRST_MS;
  return {
    next(livedMs) {
      if (livedMs >= GOOD_LIFE_MS) wait = FIRST_MS;
      const now = wait;
      wait = Math.min(wait * 2, LONGEST_MS);
      return now;
    },
  };
}
