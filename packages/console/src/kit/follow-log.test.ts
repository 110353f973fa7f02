import { CloudApiError } from '@thecloud/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { follow, type LogState } from './follow-log.ts';
import { LineBuffer } from './line-buffer.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a log that is followed', () => {
  let states: LogState[];
  let opened: number;
  const buffer = new LineBuffer(10);
  const run = (open: () => AsyncIterable<Uint8Array>) => {
    const leaving = new AbortController();
    const ended = follow(
      () => {
        opened++;
        return open();
      },
      buffer,
      {
        signal: leaving.signal,
        tell: (state) => states.push(state),
        changed: () => undefined,
        sentenceOf: (error) => (error as Error).message,
      },
    );
    return { ended, leave: () => leaving.abort() };
  };
  beforeEach(() => {
    vi.useFakeTimers();
    [states, opened] = [[], 0];
  });
  afterEach(() => void vi.useRealTimers());

  it('is asked for again five times, also if each stream begins well, and its lines are there once', async () => {
    const { ended } = run(async function* () {
      yield bytes('one\ntw');
      yield bytes('o\n');
    });
    await vi.advanceTimersByTimeAsync(60_000);
    await ended;
    expect(opened).toBe(6);
    expect(states.at(-1)).toEqual({ name: 'lost', reason: 'The log was cut off', again: false });
    expect(buffer.lines().map(({ text }) => text)).toEqual(['one', 'two']);
  });

  it('is asked for again without an end, if each stream lasts', async () => {
    const { leave } = run(async function* () {
      yield bytes('line\n');
      await new Promise((resolve) => setTimeout(resolve, 20_000));
    });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(opened).toBeGreaterThan(20);
    leave();
  });

  it('is not asked for again where it was refused', async () => {
    const { ended } = run(async function* () {
      yield await Promise.reject<Uint8Array>(new CloudApiError('NOT_FOUND', 404, 'there is no such instance'));
    });
    await ended;
    expect(opened).toBe(1);
    expect(states).toEqual([{ name: 'lost', reason: 'there is no such instance', again: false }]);
  });
});
