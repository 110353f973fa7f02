import { rateLimited, unavailable } from '../kernel/errors.ts';

/** How a live call goes: see kernel/live.ts. */
export type Shape = 'answer' | 'reading' | 'stream' | 'socket';

interface Bounds {
  readonly all: number;
  /** Of these for one tenant; and while half of all are taken, so that a few tenants cannot keep all others out. */
  readonly tenant: number;
  readonly tenantWhenBusy: number;
  readonly noun: string;
}

/**
 * Most at once that the worker serves. Each shape has its own, since a terminal lasts for hours and a command for seconds. A command or
 * a terminal costs a process of incusd's and four connections to it; a stream 256 KiB, what is written between two looks at a log. A
 * reading costs nothing that lasts: 32 pages of one tenant may read in the same moment.
 */
export const PLACES: Readonly<Record<Shape, Bounds>> = {
  answer: { all: 64, tenant: 16, tenantWhenBusy: 4, noun: 'commands' },
  reading: { all: 64, tenant: 32, tenantWhenBusy: 8, noun: 'readings' },
  stream: { all: 128, tenant: 16, tenantWhenBusy: 4, noun: 'streams' },
  socket: { all: 64, tenant: 16, tenantWhenBusy: 4, noun: 'terminals' },
};

export interface Places {
  /** Takes a place of the tenant's; the answer gives it back. Throws RATE_LIMITED or UNAVAILABLE when there is none. */
  take(tenantId: string): () => void;
  taken(): number;
}

export function createPlaces({ all, tenant, tenantWhenBusy, noun }: Bounds): Places {
  const takenBy = new Map<string, number>();
  let taken = 0;
  return {
    taken: () => taken,
    take(tenantId) {
      const its = takenBy.get(tenantId) ?? 0;
      if (taken >= all) throw unavailable(`${all} ${noun} are in progress; try again`);
      if (its >= (taken >= all / 2 ? tenantWhenBusy : tenant))
        throw rateLimited(`${its} ${noun} of this tenant are running; wait for one to finish`, 5);
      taken++;
      takenBy.set(tenantId, its + 1);
      let isFree = false;
      return () => {
        if (isFree) return;
        isFree = true;
        taken--;
        const left = (takenBy.get(tenantId) ?? 1) - 1;
        if (left > 0) takenBy.set(tenantId, left);
        else takenBy.delete(tenantId);
      };
    },
  };
}
