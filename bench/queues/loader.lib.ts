/** The process of the load: signs ahead what it can, and does nothing that a client must not. */
import { setTimeout as pause } from 'node:timers/promises';
import { median, quantile } from '../measure.ts';
import { type Dialect, dialectOf, type Door } from './dialects.lib.ts';
import type { Crowd, Latencies, Order, Outcome, Relay, Task } from './load.lib.ts';
import { Wire, type WireAnswer } from './wire.lib.ts';

/** Requests that are made before the clock starts, and sent in turn. */
const AHEAD = 50;
/** A client ends when its queue is empty: an answer without messages may come while others hold them. */
const EMPTY_ENDS = 5;
/** Seconds for which a receiver of `mixed` waits; short, since the load ends with it. */
const WAIT_SECONDS = 1;

function checked(answer: WireAnswer, what: string): WireAnswer {
  if (answer.status >= 300)
    throw new Error(`${what} answered ${answer.status}: ${answer.body.toString().slice(0, 400)}`);
  return answer;
}

const bodyOf = (bytes: number, nth: number): string => `${nth}`.padEnd(bytes, 'abcdefgh 01234567');

class Counts {
  messages = 0;
  sent = 0;
  empty = 0;
  last = 0;
  readonly times: number[] = [];
}

/** A client's pace: when its next request is due. */
function paceOf(crowd: Crowd, nth: number, begun: number): (() => Promise<number>) | undefined {
  if (crowd.perSecond === undefined) return undefined;
  const interval = (1000 * crowd.clients) / crowd.perSecond;
  let due = begun + (interval * nth) / crowd.clients;
  return async () => {
    const at = due;
    due += interval;
    const wait = at - performance.now();
    if (wait > 0) await pause(wait);
    return at;
  };
}

const signAhead = (dialect: Dialect, crowd: Crowd): Buffer[] =>
  Array.from({ length: AHEAD }, (_, variant) =>
    dialect.send(Array.from({ length: crowd.batch }, (_, entry) => bodyOf(crowd.bodyBytes, variant * 10 + entry))),
  );

interface Client {
  readonly crowd: Crowd;
  readonly counts: Counts;
  readonly nth: number;
  readonly dialect: Dialect;
  /** Sends that were signed ahead. */
  readonly ready: readonly Buffer[];
  readonly wire: Wire;
}

async function sendOn({ wire, ready, crowd, nth, counts }: Client, begun: number, until: number) {
  const pace = paceOf(crowd, nth, begun);
  for (let index = 0; performance.now() < until; index++) {
    const started = pace ? await pace() : performance.now();
    if (started >= until) break;
    checked(await wire.ask(ready[index % AHEAD]!), 'a send');
    counts.last = performance.now();
    counts.times.push(counts.last - started);
    counts.sent += crowd.batch;
  }
}

async function takeOn({ wire, dialect, crowd, counts }: Client, waitSeconds: number, until: number) {
  const receive = dialect.receive(crowd.batch, waitSeconds);
  let empties = 0;
  while (performance.now() < until && (waitSeconds > 0 || empties < EMPTY_ENDS)) {
    const started = performance.now();
    const taken = dialect.taken(checked(await wire.ask(receive), 'a receive').body);
    if (taken.length === 0) {
      counts.empty++;
      empties++;
      continue;
    }
    empties = 0;
    checked(await wire.ask(dialect.remove(taken.map(({ handle }) => handle))), 'a delete');
    counts.last = performance.now();
    counts.times.push(counts.last - started);
    counts.messages += taken.length;
  }
}

async function run({ crowds, seconds }: Order): Promise<Outcome[]> {
  const clients: Client[] = await Promise.all(
    crowds.flatMap((crowd) => {
      const counts = new Counts();
      const doors = crowd.doors.map((door) => {
        const dialect = dialectOf(door);
        return { origin: door.origin, dialect, ready: signAhead(dialect, crowd) };
      });
      return Array.from({ length: crowd.clients }, async (_, nth) => {
        const { origin, dialect, ready } = doors[nth % doors.length]!;
        return { crowd, counts, nth, dialect, ready, wire: await Wire.open(origin) };
      });
    }),
  );
  const begun = performance.now();
  const until = begun + seconds * 1000;
  await Promise.all(
    clients.map((client) => {
      const { does } = client.crowd;
      if (does === 'send' || (does === 'mixed' && client.nth % 2 === 0)) return sendOn(client, begun, until);
      return takeOn(client, does === 'take' ? 0 : does === 'mixed' ? WAIT_SECONDS : seconds, until);
    }),
  );
  for (const { wire } of clients) wire.close();
  return crowds.map((crowd) => {
    const counts = clients.find((client) => client.crowd === crowd)!.counts;
    const messages = crowd.does === 'send' ? counts.sent : counts.messages;
    return {
      messages,
      sent: counts.sent,
      empty: counts.empty,
      perSecond: messages === 0 ? 0 : (messages * 1000) / (counts.last - begun),
      p50: median(counts.times),
      p99: quantile(counts.times, 0.99),
    };
  });
}

/** One message at a time: it is sent when the receiver waits. */
async function relay({ from, to, messages, pauseMs }: Relay): Promise<Latencies> {
  const sender = dialectOf(from);
  const receiver = dialectOf(to);
  const sending = await Wire.open(from.origin);
  const receiving = await Wire.open(to.origin);
  const times: number[] = [];
  for (let nth = 0; nth < messages; nth++) {
    const send = sender.send([bodyOf(1024, nth)]);
    const waiting = receiving.ask(receiver.receive(1, 20));
    await pause(pauseMs);
    const started = performance.now();
    const sent = sending.ask(send);
    const [message] = receiver.taken(checked(await waiting, 'a receive').body);
    times.push(performance.now() - started);
    checked(await sent, 'a send');
    if (!message?.body.startsWith(`${nth}`))
      throw new Error(`message ${nth} did not come: ${message?.body.slice(0, 20)}`);
    checked(await receiving.ask(receiver.remove([message.handle])), 'a delete');
  }
  sending.close();
  receiving.close();
  return times;
}

async function fill(door: Door, messages: number): Promise<void> {
  const dialect = dialectOf(door);
  const entries = Array.from({ length: 10 }, (_, nth) => bodyOf(1024, nth));
  const request = dialect.send(entries);
  let left = messages;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      const wire = await Wire.open(door.origin);
      while (left > 0) {
        left -= entries.length;
        checked(await wire.ask(request), 'a send');
      }
      wire.close();
    }),
  );
}

async function answer(task: Task): Promise<unknown> {
  if ('load' in task) return run(task.load);
  if ('relay' in task) return relay(task.relay);
  return fill(task.fill, task.messages);
}

process.once('disconnect', () => process.exit());
process.on('message', (task: Task) => {
  answer(task).then(
    (result) => process.send?.({ result: result ?? null }),
    (error: Error) => process.send?.({ error: error.stack ?? String(error) }),
  );
});
process.send?.({ result: 'ready' });
