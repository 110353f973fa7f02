import { checkOrder } from './fifo-checker.ts';
import { type History, type Indexed, indexHistory, type Message } from './history.ts';
import { type Accuse, type Fault, type FaultKind, heldUntil, SLACK_MS } from './judging.ts';

/**
 * Whether a history is one of a correct queue. Accuses only where no order of the calls' server-side moments explains what was seen.
 * `left` holds the ids of the messages that were in the queue at the end, when no call was under way.
 */
export function checkHistory(history: History, left: ReadonlySet<string>): Fault[] {
  const indexed = indexHistory(history);
  const faults: Fault[] = [];
  const accuse = (kind: FaultKind, text: string): void => void faults.push({ kind, text });
  const handles = new Set<string>();
  for (const { handle, messageId } of history.deliveries) {
    if (handles.has(handle)) accuse('handle given twice', `${handle}, the second time for ${messageId}`);
    handles.add(handle);
  }
  checkIdentity(history, indexed, accuse);
  for (const message of indexed.messages.values()) {
    checkFate(message, indexed, left, accuse);
    checkHolders(message, indexed, accuse);
  }
  checkOrder(indexed, accuse);
  return faults;
}

/** What arrived is what was sent, as one message. */
function checkIdentity(history: History, { sendingsOf, idsOf }: Indexed, accuse: Accuse): void {
  for (const [body, ids] of idsOf) {
    const shown = `${body.slice(0, 60)} (${[...ids].join(', ')})`;
    const sendings = sendingsOf.get(body);
    if (!sendings) accuse('invented', shown);
    else if (sendings.every((sending) => sending.outcome === 'refused')) accuse('refused but delivered', shown);
    if (ids.size > 1) accuse('sent twice', shown);
  }
  const idsOfDeduplication = new Map<string, Set<string>>();
  const bodyOf = new Map<string, string>();
  for (const { body, messageId } of history.deliveries) {
    const before = bodyOf.get(messageId) ?? body;
    if (before !== body) accuse('changed', `${messageId} from ${before.slice(0, 60)} to ${body.slice(0, 60)}`);
    bodyOf.set(messageId, body);
  }
  for (const { body, deduplicationId } of history.sendings) {
    if (deduplicationId === undefined) continue;
    const ids = idsOfDeduplication.get(deduplicationId) ?? new Set();
    for (const id of idsOf.get(body) ?? []) ids.add(id);
    idsOfDeduplication.set(deduplicationId, ids);
  }
  for (const [deduplicationId, ids] of idsOfDeduplication)
    if (ids.size > 1) accuse('sent twice', `deduplication id ${deduplicationId}: ${[...ids].join(', ')}`);
}

/** An acknowledged message is there until somebody may have deleted it, and not afterwards. */
function checkFate(message: Message, indexed: Indexed, left: ReadonlySet<string>, accuse: Accuse): void {
  const isAcknowledged = message.sendings.some(
    ({ outcome, messageId }) => outcome === 'done' && messageId === message.id,
  );
  const mayBeDeleted = message.deletions.some(({ outcome }) => outcome !== 'refused');
  const wasThere = isAcknowledged || message.deliveries.length > 0;
  if (wasThere && !mayBeDeleted && !left.has(message.id))
    accuse('lost', `${message.id} ${message.body.slice(0, 60)}, delivered ${message.deliveries.length} times`);
  const end = endOf(message, indexed);
  if (end === undefined) return;
  if (left.has(message.id)) accuse('kept after its deletion', `${message.id}, deleted at ${Math.round(end)}`);
  for (const { begun, handle } of message.deliveries)
    if (begun > end)
      accuse(
        'delivered after its deletion',
        `${message.id} by ${handle}, asked for ${Math.round(begun - end)} ms after the deletion was acknowledged`,
      );
}

/** When the message was certainly gone. */
function endOf(message: Message, indexed: Indexed): number | undefined {
  const ends = message.deletions.flatMap(({ handle, outcome, strict, begun, ended }) => {
    if (outcome !== 'done') return [];
    const delivery = message.deliveries.find((one) => one.handle === handle)!;
    // A stale handle is accepted by some doors, and deletes nothing.
    const isFresh = ended < heldUntil(delivery, { begun, ended }, indexed);
    return strict || isFresh ? [ended] : [];
  });
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** One holder at a time, and a count that says so. */
function checkHolders(message: Message, indexed: Indexed, accuse: Accuse): void {
  for (const [place, second] of message.deliveries.entries()) {
    const first = message.deliveries[place - 1];
    if (!first) continue;
    if (first.count === second.count) accuse('counted wrong', `${message.id} twice for the ${first.count}. time`);
    if (second.ended < first.begun)
      accuse('counted wrong', `${message.id} for the ${second.count}. time before the ${first.count}.`);
    const early = heldUntil(first, second, indexed) - second.ended;
    if (early > SLACK_MS)
      accuse('two holders', `${message.id} at least ${Math.round(early)} ms before its visibility ended`);
  }
}
