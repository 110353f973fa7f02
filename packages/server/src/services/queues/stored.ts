import type { Clock } from '../../kernel/clock.ts';
import { quotaExceeded } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Quota } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';

// How much a tenant may store in queues. What was counted last answers, and what was sent since; nobody who sends waits for a count.

const QUOTA = 'queue_messages_mb';
export const STORED: Quota = { max: 10_240, noun: 'MB of messages in queues', free: 'Delete or purge messages' };

const MB = 1 << 20;
/** What a message counts for its row, beside its size. */
const ROW_BYTES = 512;
/** Milliseconds after which it is counted again. */
const COUNTED_MS = 10_000;
/** The same where there was no room: what was deleted makes room soon. */
const REFUSED_MS = 1_000;
/** Counting takes at most a twentieth of the time. */
const SHARE = 20;
/** Tenants that are remembered: those that have sent last. */
const MAX_TENANTS = 10_000;

interface Known {
  /** Undefined: not counted yet. */
  counted: { readonly bytes: number; readonly max: number } | undefined;
  /** Bytes that this process has sent since. */
  sent: number;
  /** When the last count ended, and how long it took. */
  at: number;
  took: number;
  counting: Promise<void> | undefined;
}

export interface StoredMessages {
  /** Takes up room for messages of so many bytes in all. Throws QUOTA_EXCEEDED if there is none. */
  take(tenantId: string, bytes: number, messages: number): void;
  /** In MB, as the quota is; at most ten seconds old, or twenty times as old as a count takes. */
  used(tenantId: string): Promise<number>;
}

async function count(sql: Sql, tenantId: string): Promise<NonNullable<Known['counted']>> {
  const [[stored], [allowed]] = await Promise.all([
    // By two indexes alone.
    sql.query<{ bytes: number }>(
      'queues.count_stored',
      `select coalesce(sum(m.size + ${ROW_BYTES}), 0)::float8 as bytes
       from queues q join queue_messages m on m.queue_id = q.id where q.tenant_id = $1`,
      [tenantId],
    ),
    sql.query<{ max: number | null }>('queues.read_allowed', 'select queue_megabytes_allowed($1)::float8 as max', [
      tenantId,
    ]),
  ]);
  return { bytes: stored!.bytes, max: (allowed!.max ?? STORED.max) * MB };
}

/** Of one process; what others send shows in the next count. */
export function createStoredMessages(deps: {
  /** The role `cloud_data`. */
  readonly sql: Sql;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Pick<Log, 'warn'>;
}): StoredMessages {
  const tenants = new Map<string, Known>();

  const knownOf = (tenantId: string): Known => {
    const known = tenants.get(tenantId) ?? { counted: undefined, sent: 0, at: -Infinity, took: 0, counting: undefined };
    // Last in the order in which they are forgotten.
    tenants.delete(tenantId);
    tenants.set(tenantId, known);
    if (tenants.size > MAX_TENANTS) tenants.delete(tenants.keys().next().value!);
    return known;
  };

  async function recount(tenantId: string, known: Known): Promise<void> {
    const began = deps.clock.monotonic();
    const { sent } = known;
    try {
      known.counted = await count(deps.sql, tenantId);
      known.sent -= sent;
    } catch (error) {
      deps.log.warn({ err: error, tenantId }, 'could not count the messages of a tenant; the last count stands');
    }
    known.at = deps.clock.monotonic();
    known.took = known.at - began;
    known.counting = undefined;
  }

  /** Counts again if the last count is older than `restMs` and than twenty times what it took. Resolves when no count runs. */
  async function refresh(tenantId: string, known: Known, restMs: number): Promise<void> {
    if (deps.clock.monotonic() - known.at >= Math.max(restMs, SHARE * known.took))
      known.counting ??= recount(tenantId, known);
    await known.counting;
  }

  const usedOf = (known: Known): number => (known.counted?.bytes ?? 0) + known.sent;

  return {
    take(tenantId, bytes, messages) {
      const known = knownOf(tenantId);
      const wanted = bytes + messages * ROW_BYTES;
      const used = usedOf(known);
      const fits = known.counted === undefined || used + wanted <= known.counted.max;
      void refresh(tenantId, known, fits ? COUNTED_MS : REFUSED_MS);
      if (!fits)
        throw quotaExceeded(
          `quota '${QUOTA}': ${Math.ceil(used / MB)} of ${known.counted!.max / MB} ${STORED.noun} are used. ${STORED.free}, or ask the operator of the platform for more: cloud admin quotas set ${tenantId} ${QUOTA} <max>`,
        );
      known.sent += wanted;
    },
    async used(tenantId) {
      const known = knownOf(tenantId);
      await refresh(tenantId, known, COUNTED_MS);
      return Math.ceil(usedOf(known) / MB);
    },
  };
}
