/** How a supervisor finds out whether a process answers. */
export interface Patience {
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** Looks in a row at which the question is still open, before the process is given up. */
  readonly looks: number;
}

/** Half a minute: much longer than anything that keeps an event loop busy, and shorter than people wait for a cloud that hangs. */
export const PATIENCE: Patience = { everyMs: 5_000, looks: 6 };

/**
 * Asks a process again and again whether it answers, one question at a time, and calls `giveUp` once if it does not. Only looks count that the
 * supervisor made on time: after the machine or the supervisor itself stood still, the process gets all its time again. Answers what to call with each
 * answer, and to stop.
 */
export function watchAnswers(
  { everyMs, looks }: Patience,
  ask: () => void,
  giveUp: (silentMs: number) => void,
): { readonly answered: () => void; readonly stop: () => void } {
  let open = 0;
  let lookedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const wasStill = now - lookedAt > everyMs * 2;
    lookedAt = now;
    if (open === 0) ask();
    open = wasStill ? 1 : open + 1;
    if (open <= looks) return;
    clearInterval(timer);
    giveUp(looks * everyMs);
  }, everyMs).unref();
  return {
    answered: () => {
      open = 0;
    },
    stop: () => clearInterval(timer),
  };
}
