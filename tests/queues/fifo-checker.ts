import { byBegin, type Delivery, groupBy, type Indexed, type Message } from './history.ts';
import { type Accuse, heldUntil, SLACK_MS } from './judging.ts';

/** The order of a FIFO queue: of its numbers, and of the deliveries within each group. Says nothing of messages without a group. */
export function checkOrder(indexed: Indexed, accuse: Accuse): void {
  const messages = [...indexed.messages.values()].filter(
    ({ group, sequence }) => group !== undefined && sequence !== undefined,
  );
  checkNumbers(messages, accuse);
  checkBatches(messages, accuse);
  for (const [group, members] of groupBy(messages, (message) => message.group!)) {
    checkTurns(group, members, accuse);
    checkGroupHolders(group, members, indexed, accuse);
  }
}

/** What was acknowledged before another message was sent has the lower number. */
function checkNumbers(messages: readonly Message[], accuse: Accuse): void {
  const acknowledged = messages
    .flatMap((message) => {
      const done = message.sendings.filter(({ outcome }) => outcome === 'done').map(({ ended }) => ended);
      return done.length === 0 ? [] : [{ message, at: Math.min(...done) }];
    })
    .sort((a, b) => a.at - b.at);
  const sent = messages
    .filter(({ sendings }) => sendings.length > 0)
    .map((message) => ({ message, at: Math.min(...message.sendings.map(({ begun }) => begun)) }))
    .sort((a, b) => a.at - b.at);
  let place = 0;
  let highest: Message | undefined;
  for (const { message, at } of sent) {
    for (; place < acknowledged.length && acknowledged[place]!.at < at; place++) {
      const next = acknowledged[place]!.message;
      if (highest === undefined || next.sequence! > highest.sequence!) highest = next;
    }
    if (highest !== undefined && highest.sequence! > message.sequence!)
      accuse(
        'numbered out of order',
        `${message.id} (${message.sequence}) was sent after ${highest.id} (${highest.sequence})`,
      );
  }
}

/** Entries of one group in one batch have their numbers in the batch's order. Those of a batch that was sent again may have come earlier. */
function checkBatches(messages: readonly Message[], accuse: Accuse): void {
  const sent = messages.flatMap((message) =>
    message.sendings.length === 1 ? [{ message, ...message.sendings[0]! }] : [],
  );
  for (const batch of groupBy(sent, ({ begun, group }) => `${begun} ${group}`).values()) {
    batch.sort((a, b) => a.place - b.place);
    for (const [index, second] of batch.entries()) {
      const first = batch[index - 1];
      if (first && first.message.sequence! > second.message.sequence!)
        accuse('numbered out of order', `${second.message.id} follows ${first.message.id} in one batch`);
    }
  }
}

/** Nothing is delivered while a message before it is there, unless that one came by the same call, before it. */
function checkTurns(group: string, members: readonly Message[], accuse: Accuse): void {
  const inTurn = [...members].sort((a, b) => (a.sequence! < b.sequence! ? -1 : 1));
  // The first moment at which the message may have been deleted.
  const gone = inTurn.map(({ deletions }) =>
    Math.min(...deletions.filter(({ outcome }) => outcome !== 'refused').map(({ begun }) => begun)),
  );
  let last = Number.NEGATIVE_INFINITY;
  for (const [place, message] of inTurn.entries()) {
    for (const delivery of message.deliveries) {
      if (last <= delivery.ended) continue;
      const passed = inTurn
        .slice(0, place)
        .find(
          (earlier, index) =>
            gone[index]! > delivery.ended &&
            !earlier.deliveries.some(({ call, place: before }) => call === delivery.call && before < delivery.place),
        );
      if (passed)
        accuse(
          'overtaken',
          `group ${group}: ${message.id} (${message.sequence}) came while ${passed.id} (${passed.sequence}) was there`,
        );
    }
    last = Math.max(last, gone[place]!);
  }
}

/** While a message is held, no other call gets one of its group. */
function checkGroupHolders(group: string, members: readonly Message[], indexed: Indexed, accuse: Accuse): void {
  const deliveries = members
    .flatMap((message) => message.deliveries.map((delivery) => ({ message, delivery })))
    .sort((a, b) => byBegin(a.delivery, b.delivery));
  const longest = Math.max(
    0,
    ...deliveries.map(({ delivery }) => delivery.visibilityMs),
    ...[...indexed.changesOf.values()].flat().map((change) => change.visibilityMs),
  );
  /** Whether `first` may have been let go before `second` was taken. */
  const fits = (first: (typeof deliveries)[number], second: Delivery): boolean => {
    if (first.delivery.begun > second.ended) return false;
    const deleted = first.message.deletions.filter(({ outcome }) => outcome !== 'refused').map(({ begun }) => begun);
    return Math.min(heldUntil(first.delivery, second, indexed), ...deleted) <= second.ended + SLACK_MS;
  };
  for (const [place, second] of deliveries.entries()) {
    for (let index = place - 1; index >= 0; index--) {
      const first = deliveries[index]!;
      if (first.message === second.message || first.delivery.call === second.delivery.call) continue;
      // Calls of long polls begin long before they are answered; every visibility counts from a call's begin at the earliest.
      if (first.delivery.begun + 2 * longest + LONGEST_CALL_MS < second.delivery.begun) break;
      if (!fits(first, second.delivery) && !fits(second, first.delivery))
        accuse('group with two holders', `group ${group}: ${first.message.id} and ${second.message.id}`);
    }
  }
}

const LONGEST_CALL_MS = 30_000;
