import { useCallback, useEffect, useRef, useState } from 'react';
import { CloudApiError } from '../api/client.ts';
import { sentenceOf } from '../api/queries.ts';
import { type Line, LineBuffer } from './line-buffer.ts';

/** Lines that are kept. */
export const MOST_LINES = 10_000;
/** Milliseconds between two looks at what has arrived. */
const DRAW_MS = 100;
/** Milliseconds before each try to connect again; after the last, a person decides. */
const DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000];

export type LogState =
  | { readonly name: 'connecting' | 'following' }
  | { readonly name: 'lost'; readonly reason: string; readonly again: boolean };

export interface Log {
  readonly lines: readonly Line[];
  /** Lines so far, with those that are no longer kept. */
  readonly total: number;
  readonly state: LogState;
  readonly reconnect: () => void;
}

const EMPTY = { lines: [] as readonly Line[], total: 0 };

/** Follows a log. It connects again by itself, a few times, if the stream breaks. */
export function useLog(open: (signal: AbortSignal) => AsyncIterable<Uint8Array>): Log {
  const [content, setContent] = useState(EMPTY);
  const [state, setState] = useState<LogState>({ name: 'connecting' });
  const [tries, setTries] = useState(0);
  const latest = useRef(open);
  latest.current = open;
  useEffect(() => {
    const leaving = new AbortController();
    const buffer = new LineBuffer(MOST_LINES);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      timer = undefined;
      setContent({ lines: buffer.lines(), total: buffer.total });
    };
    void follow(latest.current, buffer, leaving.signal, setState, () => (timer ??= setTimeout(draw, DRAW_MS)));
    return () => {
      leaving.abort(new Error('the log was left'));
      clearTimeout(timer);
    };
  }, [tries]);
  return { ...content, state, reconnect: useCallback(() => setTries((before) => before + 1), []) };
}

async function follow(
  open: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  buffer: LineBuffer,
  signal: AbortSignal,
  tell: (state: LogState) => void,
  changed: () => void,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    let reason = 'The log was cut off';
    let final = false;
    try {
      const decoder = new TextDecoder();
      let begun = false;
      for await (const chunk of open(signal)) {
        // The stream begins with the end of the log, which is there already.
        if (!begun) buffer.clear();
        if (!begun) tell({ name: 'following' });
        begun = true;
        failures = 0;
        buffer.push(decoder.decode(chunk, { stream: true }));
        changed();
      }
    } catch (error) {
      if (signal.aborted) return;
      reason = sentenceOf(error);
      final = error instanceof CloudApiError && error.status < 500 && error.status !== 429;
    }
    const delay = final ? undefined : DELAYS_MS[failures];
    tell({ name: 'lost', reason, again: delay !== undefined });
    if (delay === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, delay));
  }
}
