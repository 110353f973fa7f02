import { expect, test } from 'vitest';
import { checkHistory } from './checker.ts';
import { createHistory, type Delivery, type History, type Sending } from './history.ts';

/** A history is written call by call: each takes 10 ms, unless it says otherwise. */
function tell(write: (say: ReturnType<typeof teller>) => void, left: readonly string[] = []) {
  const say = teller();
  write(say);
  return checkHistory(say.history, new Set(left)).map(({ kind }) => kind);
}

function teller() {
  const history: History = createHistory();
  let calls = 1_000;
  return {
    history,
    send(at: number, body: string, more: Partial<Sending> = {}) {
      history.sendings.push({
        begun: at,
        ended: at + 10,
        body,
        place: 0,
        outcome: 'done',
        messageId: `id-${body}`,
        ...more,
      });
    },
    receive(at: number, body: string, handle: string, more: Partial<Delivery> = {}) {
      const call = more.call ?? ++calls;
      const known = history.sendings.find((one) => one.body === body);
      const { group, sequence } = known ?? {};
      const count = history.deliveries.filter((one) => one.body === body).length + 1;
      const messageId = `id-${body}`;
      const one = {
        begun: at,
        ended: at + 10,
        call,
        place: 0,
        messageId,
        body,
        handle,
        visibilityMs: 1_000,
        count,
        group,
        sequence,
      };
      history.deliveries.push({ ...one, ...more });
    },
    delete(at: number, handle: string, more: Partial<History['deletions'][number]> = {}) {
      history.deletions.push({ begun: at, ended: at + 10, handle, outcome: 'done', strict: true, ...more });
    },
    hide(at: number, handle: string, visibilityMs: number, more: Partial<History['changes'][number]> = {}) {
      history.changes.push({ begun: at, ended: at + 10, handle, visibilityMs, outcome: 'done', ...more });
    },
  };
}

/** Of one group, with its number. */
const inGroup = (sequence: number, more: Partial<Sending> = {}): Partial<Sending> => ({
  group: 'g',
  sequence: BigInt(sequence),
  ...more,
});

test('nothing is said of a queue that works', () => {
  expect(
    tell(
      (say) => {
        say.send(0, 'a');
        say.send(0, 'b');
        say.send(0, 'c', { outcome: 'unknown', messageId: undefined });
        say.send(0, 'd', { outcome: 'refused', messageId: undefined });
        say.receive(100, 'a', 'a1');
        say.receive(1_100, 'a', 'a2');
        say.delete(1_200, 'a2');
        say.receive(100, 'b', 'b1');
        say.hide(200, 'b1', 0);
        say.receive(300, 'b', 'b2');
        say.receive(300, 'c', 'c1');
        say.delete(350, 'c1', { outcome: 'unknown' });
        say.receive(1_400, 'c', 'c2');
        say.delete(1_450, 'c2');
      },
      ['id-b'],
    ),
  ).toEqual([]);
});

test('nothing is said of a group in order', () => {
  expect(
    tell((say) => {
      for (const [place, body] of ['a', 'b', 'c'].entries())
        say.send(place * 20, body, inGroup(place + 1, { deduplicationId: body }));
      // Sent again under the same id: the same message.
      say.send(70, 'a', inGroup(1, { deduplicationId: 'a' }));
      say.receive(100, 'a', 'a1', { call: 1 });
      say.receive(100, 'b', 'b1', { call: 1, place: 1 });
      say.delete(200, 'a1');
      say.delete(200, 'b1');
      say.receive(220, 'c', 'c1');
      // Its deletion was lost, and it came again.
      say.delete(230, 'c1', { outcome: 'unknown' });
      say.receive(1_300, 'c', 'c2');
      say.delete(1_400, 'c2');
    }),
  ).toEqual([]);
});

