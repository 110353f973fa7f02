import type { Pass } from '../kernel/reconcile.ts';
import type { Database } from '../kernel/sql/pool.ts';

const ALL = { tenantId: '*' } as const;

/** A pass as the reconcilers' loop makes it, without a lease. */
export const passOver = (
  database: Database,
  about: {
    readonly id: string;
    readonly tenantId: string;
    readonly attempts?: number;
    readonly failingMs?: number;
    readonly signal?: AbortSignal;
  },
): Pass => ({
  attempts: 1,
  failingMs: 0,
  signal: new AbortController().signal,
  ...about,
  read: (work) => database.transaction(ALL, work, { readOnly: true }),
  commit: (work) => database.transaction(ALL, work),
});
