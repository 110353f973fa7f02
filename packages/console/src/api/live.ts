import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { onApiState } from './client.ts';
import { follow } from './follow.ts';
import { createGatherer, refreshAuthority } from './gather.ts';
import { operationOf } from './registry.ts';
import { useMe } from './session.ts';
import type { LiveEvent } from './streams.ts';

export type { LiveEvent };

/** Milliseconds between looks where nobody may follow events, and before a stream that was refused is asked for once more. */
const POLL_MS = 10_000;

type Listener = (event: LiveEvent) => void;
const listeners = new Set<Listener>();

/** Calls back with each event of the tenant that the page is in. */
export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Keeps all that is shown of this tenant up to date: one stream of events for all tabs. Without the permission it polls. `session` counts
 * the logins of this page: a stream ends with its session.
 */
export function useLive(tenantId: string | undefined, mayFollow: boolean, session: number): void {
  const client = useQueryClient();
  const userId = useMe()?.id;
  /** Grows with each refusal: the stream is asked for once more after a while. */
  const [refusals, setRefusals] = useState(0);
  const [isFollowing, setIsFollowing] = useState(true);
  // A call that is refused says that the page shows more than the user may do.
  useEffect(
    () =>
      onApiState((state) => {
        if (state === 'forbidden') refreshAuthority(client);
      }),
    [client],
  );
  useEffect(() => {
    if (tenantId === undefined || userId === undefined || !mayFollow) return;
    const gather = createGatherer(client, tenantId);
    let again: ReturnType<typeof setTimeout> | undefined;
    const followed = { key: `${userId} ${tenantId}`, tenantId, spec: operationOf('events.stream') };
    const leave = follow(followed, (told) => {
      if (told.kind === 'event') {
        for (const listener of listeners) listener(told.event);
        gather.add(told.event);
      } else if (told.kind === 'live') {
        // What was read before the stream began may have changed in between.
        void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[2] === tenantId });
        refreshAuthority(client);
        setIsFollowing(true);
      } else {
        // Logged out, or no permission any more: what is read now says which.
        refreshAuthority(client);
        setIsFollowing(false);
        again = setTimeout(() => setRefusals((count) => count + 1), POLL_MS);
      }
    });
    return () => {
      clearTimeout(again);
      leave();
      gather.stop();
    };
  }, [client, tenantId, userId, mayFollow, session, refusals]);
  const polls = tenantId !== undefined && userId !== undefined && (!mayFollow || !isFollowing);
  useEffect(() => {
    if (!polls) return;
    const look = () => {
      if (document.visibilityState === 'visible') void client.invalidateQueries();
    };
    const timer = setInterval(look, POLL_MS);
    return () => clearInterval(timer);
  }, [client, polls]);
}
