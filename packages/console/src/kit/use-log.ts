import { useCallback, useEffect, useRef, useState } from 'react';
import { sentenceOf } from '../api/queries.ts';
import { follow, type LogState } from './follow-log.ts';
import { type Line, LineBuffer } from './line-buffer.ts';

/** Lines that are kept. */
const MOST_LINES = 10_000;
/** Milliseconds between two looks at what has arrived. */
const DRAW_MS = 100;

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
    void follow(latest.current, buffer, {
      signal: leaving.signal,
      tell: setState,
      changed: () => (timer ??= setTimeout(draw, DRAW_MS)),
      sentenceOf,
    });
    return () => {
      leaving.abort(new Error('the log was left'));
      clearTimeout(timer);
    };
  }, [tries]);
  return { ...content, state, reconnect: useCallback(() => setTries((before) => before + 1), []) };
}
