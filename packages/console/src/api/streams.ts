import { type Event, type CallSpec, CloudApiError, followEvents, type Transport } from '@thecloud/sdk';

export type LiveEvent = Omit<Event, 'tenant_id' | 'sequence'>;

/** What somebody who follows events is told. */
export type StreamTold =
  | { readonly kind: 'event'; readonly event: LiveEvent }
  /** From here on nothing is missed: what was read before may be older. */
  | { readonly kind: 'live' }
  /** For good: logged out, no permission any more. 0: for a reason that nobody foresaw. */
  | { readonly kind: 'refused'; readonly status: number };

/** What is followed. Tabs with the same `key` share one stream: it names the user and the tenant. */
export interface Followed {
  readonly key: string;
  readonly tenantId: string;
  /** The operation `events.stream`. */
  readonly spec: CallSpec;
}

/** What a tab sends to the worker that holds the streams. `here` is repeated, so that the worker knows which tabs are left. */
export type TabSays = ({ readonly kind: 'here' } & Followed) | { readonly kind: 'bye' };

/** Milliseconds between two `here` of a tab; a browser may stretch them to a minute for a hidden one. */
export const HERE_MS = 30_000;
/** Milliseconds after which a position that is too old is given up for "from now". */
const AGAIN_MS = 2_000;

/** Follows until `signal` aborts or the API refuses. Connections that break are resumed behind the last event. */
export async function runStream(
  transport: Transport,
  { tenantId, spec }: Followed,
  signal: AbortSignal,
  tell: (told: StreamTold) => void,
): Promise<void> {
  /** Whether what is read from now on may have changed unseen. */
  let isBehind = true;
  const watched: Transport = {
    ...transport,
    async *stream(...given) {
      for await (const chunk of transport.stream(...given)) {
        if (isBehind) tell({ kind: 'live' });
        isBehind = false;
        yield chunk;
      }
    },
  };
  while (!signal.aborted) {
    try {
      const options = { signal, tenantId, onFailure: () => (isBehind = true) };
      for await (const { data } of followEvents<LiveEvent>(watched, spec, {}, options))
        tell({ kind: 'event', event: data });
    } catch (error) {
      if (signal.aborted) return;
      const isTooOld = error instanceof CloudApiError && (error.status === 410 || error.status === 400);
      if (!isTooOld) return tell({ kind: 'refused', status: error instanceof CloudApiError ? error.status : 0 });
      isBehind = true;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
