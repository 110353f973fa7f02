import { createHash } from 'node:crypto';
import { idempotencyMismatch } from './errors.ts';
import type { Sql } from './sql/tx.ts';

/** How long a key is remembered (decision: 24 hours). */
export const IDEMPOTENCY_HOURS = 24;

export type Claim = { readonly replayOf: string | undefined };

/** A fingerprint of the input: same members and values, in any order, give the same. */
export function fingerprint(input: unknown): string {
  const canonical = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(canonical)
      : value && typeof value === 'object'
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, inner]) => [key, canonical(inner)]),
          )
        : value;
  return createHash('sha256')
    .update(JSON.stringify(canonical(input)))
    .digest('hex');
}

/**
 * Takes an Idempotency-Key for this call, or finds whose it is. A concurrent twin waits here until the first one has committed.
 * Throws IDEMPOTENCY_MISMATCH when the key came with another input before.
 */
export async function claimKey(
  sql: Sql,
  call: { tenantId: string; operation: string; key: string; hash: string; resourceId: string },
): Promise<Claim> {
  const [fresh] = await sql.query<{ resource_id: string }>(
    'kernel.claim_idempotency_key',
    `insert into idempotency_keys (tenant_id, operation, key, request_hash, resource_id, expires_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(hours => $6))
     on conflict (tenant_id, operation, key) do update
       set request_hash = excluded.request_hash, resource_id = excluded.resource_id, created_at = now(), expires_at = excluded.expires_at
       where idempotency_keys.expires_at < now()
     returning resource_id`,
    [call.tenantId, call.operation, call.key, call.hash, call.resourceId, IDEMPOTENCY_HOURS],
  );
  if (fresh) return { replayOf: undefined };
  const [taken] = await sql.query<{ request_hash: string; resource_id: string }>(
    'kernel.read_idempotency_key',
    'select request_hash, resource_id from idempotency_keys where tenant_id = $1 and operation = $2 and key = $3',
    [call.tenantId, call.operation, call.key],
  );
  if (!taken || taken.request_hash !== call.hash) {
    throw idempotencyMismatch(
      `Idempotency-Key '${call.key}' was used for another request in the last ${IDEMPOTENCY_HOURS} hours; take a new one`,
    );
  }
  return { replayOf: taken.resource_id };
}
