import { expect, it } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { createMetrics } from '../kernel/metrics.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createHeldBytes } from './held-bytes.ts';
import type { Passage } from './passage.ts';

const MIB = 1 << 20;

/** A body of a request that announces it, or not. */
function body(headers: Readonly<Record<string, string>> = {}) {
  const { passage, take } = open();
  const socket = { bytesRead: 0 };
  return { passage: Object.assign(passage, { request: { headers, socket } }), socket, end: take };
}

/** A request whose client takes its answer when the test says so. */
function open() {
  const atEnd: (() => void)[] = [];
  const passage = { isOver: false, atEnd: (callback: () => void) => void atEnd.push(callback) } as unknown as Passage;
  return { passage, take: () => atEnd.forEach((callback) => callback()) };
}

it('answers of one tenant that nobody reads are bounded, and leave others theirs', () => {
  const held = createHeldBytes(systemClock, createMetrics('test'));
  const requests = Array.from({ length: 19 }, open);
  for (const { passage } of requests) held.answer('a', 10 * MIB, passage);
  const refused = {
    code: 'RATE_LIMITED',
    message: expect.stringMatching(/^answers of 190 MiB of this tenant have not/),
  };
  expect(() => held.answer('a', 10 * MIB, open().passage)).toThrow(expect.objectContaining(refused));
  // Small ones go on, so that the client hears what is wrong.
  held.answer('a', 1_000, open().passage);
  held.answer('b', 10 * MIB, open().passage);
  for (const { take } of requests.slice(0, 2)) take();
  held.answer('a', 10 * MIB, open().passage);
  for (let nth = 0; nth < 30; nth++) held.answer(`tenant ${nth}`, 10 * MIB, open().passage);
  expect(() => held.answer('c', 10 * MIB, open().passage)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
});

it.each(['tenant', 'stranger'] as const)('a %s who comes last finds room, however many take all they can', (whose) => {
  const held = createHeldBytes(systemClock, createMetrics('test'));
  const isTaken = (one: () => void): boolean => {
    try {
      one();
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^(RATE_LIMITED|UNAVAILABLE)$/) });
      return false;
    }
  };
  const chunked = () => body({ 'transfer-encoding': 'chunked' }).passage;
  const taken: number[] = [];
  for (let nth = 0; nth < 10; nth++) {
    let bodies = 0;
    while (isTaken(() => void held.take(whose, `${nth}`, MIB / 4, chunked()))) bodies++;
    taken.push(bodies / 4);
    while (isTaken(() => held.answer(`${nth}`, MIB, open().passage)));
  }
  expect(taken.slice(0, 3)).toEqual(whose === 'tenant' ? [32, 24, 18] : [8, 6, 4.5]);
  void held.take(whose, 'last', 4_096, chunked());
  void held.take(whose, 'last', MIB / 4, chunked());
  held.answer('last', MIB, open().passage);
});

it('large bodies of a tenant are read at 16 MiB a second, after 4 at once, and small ones and others’ at once', async () => {
  const clock = createManualClock();
  const held = createHeldBytes(clock, createMetrics('test'));
  const take = (whose: string, bytes: number, one = body()) => held.take('tenant', whose, bytes, one.passage);
  for (let nth = 0; nth < 4; nth++) expect(take('a', MIB)).toBeUndefined();
  const read: number[] = [];
  for (let nth = 0; nth < 16; nth++) void take('a', MIB)!.then(() => read.push(clock.monotonic()));
  expect(take('a', 4_000)).toBeUndefined();
  expect(take('b', MIB)).toBeUndefined();
  for (let ms = 0; ms < 1_000; ms += 50) await clock.advance(50);
  expect(read).toHaveLength(16);
  expect(read[7]).toBeGreaterThan(400);
});

it('a body that does not say how large it is counts by what came, however it ended', async () => {
  const clock = createManualClock();
  const held = createHeldBytes(clock, createMetrics('test'));
  const take = (one: ReturnType<typeof body>) => held.take('tenant', 'a', 4 * MIB, one.passage);
  const chunked = () => body({ 'transfer-encoding': 'chunked' });
  for (let nth = 0; nth < 20; nth++) {
    const small = chunked();
    expect(take(small)).toBeUndefined();
    small.socket.bytesRead = 500;
    small.end();
  }
  const large = [chunked(), chunked()];
  for (const one of large) expect(take(one)).toBeUndefined();
  for (const one of large) {
    one.socket.bytesRead = 3 * MIB;
    one.end();
  }
  const next = take(chunked());
  expect(next).toBeInstanceOf(Promise);
  await clock.advance(150);
  await next;
});

it('a body that would wait too long is refused, and one that its client left is not read', async () => {
  const clock = createManualClock();
  const held = createHeldBytes(clock, createMetrics('test'));
  const left: Promise<void>[] = [];
  const take = () => {
    const gone = body();
    const turn = held.take('tenant', 'a', 4 * MIB, gone.passage);
    gone.end();
    Object.assign(gone.passage, { isOver: true });
    if (turn) left.push(turn);
  };
  for (let nth = 0; nth < 42; nth++) take();
  expect(take).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', retryAfter: 1 }));
  const ends = Promise.allSettled(left);
  for (let ms = 0; ms < 11_000; ms += 500) await clock.advance(500);
  expect(new Set((await ends).map(({ status }) => status))).toEqual(new Set(['rejected']));
});
