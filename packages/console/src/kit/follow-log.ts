import { CloudApiError } from '@thecloud/sdk';
import type { LineBuffer } from './line-buffer.ts';

/** Milliseconds before each try to connect again; after the last, a person decides. */
const DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000];
/** Milliseconds after which a stream counts as good, so that the tries begin from the first again. */
const GOOD_MS = 10_000;

export type LogState =
  | { readonly name: 'connecting' | 'following' }
  | { readonly name: 'lost'; readonly reason: string; readonly again: boolean };

export interface Followed {
  readonly signal: AbortSignal;
  readonly tell: (state: LogState) => void;
  /** The buffer has more. */
  readonly changed: () => void;
  readonly sentenceOf: (error: unknown) => string;
}

/** Follows until the signal, or until it has failed too often or for good. */
export async function follow(
  open: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  buffer: LineBuffer,
  { signal, tell, changed, sentenceOf }: Followed,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    let reason = 'The log was cut off';
    let final = false;
    const openedAt = Date.now();
    try {
      const decoder = new TextDecoder();
      let begun = false;
      for await (const chunk of open(signal)) {
        // The stream begins with the end of the log, which is there already.
        if (!begun) buffer.clear();
        if (!begun) tell({ name: 'following' });
        begun = true;
        buffer.push(decoder.decode(chunk, { stream: true }));
        changed();
      }
    } catch (error) {
      if (signal.aborted) return;
      reason = sentenceOf(error);
      final = error instanceof CloudApiError && error.status < 500 && error.status !== 429;
    }
    if (Date.now() - openedAt > GOOD_MS) failures = 0;
    const delay = final ? undefined : DELAYS_MS[failures];
    tell({ name: 'lost', reason, again: delay !== undefined });
    if (delay === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, delay));
  }
}
