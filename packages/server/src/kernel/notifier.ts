import pg from 'pg';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** PostgreSQL's LISTEN on one connection. A hint, never the truth: who subscribes also polls. */
export interface Notifier {
  /**
   * Calls back with each payload of the channel, and with '' when listening begins or a lost connection has come back. The channel's name is a
   * service's own constant. Returns how to stop.
   */
  subscribe(channel: string, onPayload: (payload: string) => void): () => void;
  stop(): Promise<void>;
}

/** Milliseconds between two tries to connect again. */
const RECONNECT_MS = 500;

export function startNotifier(options: { connectionString: string; clock: Clock; log: Log }): Notifier {
  const subscribers = new Map<string, Set<(payload: string) => void>>();
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  let client: pg.Client | undefined;
  /** Set while the connection listens. */
  let listenTo: ((channel: string) => void) | undefined;

  const listen = async (): Promise<void> => {
    const fresh = new pg.Client({
      connectionString: options.connectionString,
      application_name: 'thecloud-listen',
      connectionTimeoutMillis: 5000,
    });
    const ended = new Promise<void>((resolve) => {
      fresh.on('error', () => resolve());
      fresh.on('end', () => resolve());
    });
    fresh.on('notification', (message) => {
      for (const callback of subscribers.get(message.channel) ?? []) callback(message.payload ?? '');
    });
    client = fresh;
    // connect() never settles if the client is ended during the call.
    await Promise.race([fresh.connect(), stopped]);
    if (stopping.signal.aborted) return;
    const begin = async (channels: readonly string[]) => {
      await fresh.query(channels.map((channel) => `listen ${channel}`).join('; '));
      for (const channel of channels) for (const callback of subscribers.get(channel) ?? []) callback('');
    };
    // What it fails with ends the connection, which the loop sees.
    listenTo = (channel) => void begin([channel]).catch(() => fresh.end().catch(() => undefined));
    try {
      if (subscribers.size > 0) await begin([...subscribers.keys()]);
      await ended;
    } finally {
      listenTo = undefined;
    }
  };

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await listen();
        if (!stopping.signal.aborted) options.log.warn('the listening connection ended; reconnecting');
      } catch (error) {
        if (!stopping.signal.aborted) options.log.warn({ err: error }, 'cannot listen to the database; trying again');
      }
      await options.clock.sleep(RECONNECT_MS, stopping.signal).catch(() => undefined);
    }
  })();

  return {
    subscribe(channel, onPayload) {
      if (!/^[a-z_]{1,60}$/.test(channel)) throw new Error(`'${channel}' cannot be the name of a channel`);
      let callbacks = subscribers.get(channel);
      if (!callbacks) {
        callbacks = new Set();
        subscribers.set(channel, callbacks);
        listenTo?.(channel);
      }
      const all = callbacks;
      all.add(onPayload);
      return () => all.delete(onPayload);
    },
    async stop() {
      stopping.abort(new Error('stopping'));
      await client?.end().catch(() => undefined);
      await loop;
    },
  };
}
