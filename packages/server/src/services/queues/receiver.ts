import type { Clock } from '../../kernel/clock.ts';
import { notFound, rateLimited } from '../../kernel/errors.ts';
import { type MessageRow, newNonce } from './message.ts';
import { MOST_BYTES, type Receiver, type TakeRequest, type Taken, type Want } from './plane.ts';
import type { QueueRow } from './queue.ts';

/** Most calls that wait in a process, and of one tenant; each holds a request and little else. */
const MAX_WAITING = 10_000;
const MAX_WAITING_OF_TENANT = 2_500;
/** Most messages that one statement takes, and for one queue: more would make those who are dealt theirs last wait. */
const MAX_PLACES = 1_000;
const MAX_PLACES_OF_QUEUE = 500;
/** Statements at once: while they run the next one gathers. Half of the data plane's connections. */
const MAX_STATEMENTS = 4;
/** Most queues that one statement serves: each gives its first message, of 1 MiB perhaps, whatever else is given. */
const MAX_LINES_AT_ONCE = 64;
/** How exact times are kept, in milliseconds: visibility is promised to a tenth of a second. */
const TICK_MS = 25;
/**
 * After a look that found too little another one follows, so much later: a message that another process was about to take at that moment is
 * in flight by then, and its time known.
 */
const SETTLE_MS = 200;
/** The time of the next message is asked for no more often than that either, or as rarely as keeps these statements below a tenth of the time. */
const ASK_SHARE = 10;
/** For so long a call that waits needs no look of its own, if others wait already: what comes is announced to all. */
const SETTLED_MS = 1_000;
/** Statements that were not committed yet when a scan passed may be so much older than what it met. */
const FLOOR_SLACK_MS = 2_000;
/** A scan begins at the very start so often, or as rarely as keeps these scans below 2 % of the time. */
const FULL_SCAN_MS = 5_000;
const FULL_SCAN_SHARE = 50;
/** Queues of which a process remembers where scans begin. */
const MAX_LINES = 10_000;

interface Waiter extends Want {
  /** Counts those who came. */
  readonly number: number;
  /** On the monotonic clock. */
  until: number;
  /** A statement is under way for it. */
  taking: boolean;
  /** A statement has served it or found nothing for it, or the line knew that there was nothing. */
  looked: boolean;
  answered: boolean;
  readonly subjects: readonly string[];
  resolve(messages: readonly MessageRow[]): void;
  reject(error: unknown): void;
}

/** Those who wait at a queue, and what is known of it. Times are of the monotonic clock. */
interface Line {
  queue: QueueRow;
  /** In the order of arrival. */
  waiting: Waiter[];
  taking: boolean;
  mayHave: boolean;
  /** When the next message becomes visible, as far as is known. */
  nextAt: number;
  /** When another look settles what `nextAt` is. */
  settleAt: number;
  settledUntil: number;
  /** From when on a look asks for the time of the next message. */
  askAt: number;
  floor: Date | undefined;
  fullScanAt: number;
}

/** A statement's part for one line. */
interface Look {
  readonly request: TakeRequest;
  readonly calls: readonly Waiter[];
  /** Whether it is the one that follows a look which found too little. */
  readonly settles: boolean;
  /** The last call that had come when it began. */
  readonly upTo: number;
  readonly ms: number;
}

/**
 * Deals messages to the calls that wait for them. A call that waits holds no connection: it is a member of its queue's line, for which a
 * statement runs when there may be something. What concurrent calls of many queues want is taken by one statement.
 */
