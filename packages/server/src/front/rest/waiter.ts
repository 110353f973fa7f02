import { EVENT_CHANNEL } from '../../kernel/audit.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Notifier } from '../../kernel/notifier.ts';

/** Longest `?wait=`, in seconds (contract, rule 8). */
export const MAX_WAIT_SECONDS = 60;
/** A lost notification costs this much, or twice that where a look is shared. */
const POLL_MS = 1_000;
/** With many waits each looks more rarely, so that all together make no more than a hundred looks a second. */
const POLL_MS_EACH = 10;
/** Most waits of a tenant at a time: ten times the instances that a new tenant may have. Who comes then is answered at once. */
const MAX_PER_TENANT = 100;
/** Of all tenants. */
const MAX_WAITS = 512;

/** Looks, or takes what somebody else saw who waits for the same and looked late enough. */
export type Share = <T>(look: () => Promise<T>) => Promise<T>;

/** Whose wait it is. */
export interface Whose {
  readonly tenantId: string;
  /** Waits of one name see the same: of one resource, by one caller. */
  readonly name: string;
}

export interface Waiter {
  /**
   * Calls `isSettled` at once, after each announced change of the resource and each second, until it is true or time is up. Beyond 100
   * waits of a tenant, or 512 in all, time is up at once. Without `whose` it counts for no tenant and shares with nobody.
   */
  until(
    resourceId: string,
    seconds: number,
    isSettled: (share: Share) => Promise<boolean>,
    signal: AbortSignal,
    whose?: Whose,
  ): Promise<void>;
}

/** Those who wait for the same. */
interface Party {
  waits: number;
  begunAt: number;
  seen: Promise<unknown> | undefined;
}

export function createWaiter(notifier: Notifier, clock: Clock): Waiter {
  let waits = 0;
  const waitsOf = new Map<string, number>();
  const parties = new Map<string, Party>();

  const join = (whose: Whose | undefined): Party => {
    waits++;
    const party = (whose && parties.get(whose.name)) ?? { waits: 0, begunAt: 0, seen: undefined };
    party.waits++;
    if (whose) {
      parties.set(whose.name, party);
      waitsOf.set(whose.tenantId, (waitsOf.get(whose.tenantId) ?? 0) + 1);
    }
    return party;
  };
  const leave = (whose: Whose | undefined, party: Party) => {
    waits--;
    party.waits--;
    if (!whose) return;
    if (party.waits === 0) parties.delete(whose.name);
    const left = (waitsOf.get(whose.tenantId) ?? 1) - 1;
    if (left > 0) waitsOf.set(whose.tenantId, left);
    else waitsOf.delete(whose.tenantId);
  };

  return {
    async until(resourceId, seconds, isSettled, signal, whose) {
      if (waits >= MAX_WAITS || (whose && (waitsOf.get(whose.tenantId) ?? 0) >= MAX_PER_TENANT)) return;
      const party = join(whose);
      const deadline = clock.monotonic() + seconds * 1000;
      let changed: () => void = () => undefined;
      let pending = false;
      // What was seen before this is no news here: before the wait began, the last announcement, or its last look.
      let newerThan = clock.monotonic();
      const unsubscribe = notifier.subscribe(EVENT_CHANNEL, (payload) => {
        if (payload !== '' && payload.slice(payload.indexOf(' ') + 1) !== resourceId) return;
        pending = true;
        newerThan = clock.monotonic();
        changed();
      });
      const share: Share = <T>(look: () => Promise<T>) => {
        const now = clock.monotonic();
        if (!party.seen || party.begunAt <= newerThan) {
          party.begunAt = now;
          party.seen = look();
        }
        newerThan = now;
        return party.seen as Promise<T>;
      };
      try {
        while (!signal.aborted) {
          pending = false;
          if (await isSettled(share)) return;
          const left = deadline - clock.monotonic();
          if (left <= 0) return;
          if (pending) continue;
          const nap = new AbortController();
          const woken = new Promise<void>((resolve) => {
            changed = resolve;
          });
          const pollMs = Math.max(POLL_MS, waits * POLL_MS_EACH);
          await Promise.race([
            woken,
            clock.sleep(Math.min(pollMs, left), AbortSignal.any([nap.signal, signal])).catch(() => undefined),
          ]);
          nap.abort(new Error('awake'));
        }
      } finally {
        unsubscribe();
        leave(whose, party);
      }
    },
  };
}
