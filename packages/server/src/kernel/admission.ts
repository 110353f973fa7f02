import type { Clock } from './clock.ts';
import { rateLimited } from './errors.ts';

export interface AdmissionSettings {
  /** Calls that may hold a connection at once. */
  readonly slots: number;
  /** Of these for one tenant. */
  readonly perTenant: number;
  /** Most calls of one tenant that wait; one more is refused at once. */
  readonly maxWaiting: number;
  /** Longest wait in milliseconds; then the call is refused. */
  readonly maxWaitMs: number;
  /** Of whom a share is, in what a refused call is told. Default: its tenant. */
  readonly of?: 'tenant' | 'address';
}

export interface Admission {
  /**
   * Runs `work` once the tenant may hold one more connection; tenants that wait take turns. Calls that are `alone` run one after the other
   * within their tenant: they would each hold a connection while they wait for the same lock in the database. Throws RATE_LIMITED.
   */
  run<T>(tenant: string, alone: boolean, work: () => Promise<T>): Promise<T>;
  /** Calls that wait. */
  waiting(): number;
}

interface Waiter {
  readonly alone: boolean;
  readonly until: number;
  start(): void;
  refuse(error: Error): void;
}

interface Share {
  running: number;
  aloneRuns: boolean;
  /** In the order of arrival. */
  readonly queue: Waiter[];
}

/** Who may take a connection of the pool, and when: decided before the pool, so that one tenant's waiting is its own. */
export function createAdmission(settings: AdmissionSettings, clock: Clock): Admission {
  const { of = 'tenant' } = settings;
  // In the order of turns: who was served goes to the end.
  const shares = new Map<string, Share>();
  let running = 0;
  let waiting = 0;
  let watching = false;

  const mayRun = (share: Share, alone: boolean) =>
    running < settings.slots && share.running < settings.perTenant && !(alone && share.aloneRuns);

  function begin(share: Share, alone: boolean): void {
    running++;
    share.running++;
    if (alone) share.aloneRuns = true;
  }

  function end(tenant: string, share: Share, alone: boolean): void {
    running--;
    share.running--;
    if (alone) share.aloneRuns = false;
    if (waiting > 0) serveNext();
    if (share.running === 0 && share.queue.length === 0) shares.delete(tenant);
  }

  function serveNext(): void {
    for (const [tenant, share] of shares) {
      if (running >= settings.slots) return;
      const place = share.queue.findIndex((waiter) => mayRun(share, waiter.alone));
      if (place < 0) continue;
      const [waiter] = share.queue.splice(place, 1);
      waiting--;
      shares.delete(tenant);
      shares.set(tenant, share);
      begin(share, waiter!.alone);
      waiter!.start();
      // One call ended, so one may begin; where several could, each of them ends and asks again.
      return;
    }
  }

  function wait(tenant: string, share: Share, alone: boolean): Promise<void> {
    if (share.queue.length >= settings.maxWaiting) throw tooMany(tenant, of, share.queue.length);
    return new Promise((start, refuse) => {
      share.queue.push({ alone, start, refuse, until: clock.monotonic() + settings.maxWaitMs });
      waiting++;
      if (!watching) void watch();
    });
  }

  /** Refuses those who wait too long, for as long as anybody waits. One timer for all: most wait for milliseconds. */
  async function watch(): Promise<void> {
    watching = true;
    while (waiting > 0) {
      await clock.sleep(settings.maxWaitMs / 10);
      const now = clock.monotonic();
      for (const [tenant, share] of shares) {
        // In the order of arrival: the first who may wait on is followed by others who may.
        while (share.queue[0] && share.queue[0].until <= now) {
          waiting--;
          share.queue.shift()!.refuse(tooLate(tenant, of, settings.maxWaitMs));
        }
        if (share.running === 0 && share.queue.length === 0) shares.delete(tenant);
      }
    }
    watching = false;
  }

  return {
    async run(tenant, alone, work) {
      let share = shares.get(tenant);
      if (!share) {
        share = { running: 0, aloneRuns: false, queue: [] };
        shares.set(tenant, share);
      }
      // A slot is free only while nobody who waits could use it: nobody is overtaken.
      if (mayRun(share, alone)) begin(share, alone);
      else await wait(tenant, share, alone);
      try {
        return await work();
      } finally {
        end(tenant, share, alone);
      }
    },
    waiting: () => waiting,
  };
}

const tooLate = (tenant: string, of: string, ms: number) =>
  rateLimited(
    `this call waited ${ms / 1000} s behind other calls${tenant === '' ? '; try again' : ` of its ${of}; send fewer at a time`}`,
    1,
  );

const tooMany = (tenant: string, of: string, count: number) =>
  rateLimited(
    tenant === ''
      ? `${count} calls are already waiting; try again`
      : `${count} calls of this ${of} are already waiting; send fewer at a time`,
    1,
  );