export function createReceiver(deps: {
  /** Takes of standard queues, each once. */
  takeStandard(requests: readonly TakeRequest[]): Promise<readonly Taken[]>;
  takeFifo(request: TakeRequest): Promise<Taken>;
  /** Makes messages visible again whose receiver has gone. */
  giveBack(queue: QueueRow, messages: readonly MessageRow[]): void;
  /** A queue got messages, from one whose dead-letter queue it is. */
  announce(queueId: string): void;
  readonly clock: Clock;
  /** Aborts when the process stops: those who wait are answered with nothing. */
  readonly stopping: AbortSignal;
}): Receiver {
  const { clock } = deps;
  const lines = new Map<string, Line>();
  const ready = new Set<Line>();
  let waiting = 0;
  /** By tenant. */
  const waitingOf = new Map<string, number>();
  let arrivals = 0;
  let statements = 0;
  let scheduled = false;
  let watching = false;

  function lineOf(queue: QueueRow): Line {
    let line = lines.get(queue.id);
    if (line) {
      line.queue = queue;
      return line;
    }
    line = {
      queue,
      waiting: [],
      taking: false,
      mayHave: false,
      nextAt: Infinity,
      settleAt: Infinity,
      settledUntil: 0,
      askAt: 0,
      floor: undefined,
      fullScanAt: 0,
    };
    lines.set(queue.id, line);
    if (lines.size > MAX_LINES) {
      for (const [id, one] of lines) {
        if (one.waiting.length > 0 || one.taking) continue;
        lines.delete(id);
        break;
      }
    }
    return line;
  }

  function look(line: Line): void {
    line.mayHave = true;
    if (line.waiting.length === 0 || line.taking) return;
    ready.add(line);
    if (scheduled) return;
    scheduled = true;
    // After the sockets of this turn were read, so that their calls go together.
    setImmediate(() => {
      scheduled = false;
      begin();
    });
  }

  function begin(): void {
    // Those of FIFO queues wait for their turn elsewhere, and hold up nobody here.
    for (const line of ready) {
      if (!line.queue.fifo) continue;
      ready.delete(line);
      if (line.waiting.length > 0) void run([line]);
    }
    while (statements < MAX_STATEMENTS) {
      const chosen = choose();
      if (chosen.length === 0) return;
      statements++;
      void run(chosen).finally(() => {
        statements--;
        begin();
      });
    }
  }

  /** Lines of standard queues: what one statement serves. */
  function choose(): readonly Line[] {
    const chosen: Line[] = [];
    let places = 0;
    for (const line of ready) {
      ready.delete(line);
      if (line.waiting.length === 0) continue;
      chosen.push(line);
      places += Math.min(
        MAX_PLACES_OF_QUEUE,
        line.waiting.reduce((sum, { max }) => sum + max, 0),
      );
      if (places >= MAX_PLACES || chosen.length >= MAX_LINES_AT_ONCE) break;
    }
    return chosen;
  }

  /** Never rejects: whatever happens is told to those who wait. */
  async function run(chosen: readonly Line[]): Promise<void> {
    const started = clock.monotonic();
    const upTo = arrivals;
    const settles = chosen.map(({ settleAt }) => settleAt <= started);
    const calls = chosen.map((line) => {
      line.mayHave = false;
      line.taking = true;
      return callsOf(line);
    });
    const requests = chosen.map(
      (line, index): TakeRequest => ({
        queue: line.queue,
        wants: calls[index]!,
        nonce: newNonce(line.queue.id),
        floor: started >= line.fullScanAt ? undefined : line.floor,
        wantsNext: settles[index]! || line.askAt <= started,
      }),
    );
    let outcome: readonly Taken[];
    try {
      outcome = chosen[0]!.queue.fifo ? [await deps.takeFifo(requests[0]!)] : await deps.takeStandard(requests);
    } catch (error) {
      chosen.forEach((line, index) => {
        line.taking = false;
        for (const waiter of calls[index]!) answer(line, waiter, () => waiter.reject(error));
        look(line);
      });
      return;
    }
    const ms = clock.monotonic() - started;
    chosen.forEach((line, index) => {
      line.taking = false;
      const done = { request: requests[index]!, calls: calls[index]!, settles: settles[index]!, upTo, ms };
      deal(line, done, outcome[index]!);
      if (line.mayHave) look(line);
    });
  }

  /** Those whom the next statement serves. */
  function callsOf(line: Line): readonly Waiter[] {
    // What a FIFO queue gives is not cut by size: its messages are taken for as large as they may be.
    const { fifo, max_message_size: size } = line.queue;
    const most = fifo
      ? Math.min(MAX_PLACES_OF_QUEUE, Math.max(10, Math.floor(MOST_BYTES / size)))
      : MAX_PLACES_OF_QUEUE;
    let places = 0;
    const calls: Waiter[] = [];
    for (const waiter of line.waiting) {
      if (places + waiter.max > most) break;
      places += waiter.max;
      waiter.taking = true;
      calls.push(waiter);
    }
    return calls;
  }

  function deal(line: Line, { request, calls, settles, upTo, ms }: Look, taken: Taken): void {
    const now = clock.monotonic();
    let isFull = true;
    calls.forEach((waiter, place) => {
      waiter.taking = false;
      const messages = taken.messages[place] ?? [];
      if (messages.length < waiter.max) isFull = false;
      if (messages.length > 0) line.nextAt = Math.min(line.nextAt, now + waiter.visibilitySeconds * 1000);
      if (waiter.answered) {
        if (messages.length > 0) deps.giveBack(line.queue, messages);
      } else if (!taken.exists) {
        answer(line, waiter, () => waiter.reject(notFound('queue', line.queue.name)));
      } else if (messages.length > 0 || (waiter.until <= now && !taken.isCut)) {
        answer(line, waiter, () => waiter.resolve(messages));
      } else if (!taken.isCut) waiter.looked = true;
    });
    for (const id of taken.filled) deps.announce(id);
    if (!taken.exists) {
      line.mayHave = true;
      return;
    }
    if (request.floor === undefined) line.fullScanAt = now + Math.max(FULL_SCAN_MS, ms * FULL_SCAN_SHARE);
    line.floor = new Date((taken.first ?? taken.at).getTime() - FLOOR_SLACK_MS);
    if (request.wantsNext) {
      line.askAt = now + Math.max(SETTLE_MS, ms * ASK_SHARE);
      // Both times are cut to milliseconds.
      if (taken.next) line.nextAt = Math.min(line.nextAt, now + 1 + taken.next.getTime() - taken.at.getTime());
    }
    if (isFull || taken.isCut || taken.settled > 0) {
      line.mayHave = true;
      return;
    }
    // More may wait than one statement serves: there is nothing for them either.
    for (const waiter of line.waiting.slice()) {
      if (waiter.number > upTo) continue;
      waiter.looked = true;
      if (waiter.until <= now) answer(line, waiter, () => waiter.resolve([]));
    }
    if (!settles) {
      line.settleAt = now + SETTLE_MS;
      return;
    }
    // What was put back before the floor, or committed very late, is found by the last look before it is quiet.
    line.settleAt = request.floor === undefined ? Infinity : line.fullScanAt;
    line.settledUntil = now + SETTLED_MS;
  }

  function count(tenantId: string, by: 1 | -1): void {
    waiting += by;
    const sum = (waitingOf.get(tenantId) ?? 0) + by;
    if (sum > 0) waitingOf.set(tenantId, sum);
    else waitingOf.delete(tenantId);
  }

  function answer(line: Line, waiter: Waiter, tell: () => void): void {
    waiter.taking = false;
    if (waiter.answered) return;
    waiter.answered = true;
    count(line.queue.tenant_id, -1);
    const place = line.waiting.indexOf(waiter);
    if (place >= 0) line.waiting.splice(place, 1);
    tell();
  }

  /** Ends what has waited long enough and wakes what is due, for as long as anybody waits. One timer for all. */
  async function watch(): Promise<void> {
    watching = true;
    while (waiting > 0) {
      await clock.sleep(TICK_MS);
      const now = clock.monotonic();
      for (const line of lines.values()) {
        if (line.waiting.length === 0) continue;
        for (const waiter of line.waiting.slice())
          if (waiter.until <= now && waiter.looked && !waiter.taking) answer(line, waiter, () => waiter.resolve([]));
        if (line.nextAt <= now) {
          line.nextAt = Infinity;
          line.askAt = 0;
          look(line);
        } else if (line.settleAt <= now && !line.taking) look(line);
      }
    }
    watching = false;
  }

  function wake(queueId?: string, from?: Date): void {
    if (queueId === undefined) {
      for (const line of lines.values()) {
        if (line.queue.fifo) line.floor = undefined;
        look(line);
      }
      return;
    }
    const line = lines.get(queueId);
    if (!line) return;
    if (line.queue.fifo && from && line.floor && from < line.floor) line.floor = from;
    look(line);
  }

  /** What a statement takes for them at this moment is given back. */
  function end(subject?: string): void {
    for (const line of lines.values())
      for (const waiter of line.waiting.slice())
        if (subject === undefined || waiter.subjects.includes(subject)) answer(line, waiter, () => waiter.resolve([]));
  }

  deps.stopping.addEventListener('abort', () => end());

  return {
    receive: (queue, { max, visibilitySeconds, waitSeconds, attemptId, signal, subjects = [] }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return resolve([]);
        const ofTenant = waitingOf.get(queue.tenant_id) ?? 0;
        if (ofTenant >= MAX_WAITING_OF_TENANT)
          return reject(rateLimited(`${ofTenant} calls of this tenant wait for messages; send fewer at a time`, 1));
        // A call that does not wait is over in a moment: it is let in.
        if (waitSeconds > 0 && waiting >= MAX_WAITING)
          return reject(rateLimited(`${waiting} calls wait for messages; try again`, 1));
        const line = lineOf(queue);
        const now = clock.monotonic();
        const isKnown = line.waiting.length > 0 && !line.mayHave && !line.taking && now < line.settledUntil;
        const waits = waitSeconds > 0 && !deps.stopping.aborted;
        const onAbort = () => answer(line, waiter, () => waiter.resolve([]));
        const end =
          <T>(tell: (value: T) => void) =>
          (value: T) => {
            signal?.removeEventListener('abort', onAbort);
            tell(value);
          };
        const waiter: Waiter = {
          number: ++arrivals,
          max,
          visibilitySeconds,
          attemptId,
          until: waits ? now + waitSeconds * 1000 : 0,
          taking: false,
          looked: waits && isKnown,
          answered: false,
          subjects,
          resolve: end(resolve),
          reject: end(reject),
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        line.waiting.push(waiter);
        count(queue.tenant_id, 1);
        if (waits && !watching) void watch();
        if (!(waits && isKnown)) look(line);
      }),
    wake,
    wakeIn(queueId, ms) {
      const line = lines.get(queueId);
      if (line) line.nextAt = Math.min(line.nextAt, clock.monotonic() + ms);
    },
    end,
    waiting: () => waiting,
  };
}
