import { conflict, idempotencyMismatch, invalidInput } from './errors.ts';
import type { Sql } from './sql/tx.ts';

/** How long a key is remembered (decision: 24 hours). */
const IDEMPOTENCY_HOURS = 24;

/** What a key is kept with. */
export interface KeyedCall {
  readonly tenantId: string;
  readonly operation: string;
  readonly key: string;
  /** Fingerprint of the input. */
  readonly hash: string;
}

/** Members and values of an input in one order, whatever the caller's was: what a fingerprint is made of. Secrets are left out. */
export function canonicalText(input: object, secrets: readonly string[] = []): string {
  const sort = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(sort)
      : value && typeof value === 'object'
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, inner]) => [key, sort(inner)]),
          )
        : value;
  return JSON.stringify(sort(Object.fromEntries(Object.entries(input).filter(([key]) => !secrets.includes(key)))));
}

/** Throws INVALID_INPUT for a key that cannot be kept. */
export function checkKey(key: string): string {
  if (key.length < 1 || key.length > 255)
    throw invalidInput(`Idempotency-Key has ${key.length} characters; 1 to 255 are allowed`);
  return key;
}

/**
 * Takes an Idempotency-Key for this call, or answers what the first call with it made or changed. A concurrent twin waits here until the
 * first one has committed. Throws IDEMPOTENCY_MISMATCH when the key came with another input before.
 */
export async function claimKey(sql: Sql, call: KeyedCall, resourceId: string): Promise<string | undefined> {
  const [fresh] = await sql.query(
    'kernel.claim_idempotency_key',
    `insert into idempotency_keys (tenant_id, operation, key, request_hash, resource_id, expires_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(hours => $6))
     on conflict (tenant_id, operation, key) do update
       set request_hash = excluded.request_hash, resource_id = excluded.resource_id, created_at = now(), expires_at = excluded.expires_at
       where idempotency_keys.expires_at < now()
     returning 1 as ok`,
    [call.tenantId, call.operation, call.key, call.hash, resourceId, IDEMPOTENCY_HOURS],
  );
  if (fresh) return undefined;
  const taken = await findClaim(sql, call);
  if (taken === undefined) throw conflict(`Idempotency-Key '${call.key}' has just expired; try again`);
  return taken;
}

/** What the first call with this key made or changed; undefined: the key is new. Throws IDEMPOTENCY_MISMATCH. */
export async function findClaim(sql: Sql, call: KeyedCall): Promise<string | undefined> {
  const [taken] = await sql.query<{ request_hash: string; resource_id: string }>(
    'kernel.read_idempotency_key',
    `select request_hash, resource_id from idempotency_keys
     where tenant_id = $1 and operation = $2 and key = $3 and expires_at >= now()`,
    [call.tenantId, call.operation, call.key],
  );
  if (taken && taken.request_hash !== call.hash) {
    throw idempotencyMismatch(
      `Idempotency-Key '${call.key}' was used for another request in the last ${IDEMPOTENCY_HOURS} hours; use a new key`,
    );
  }
  return taken?.resource_id;
}
