import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { followEvents } from '@thecloud/sdk';
import { useEffect } from 'react';
import { CloudApiError, onApiState, transport } from './client.ts';
import { refresh } from './queries.ts';
import { operationOf, services } from './registry.ts';

/** An event as the stream gives it. */
export interface LiveEvent {
  readonly id: string;
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly actor?: string;
  readonly changes?: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly created_at: string;
}

/** Milliseconds within which several events of a service cause one look. */
const GATHER_MS = 150;
/** Milliseconds between looks where nobody may follow events. */
const POLL_MS = 10_000;

/** Resources whose changes may change what the user may do. */
const AUTHORITY = new Set(['member', 'role', 'tenant']);

type Listener = (event: LiveEvent) => void;
const listeners = new Set<Listener>();

/** Calls back with each event of the tenant that the page is in. */
export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Keeps all that is shown of this tenant up to date: one stream of events for the whole page. Without the permission it polls. `session` counts
 * the logins of this page: a stream ends with its session.
 */
export function useLive(tenantId: string | undefined, mayFollow: boolean, session: number): void {
  const client = useQueryClient();
  // A call that is refused says that the page shows more than the user may do.
  useEffect(
    () =>
      onApiState((state) => {
        if (state === 'forbidden') refreshAuthority(client);
      }),
    [client],
  );
  useEffect(() => {
    if (tenantId === undefined) return;
    const leaving = new AbortController();
    const gather = gatherer(client);
    if (mayFollow) void follow(client, tenantId, gather.add, leaving.signal);
    else gather.poll();
    return () => {
      leaving.abort(new Error('the page has left the tenant'));
      gather.stop();
    };
  }, [client, tenantId, mayFollow, session]);
}

/** Reads who the user is, what they may do, and where: buttons come and go with it. */
function refreshAuthority(client: QueryClient): void {
  refresh(client, 'auth');
  refresh(client, 'tenants');
}

async function follow(
  client: QueryClient,
  tenantId: string,
  add: (event: LiveEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  let broken = false;
  while (!signal.aborted) {
    try {
      const events = followEvents<LiveEvent>(
        transport,
        operationOf('events.stream'),
        {},
        {
          signal,
          tenantId,
          onFailure: () => (broken = true),
        },
      );
      for await (const { data } of events) {
        // Resumed by the last id: nothing is missed. What happened without an event in between is read once.
        if (broken) void client.invalidateQueries();
        broken = false;
        add(data);
      }
    } catch (error) {
      if (signal.aborted) return;
      // Refused for good: logged out, or no permission any more. What is read now says which. A position that is too old: begin from now.
      refreshAuthority(client);
      if (error instanceof CloudApiError && error.status !== 410 && error.status !== 400) return;
      void client.invalidateQueries();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** Gathers events for a moment, then reads once what they touch. */
function gatherer(client: QueryClient) {
  const touched = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let poll: ReturnType<typeof setInterval> | undefined;
  const flush = () => {
    timer = undefined;
    for (const service of touched) refresh(client, service);
    touched.clear();
    refresh(client, 'events');
  };
  return {
    add(event: LiveEvent) {
      for (const listener of listeners) listener(event);
      for (const service of services) if (service.resource === event.resource_type) touched.add(service.name);
      if (AUTHORITY.has(event.resource_type)) touched.add('auth').add('tenants');
      touched.add('quotas');
      timer ??= setTimeout(flush, GATHER_MS);
    },
    poll() {
      poll = setInterval(() => void client.invalidateQueries(), POLL_MS);
    },
    stop() {
      clearTimeout(timer);
      clearInterval(poll);
    },
  };
}
