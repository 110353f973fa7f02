import { setTimeout as pause } from 'node:timers/promises';
import type { Door, Entry, Received } from './doors.ts';
import { createHistory, type History, type Outcome } from './history.ts';

export interface LoadOptions {
  /** Of one queue; each call takes one at random. */
  readonly doors: readonly Door[];
  readonly fifo: boolean;
  /** Gives an integer from 0 to below the limit. */
  readonly random: (below: number) => number;
  readonly producers: number;
  readonly consumers: number;
  /** Longest pause of a producer between two calls, in milliseconds. */
  readonly paceMs: number;
  /** Of every receive call; default 0 or 1 at random. */
  readonly waitSeconds?: number;
}

/** Producers and consumers of one queue, whose every call is recorded. */
export interface Load {
  readonly history: History;
  /** Acknowledged messages so far. */
  acknowledged(): number;
  /** Deletions acknowledged so far. */
  deleted(): number;
  /** Ends the producers. From now on the consumers delete all they get. */
  stopSending(): Promise<void>;
  stop(): Promise<void>;
}

const GROUPS = 12;
/** Sent and not yet deleted: beyond it the producers wait, so that the queue can be emptied at the end. */
const MOST_WAITING = 500;
/** A message of a FIFO queue is sent again, with its deduplication id, until an answer comes. */
const TRIES = 40;

export function startLoad(options: LoadOptions): Load {
  const { random, fifo } = options;
  const history = createHistory();
  const run = Math.floor(performance.timeOrigin).toString(36);
  let isSending = true;
  let isStopped = false;
  let sent = 0;
  let acknowledged = 0;
  let deleted = 0;
  let calls = 0;
  const anyDoor = () => options.doors[random(options.doors.length)]!;

  const timed = async <T>(work: () => Promise<T>) => {
    const begun = performance.now();
    const answer = await work();
    return { answer, begun, ended: performance.now() };
  };

  async function send(entries: readonly Entry[]): Promise<readonly Outcome[]> {
    const { answer, begun, ended } = await timed(() => anyDoor().send(entries));
    for (const [place, entry] of entries.entries()) {
      history.sendings.push({ begun, ended, place, ...entry, ...answer[place]! });
      if (answer[place]!.outcome === 'done') acknowledged++;
    }
    return answer.map(({ outcome }) => outcome);
  }

  async function produce(): Promise<void> {
    while (isSending) {
      if (acknowledged - deleted > MOST_WAITING) {
        await pause(20);
        continue;
      }
      let entries: Entry[] = Array.from({ length: random(3) === 0 ? 2 + random(9) : 1 }, () => {
        const body = `${run}-${sent++} ${'x'.repeat(random(300))}`;
        return fifo ? { body, group: `group-${random(GROUPS)}`, deduplicationId: body.split(' ')[0] } : { body };
      });
      for (let tries = 1; entries.length > 0; tries++) {
        const outcomes = await send(entries);
        entries = entries.filter((_, place) => outcomes[place] !== 'done');
        if (entries.length === 0 || !fifo || tries > TRIES) break;
        await pause(50 + random(100));
      }
      await pause(entries.length > 0 ? 20 + random(100) : random(options.paceMs));
    }
  }

  async function remove(handles: readonly string[]): Promise<void> {
    if (handles.length === 0) return;
    const door = anyDoor();
    const { answer, begun, ended } = await timed(() => door.remove(handles));
    for (const [place, handle] of handles.entries()) {
      history.deletions.push({ begun, ended, handle, outcome: answer[place]!, strict: door.strict });
      if (answer[place] === 'done') deleted++;
    }
  }

  async function hide(handle: string, seconds: number): Promise<void> {
    const { answer, begun, ended } = await timed(() => anyDoor().hide(handle, seconds));
    history.changes.push({ begun, ended, handle, visibilityMs: seconds * 1000, outcome: answer });
  }

  /** Most are deleted; some are kept too long, given back at once, or held longer first. */
  async function treat(received: readonly Received[]): Promise<void> {
    const done: string[] = [];
    for (const { handle } of received) {
      const chance = isSending ? random(100) : 100;
      if (chance < 5) continue;
      if (chance < 10) await hide(handle, 0);
      else {
        if (chance < 15) await hide(handle, 2);
        done.push(handle);
      }
    }
    if (random(20) === 0) await pause(random(500));
    if (random(2) === 0) await remove(done);
    else for (const handle of done) await remove([handle]);
  }

  async function consume(): Promise<void> {
    while (!isStopped) {
      const door = anyDoor();
      const waitSeconds = options.waitSeconds ?? random(2);
      const wish = { max: random(2) === 0 ? 1 : 10, waitSeconds, visibilitySeconds: 1 + random(2) };
      const call = ++calls;
      const { answer, begun, ended } = await timed(() => door.receive(wish));
      for (const [place, received] of (answer ?? []).entries())
        history.deliveries.push({
          begun,
          ended,
          call,
          place,
          visibilityMs: wish.visibilitySeconds * 1000,
          ...received,
        });
      if (answer && answer.length > 0) await treat(answer);
      else await pause(10 + random(40));
    }
  }

  const producing = Promise.all(Array.from({ length: options.producers }, produce));
  const consuming = Promise.all(Array.from({ length: options.consumers }, consume));
  // Each is awaited when the load is stopped.
  for (const one of [producing, consuming]) one.catch(() => undefined);
  return {
    history,
    acknowledged: () => acknowledged,
    deleted: () => deleted,
    async stopSending() {
      isSending = false;
      await producing;
    },
    async stop() {
      isSending = false;
      isStopped = true;
      await producing;
      await consuming;
    },
  };
}