test.each<[string, string[], (say: ReturnType<typeof teller>) => void, string[]?]>([
  ['an acknowledged message that is nowhere', ['lost'], (say) => say.send(0, 'a')],
  [
    'one that was delivered, not deleted, and is gone',
    ['lost'],
    (say) => {
      say.send(0, 'a', { outcome: 'unknown', messageId: undefined });
      say.receive(100, 'a', 'a1');
      say.delete(200, 'a1', { outcome: 'refused' });
    },
  ],
  [
    'one that nobody sent',
    ['invented'],
    (say) => {
      say.receive(0, 'a', 'a1');
      say.delete(100, 'a1');
    },
  ],
  [
    'one that was refused',
    ['refused but delivered'],
    (say) => {
      say.send(0, 'a', { outcome: 'refused', messageId: undefined });
      say.receive(100, 'a', 'a1');
      say.delete(200, 'a1');
    },
  ],
  [
    'another body than the one that was sent',
    ['invented', 'changed'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1');
      say.receive(1_500, 'b', 'a2', { messageId: 'id-a', count: 2 });
      say.delete(1_600, 'a2');
    },
  ],
  [
    'one sending that became two messages',
    ['sent twice'],
    (say) => {
      say.send(0, 'a', { outcome: 'unknown', messageId: undefined });
      for (const id of ['one', 'two']) {
        say.receive(100, 'a', id, { messageId: id, count: 1 });
        say.delete(200, id);
      }
    },
  ],
  [
    'two messages of one deduplication id',
    ['sent twice'],
    (say) => {
      say.send(0, 'a', inGroup(1, { deduplicationId: 'x' }));
      say.send(100, 'b', inGroup(2, { deduplicationId: 'x' }));
      say.receive(200, 'a', 'a1', { call: 1 });
      say.receive(200, 'b', 'b1', { call: 1, place: 1 });
      say.delete(300, 'a1');
      say.delete(300, 'b1');
    },
  ],
  [
    'one that comes after its deletion was acknowledged',
    ['delivered after its deletion'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1');
      say.delete(1_200, 'a1');
      say.receive(1_300, 'a', 'a2');
    },
  ],
  [
    'the same at a door that accepts stale handles, while the handle was fresh',
    ['delivered after its deletion'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1');
      say.delete(200, 'a1', { strict: false });
      say.receive(1_300, 'a', 'a2');
    },
  ],
  [
    'one that is there after its deletion',
    ['kept after its deletion'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1');
      say.delete(200, 'a1');
    },
    ['id-a'],
  ],
  [
    'two holders, with the visibility of the receive',
    ['two holders'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1');
      say.receive(800, 'a', 'a2');
      say.delete(900, 'a2');
    },
  ],
  [
    'two holders at once by calls that overlap',
    ['two holders'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1', { ended: 300 });
      say.receive(90, 'a', 'a2', { ended: 310 });
      say.delete(900, 'a2');
    },
  ],
  [
    'two holders by a long poll that began before the message was sent',
    ['two holders'],
    (say) => {
      say.send(5_000, 'a');
      say.receive(0, 'a', 'a1', { ended: 5_020 });
      say.receive(5_800, 'a', 'a2');
      say.delete(5_900, 'a2');
    },
  ],
  [
    'two holders after the visibility was made longer',
    ['two holders'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1');
      say.hide(200, 'a1', 5_000);
      say.receive(2_000, 'a', 'a2');
      say.delete(2_100, 'a2');
    },
  ],
  [
    'two receives that counted the same',
    ['counted wrong'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1', { count: 1 });
      say.receive(2_000, 'a', 'a2', { count: 1 });
      say.delete(2_100, 'a2');
    },
  ],
  [
    'a count that went back',
    ['counted wrong', 'two holders'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1', { count: 2 });
      say.receive(2_000, 'a', 'a2', { count: 1 });
      say.delete(2_100, 'a2');
    },
  ],
  [
    'a handle that was given twice',
    ['handle given twice'],
    (say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1');
      say.receive(2_000, 'a', 'a1');
      say.delete(2_100, 'a1');
    },
  ],
  [
    'a later message of a group before an earlier one',
    ['overtaken'],
    (say) => {
      say.send(0, 'a', inGroup(1));
      say.send(20, 'b', inGroup(2));
      say.receive(100, 'b', 'b1');
      say.delete(200, 'b1');
      say.receive(300, 'a', 'a1');
      say.delete(400, 'a1');
    },
  ],
  [
    'two messages of a group in the wrong order in one answer',
    ['overtaken'],
    (say) => {
      say.send(0, 'a', inGroup(1));
      say.send(20, 'b', inGroup(2));
      say.receive(100, 'a', 'a1', { call: 1, place: 1 });
      say.receive(100, 'b', 'b1', { call: 1, place: 0 });
      say.delete(200, 'a1');
      say.delete(200, 'b1');
    },
  ],
  [
    'a message of a group while an earlier one is held',
    ['overtaken', 'group with two holders'],
    (say) => {
      say.send(0, 'a', inGroup(1));
      say.send(20, 'b', inGroup(2));
      say.receive(100, 'a', 'a1');
      say.receive(200, 'b', 'b1');
      say.delete(300, 'a1');
      say.delete(300, 'b1');
    },
  ],
  [
    'a message of a group while a later one is held',
    ['group with two holders'],
    (say) => {
      say.send(0, 'a', inGroup(1));
      say.send(20, 'b', inGroup(2));
      say.receive(100, 'a', 'a1', { call: 1 });
      say.receive(100, 'b', 'b1', { call: 1, place: 1 });
      say.hide(200, 'a1', 0);
      say.receive(300, 'a', 'a2');
      say.delete(400, 'a2');
      say.delete(400, 'b1');
    },
  ],
  [
    'a number that is lower than that of an earlier message',
    ['numbered out of order'],
    (say) => {
      say.send(0, 'a', inGroup(2));
      say.send(20, 'b', inGroup(1));
    },
    ['id-a', 'id-b'],
  ],
  [
    'a batch that is numbered in another order',
    ['numbered out of order'],
    (say) => {
      say.send(0, 'a', inGroup(2));
      say.send(0, 'b', inGroup(1, { place: 1 }));
    },
    ['id-a', 'id-b'],
  ],
])('finds %s', (_, kinds, write, left = []) => {
  expect(tell(write, left)).toEqual(kinds);
});

test('does not accuse a message that comes again after its handle went stale, at a door that accepts stale handles', () => {
  expect(
    tell((say) => {
      say.send(0, 'a');
      say.receive(100, 'a', 'a1');
      say.receive(1_200, 'a', 'a2');
      say.delete(1_300, 'a1', { strict: false });
      say.receive(2_400, 'a', 'a3');
      say.delete(2_500, 'a3', { strict: false });
    }),
  ).toEqual([]);
});
