/** What clients of one queue did and saw, by one monotonic clock in milliseconds: each call's server-side moment lies between its two times. */
export interface History {
  readonly sendings: Sending[];
  readonly deliveries: Delivery[];
  readonly deletions: Deletion[];
  readonly changes: VisibilityChange[];
}

export interface Timed {
  readonly begun: number;
  readonly ended: number;
}

/** `refused`: certainly not done. `unknown`: the answer was lost, or does not say. */
export type Outcome = 'done' | 'refused' | 'unknown';

/** The body tells one message from another: a body is sent again only with the deduplication id that it had. */
export interface Sending extends Timed {
  readonly body: string;
  /** In its batch. Entries of one batch have the same times. */
  readonly place: number;
  readonly outcome: Outcome;
  readonly messageId?: string | undefined;
  readonly group?: string | undefined;
  readonly deduplicationId?: string | undefined;
  readonly sequence?: bigint | undefined;
}

export interface Delivery extends Timed {
  /** The receive call that brought it. */
  readonly call: number;
  /** In the call's answer. */
  readonly place: number;
  readonly messageId: string;
  readonly body: string;
  readonly handle: string;
  readonly visibilityMs: number;
  /** How many times it was received, this time included. */
  readonly count: number;
  readonly group?: string | undefined;
  readonly sequence?: bigint | undefined;
}

export interface Deletion extends Timed {
  readonly handle: string;
  readonly outcome: Outcome;
  /** Whether the door refuses a stale handle. If not, `done` means little after the message's visibility has passed. */
  readonly strict: boolean;
}

export interface VisibilityChange extends Timed {
  readonly handle: string;
  readonly outcome: Outcome;
  readonly visibilityMs: number;
}

export const createHistory = (): History => ({ sendings: [], deliveries: [], deletions: [], changes: [] });

/** A message of the history with all that is known of it. */
export interface Message {
  readonly id: string;
  readonly body: string;
  readonly group: string | undefined;
  readonly sequence: bigint | undefined;
  readonly sendings: readonly Sending[];
  /** In the order of their counts; `begun` is the earliest moment at which the message can have been taken. */
  readonly deliveries: readonly Delivery[];
  readonly deletions: readonly Deletion[];
}

/** History in the order in which questions are asked of it. */
export interface Indexed {
  readonly messages: ReadonlyMap<string, Message>;
  readonly sendingsOf: ReadonlyMap<string, readonly Sending[]>;
  readonly idsOf: ReadonlyMap<string, ReadonlySet<string>>;
  readonly changesOf: ReadonlyMap<string, readonly VisibilityChange[]>;
}

export function indexHistory(history: History): Indexed {
  const sendingsOf = groupBy(history.sendings, (sending) => sending.body);
  const deletionsOf = groupBy(history.deletions, (deletion) => deletion.handle);
  const deliveriesOf = groupBy(history.deliveries, (delivery) => delivery.messageId);
  const idsOf = new Map<string, Set<string>>();
  const bodies = new Map<string, string>();
  for (const { body, messageId } of [...history.sendings, ...history.deliveries]) {
    if (messageId === undefined) continue;
    bodies.set(messageId, bodies.get(messageId) ?? body);
    idsOf.set(body, (idsOf.get(body) ?? new Set()).add(messageId));
  }
  const messages = new Map<string, Message>();
  for (const [id, body] of bodies) {
    const sendings = sendingsOf.get(body) ?? [];
    const deliveries = narrow(deliveriesOf.get(id) ?? [], sendings);
    messages.set(id, {
      id,
      body,
      group: sendings[0]?.group ?? deliveries[0]?.group,
      sequence: sendings.find((one) => one.messageId === id)?.sequence ?? deliveries[0]?.sequence,
      sendings,
      deliveries,
      deletions: deliveries.flatMap((delivery) => deletionsOf.get(delivery.handle) ?? []),
    });
  }
  const changesOf = groupBy([...history.changes].sort(byBegin), (change) => change.handle);
  return { messages, sendingsOf, idsOf, changesOf };
}

/**
 * A long poll begins long before it is answered. A message is not taken before it is sent, nor before it is taken the time before, so that the
 * moment is known better. Gives the deliveries in the order of their counts.
 */
function narrow(deliveries: readonly Delivery[], sendings: readonly Sending[]): Delivery[] {
  let earliest = Math.min(...sendings.map(({ begun }) => begun));
  return [...deliveries]
    .sort((a, b) => a.count - b.count || byBegin(a, b))
    .map((delivery) => {
      earliest = Math.max(earliest, delivery.begun);
      return { ...delivery, begun: Math.min(earliest, delivery.ended) };
    });
}

export const byBegin = (a: Timed, b: Timed): number => a.begun - b.begun;

export function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
