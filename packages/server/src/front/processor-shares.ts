import { performance } from 'node:perf_hooks';
import type { Clock } from '../kernel/clock.ts';
import { rateLimited, requestTimedOut } from '../kernel/errors.ts';
import type { Metrics } from '../kernel/metrics.ts';

/**
 * Of the event loop, for all together who ask for more than others leave them. Half of it is idle then, in which those who ask for little are answered
 * at once. Who is alone has all of it.
 */
const BUSY_SHARE = 1 / 2;
/** Milliseconds of the event loop that may be used at once, before anybody has to wait. */
const BURST_MS = 200;
/** What is owed at most; by who has the event loop alone no more than for its last moment, since nobody was held up. */
const DEBT_MS = 200;
const DEBT_ALONE_MS = 20;
/** Others are there for as long after their last request. */
const PRESENT_MS = 10_000;
/** How often what was used is divided up, and how often it is looked who may go on. */
const TICK_MS = 50;
const TURN_MS = 2;
/** What a request takes, in milliseconds, before anything was measured; most of it is in Node and in Fastify. */
const USUAL_MS = 0.2;
/**
 * Milliseconds that it takes to read 1 MiB of a body: it comes in sixteen parts between the work of others, is put together, and what it leaves in
 * memory is collected. Four to six were measured.
 */
const READING_MS = 5;
/** Most requests of one account that wait, and how long they do. */
const MAX_WAITING = 800;
const MAX_WAIT_MS = 10_000;

/** Who pays for processor time: a tenant, or the address group of strangers. */
export interface Account {
  /**
   * Waits for the account's share of the event loop; undefined: it may go on at once. Throws RATE_LIMITED if too many wait. `isGone`: nobody waits for
   * the answer any more.
   */
  enter(isGone: () => boolean): Promise<void> | undefined;
  /** Counts milliseconds that a request of it kept the event loop busy. */
  spend(ms: number): void;
}

/** Milliseconds of the event loop that it took to read a body of so many bytes: they are spread over its turns, where nobody measures them. */
export const readingMs = (bytes: number): number => (bytes * READING_MS) / (1 << 20);

export interface ProcessorShares {
  of(name: string): Account;
  /** Requests that wait for their share. */
  waiting(): number;
}

interface Waiter {
  readonly until: number;
  readonly isGone: () => boolean;
  start(): void;
  refuse(error: Error): void;
}

interface State extends Account {
  /** Milliseconds that it may still use; what a request will take is taken when it begins. */
  left: number;
  /** Since the last tick: what was measured of its requests, how many there were, and what was taken for them. */
  measured: number;
  requests: number;
  taken: number;
  /** Milliseconds that one of its requests takes. */
  cost: number;
  seenAt: number;
  readonly queue: Waiter[];
}

/**
 * Divides the time of the event loop between those who call, at all doors together: what one tenant's calls take, their reading, checking and answering,
 * is time in which no other is answered. What the loop was busy is measured as a whole and divided by what was measured of each one's requests.
 */
export function createProcessorShares(
  clock: Clock,
  metrics: Pick<Metrics, 'gauge'>,
  /** Milliseconds that the event loop has been busy. By the clock, and not of the processor: it is as long that others wait. */
  busyMs: () => number = () => performance.eventLoopUtilization().active,
): ProcessorShares {
  const accounts = new Map<string, State>();
  let waiting = 0;
  let ticking = false;
  let turning = false;
  let busyBefore = 0;
  let refilledAt = 0;
  let wanting = 1;
  metrics.gauge('thecloud_processor_waiting', 'Requests that wait for their share of the processor', () => waiting);

  const isAlone = () => accounts.size <= 1;

  function open(name: string): State {
    const account: State = {
      left: BURST_MS,
      measured: 0,
      requests: 0,
      taken: 0,
      cost: USUAL_MS,
      seenAt: clock.monotonic(),
      queue: [],
      enter: (isGone) => enter(account, isGone),
      spend: (ms) => {
        account.measured += ms;
      },
    };
    accounts.set(name, account);
    if (!ticking) void tick();
    return account;
  }

  function begin(account: State): void {
    account.requests++;
    account.measured += USUAL_MS;
    account.left -= account.cost;
    account.taken += account.cost;
  }

  function enter(account: State, isGone: () => boolean): Promise<void> | undefined {
    account.seenAt = clock.monotonic();
    if (account.queue.length === 0 && (account.left > 0 || isAlone())) {
      begin(account);
      return undefined;
    }
    if (account.queue.length >= MAX_WAITING) throw tooMuch();
    return new Promise((start, refuse) => {
      account.queue.push({ until: account.seenAt + MAX_WAIT_MS, isGone, start, refuse });
      waiting++;
      if (!turning) void turn();
    });
  }

  function refill(): void {
    const now = clock.monotonic();
    const ms = ((now - refilledAt) * BUSY_SHARE) / wanting;
    refilledAt = now;
    for (const account of accounts.values()) account.left = Math.min(BURST_MS, account.left + ms);
  }

  /** Charges what the event loop was busy, for as long as anybody is there. */
  async function tick(): Promise<void> {
    ticking = true;
    busyBefore = busyMs();
    refilledAt = clock.monotonic();
    while (accounts.size > 0) {
      await clock.sleep(TICK_MS);
      const busy = busyMs() - busyBefore;
      busyBefore += busy;
      refill();
      let all = 0;
      for (const account of accounts.values()) all += account.measured;
      let spent = 0;
      for (const [name, account] of accounts) {
        if (account.measured > 0) {
          const used = (busy * account.measured) / all;
          account.left = Math.max(isAlone() ? -DEBT_ALONE_MS : -DEBT_MS, account.left + account.taken - used);
          account.cost += (used / Math.max(1, account.requests) - account.cost) / 4;
        }
        account.measured = account.requests = account.taken = 0;
        if (account.left <= 0 || account.queue.length > 0) spent++;
        if (account.queue.length === 0 && refilledAt - account.seenAt > PRESENT_MS) accounts.delete(name);
      }
      wanting = Math.max(1, spent);
    }
    ticking = false;
  }

  /** Lets those go on whose account has something left again, a few at a time. */
  async function turn(): Promise<void> {
    turning = true;
    while (waiting > 0) {
      await clock.sleep(TURN_MS);
      refill();
      for (const account of accounts.values()) serve(account);
    }
    turning = false;
  }

  function serve(account: State): void {
    while (account.queue.length > 0) {
      const [{ until, isGone, start, refuse }] = account.queue as [Waiter];
      const isLate = until <= refilledAt;
      if (!isLate && !isGone() && account.left <= 0 && !isAlone()) return;
      account.queue.shift();
      waiting--;
      if (isGone()) refuse(requestTimedOut('the client left'));
      else if (isLate) refuse(tooMuch());
      else {
        begin(account);
        start();
      }
    }
  }

  return { of: (name) => accounts.get(name) ?? open(name), waiting: () => waiting };
}

const tooMuch = () =>
  rateLimited('your requests take more processor time than your share while others are there; send fewer at a time', 1);
