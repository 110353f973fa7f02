import type { FastifyRequest } from 'fastify';
import { refuseSuspended, requireSecondFactor } from '../../kernel/authorise.ts';
import { type Caller, isPermitted, type Origin } from '../../kernel/caller.ts';
import type { Clock } from '../../kernel/clock.ts';
import { CloudError, forbidden, unavailable } from '../../kernel/errors.ts';
import type { Execute } from '../../kernel/execute.ts';
import type { Entry, Registry } from '../../kernel/registry.ts';
import type { Authenticator } from '../../services/identity/index.ts';
import { addressOf, keyOf, tenantOf } from './authenticate.ts';
import { onClose } from '../passage.ts';

/** A key that stops being good ends its streams and sockets within a second. All are looked up together, in one statement. */
const CHECK_MS = 500;
/** How long it may be unknown whether a key is good: a database that starts again does not end every terminal. */
const UNKNOWN_MS = 10_000;
/** Between two looks at what a call is about: an engine tells sooner that it is gone, but not of what it never had. */
const TARGET_MS = 5_000;

/** A call that lasts. */
export interface LongCall {
  /**
   * Aborts when it is over: with a CloudError where the caller may no longer, what it is about is gone, or the API stops; with another
   * error where the client left.
   */
  readonly signal: AbortSignal;
  /** Who calls, as of the last check. */
  caller(): Caller;
  /** Ends it for that reason, or because it is done. */
  end(reason?: Error): void;
}

export interface LongCalls {
  begin(
    entry: Entry,
    request: FastifyRequest,
    caller: Caller,
    input: Record<string, unknown>,
    origin: Origin,
  ): LongCall;
  stop(): void;
}

interface Watched {
  readonly key: string;
  readonly address: string;
  readonly tenant: string | undefined;
  readonly permission: string | undefined;
  /** Its answer is worth waiting for when the API stops: it does not go on for ever. */
  readonly isBounded: boolean;
  /** Throws NOT_FOUND when what the call is about is gone. */
  readonly look: (caller: Caller) => Promise<unknown>;
  readonly end: (reason: Error) => void;
  caller: Caller;
  isBusy: boolean;
  knownAt: number;
  lookedAt: number;
}

/** Watches the calls that last: whether their callers are there and may still make them. */
export function createLongCalls(deps: {
  readonly authenticator: Authenticator;
  readonly execute: Execute;
  readonly registry: Registry;
  readonly clock: Clock;
}): LongCalls {
  const { authenticator, execute, registry, clock } = deps;
  const watched = new Set<Watched>();
  let isSweeping = false;

  const check = async (one: Watched) => {
    const now = clock.monotonic();
    one.isBusy = true;
    try {
      const caller = await authenticator.authenticate(one.key, one.tenant, 'now', one.address);
      if (one.permission !== undefined) refuseSuspended(caller);
      const held = caller.kind === 'user' ? caller.permissions : new Set<string>();
      if (one.permission !== undefined && !isPermitted(held, one.permission))
        throw forbidden(`this needs the permission '${one.permission}', which was revoked`);
      if (one.permission !== undefined) requireSecondFactor(caller);
      one.knownAt = now;
      one.caller = caller;
      if (now - one.lookedAt < TARGET_MS) return;
      one.lookedAt = now;
      await one.look(caller);
    } catch (error) {
      if (error instanceof CloudError && error.status < 500) one.end(error);
      else if (now - one.knownAt > UNKNOWN_MS) one.end(unavailable('the key could not be checked; connect again'));
    } finally {
      one.isBusy = false;
    }
  };

  const sweep = async () => {
    isSweeping = true;
    while (watched.size > 0) {
      await clock.sleep(CHECK_MS);
      for (const one of watched) if (!one.isBusy) void check(one);
    }
    isSweeping = false;
  };

  const lookAt = (entry: Entry, input: Record<string, unknown>, origin: Origin): Watched['look'] => {
    const reader = registry.entries.get(`${entry.service}.get`);
    const { target } = entry.descriptor;
    return async (caller) => {
      if (!target || !reader || caller.kind !== 'user') return;
      // Who may not look at it is told nothing of it.
      if (reader.permission !== undefined && !isPermitted(caller.permissions, reader.permission)) return;
      await execute(reader.name, caller, { id: input[target.param] }, { origin });
    };
  };

  return {
    begin(entry, request, caller, input, origin) {
      const over = new AbortController();
      const stopListening = onClose(request.raw.socket, () => over.abort(new Error('the client went away')));
      const now = clock.monotonic();
      const one: Watched = {
        key: caller.kind === 'user' ? (keyOf(request) ?? '') : '',
        address: addressOf(request),
        tenant: tenantOf(request),
        permission: entry.permission,
        isBounded: entry.answer === 'json',
        look: lookAt(entry, input, origin),
        end: (reason) => over.abort(reason),
        caller,
        isBusy: false,
        knownAt: now,
        lookedAt: now,
      };
      over.signal.addEventListener('abort', () => {
        watched.delete(one);
        stopListening();
      });
      if (!over.signal.aborted) watched.add(one);
      if (!isSweeping) void sweep();
      return { signal: over.signal, caller: () => one.caller, end: (reason = new Error('done')) => over.abort(reason) };
    },
    stop() {
      for (const one of watched) if (!one.isBounded) one.end(unavailable('the API is stopping; connect again'));
    },
  };
}
