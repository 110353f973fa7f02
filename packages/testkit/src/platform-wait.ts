import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  /** Milliseconds; default 30,000. */
  readonly deadlineMs?: number;
  /** Milliseconds between two looks; default 100. */
  readonly stepMs?: number;
  /** Appended to the failure: logs, errors of the queue. */
  readonly explain?: () => Promise<string> | string;
}

/** Thrown by a look that knows it will never see what is waited for. */
export class GiveUp extends Error {}

/**
 * Looks again and again until `look` answers something that is neither undefined nor false.
 * @throws with what was wanted, how long it was waited for, what was thrown last and what `explain` says.
 */
export async function waitFor<T>(
  what: string,
  look: (saw: (text: unknown) => void) => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions = {},
): Promise<T> {
  const deadlineMs = options.deadlineMs ?? 30_000;
  const begun = performance.now();
  let seen: unknown = 'nothing';
  for (;;) {
    try {
      const found = await look((text) => {
        seen = text;
      });
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      seen = error;
    }
    const waited = performance.now() - begun;
    if (waited > deadlineMs || seen instanceof GiveUp) {
      const text = seen instanceof Error ? String(seen) : typeof seen === 'string' ? seen : JSON.stringify(seen);
      const explained = options.explain ? `\n${await explain(options.explain)}` : '';
      throw new Error(`waited ${Math.round(waited)} ms, but did not see: ${what}\nlast seen: ${text}${explained}`);
    }
    await pause(options.stepMs ?? 100);
  }
}

/** A failure to explain must not hide the failure. */
async function explain(tell: () => Promise<string> | string): Promise<string> {
  try {
    return await tell();
  } catch (error) {
    return `(and no explanation: ${String(error)})`;
  }
}
