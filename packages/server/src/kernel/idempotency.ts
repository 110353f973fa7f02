import { conflict, idempotencyMismatch, invalidInput } from './errors.ts';
import type { Sql } from './sql/tx.ts';

/** How long a key is remembered (decision: 24 hours). */
const IDEMPOTENCY_HOURS = 24;

/** What a key is kept with. */
export interface KeyedCall {
  readonly tenantId: string;
  readonly userId: string;
  readonly operation: string;
  readonly key: string;
  /** Fingerprint of the input. */
  readonly hash: string;
  /** The same under older master keys. */
  readonly olderHashes?: readonly string[];
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

/** The key as it is kept: two members who choose the same one do not meet. */
const keptAs = ({ userId, key }: KeyedCall): string => `${userId} ${key}`;

/**
 * Takes an Idempotency-Key for this call, or answers what the first call with it made or changed. A concurrent twin waits here until the
 * first one has committed. Throws IDEMPOTENCY_MISMATCH when the key came with another input before.
 */
export async function claimKey(sql: Sql, call: KeyedCall, resourceId: string): Promise<string | undefined> {
  const [fresh] = await sql.query(
    'kernel.claim_idempotency_key',
    // Earlier versions kept a key without its user: one that is still good is found below.
    `insert into idempotency_keys (tenant_id, operation, key, request_hash, resource_id, expires_at)
     select $1::uuid, $2::varchar, $3::varchar, $4::bpchar, $5::varchar, now() + make_interval(hours => $6)
     where not exists (
       select from idempotency_keys old
       where old.tenant_id = $1::uuid and old.operation = $2::varchar and old.key = $7 and old.request_hash = $4::bpchar and old.expires_at >= now())
     on conflict (tenant_id, operation, key) do update
       set request_hash = excluded.request_hash, resource_id = excluded.resource_id, created_at = now(), expires_at = excluded.expires_at
       where idempotency_keys.expires_at < now()
     returning 1 as ok`,
    [call.tenantId, call.operation, keptAs(call), call.hash, resourceId, IDEMPOTENCY_HOURS, call.key],
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
     where tenant_id = $1 and operation = $2 and expires_at >= now()
       and (key = $3 or key = $4 and request_hash = $5)`,
    [call.tenantId, call.operation, keptAs(call), call.key, call.hash],
  );
  if (taken && taken.request_hash !== call.hash && !call.olderHashes?.includes(taken.request_hash)) {
    throw idempotencyMismatch(
      `Idempotency-Key '${call.key}' was used for another request in the last ${IDEMPOTENCY_HOURS} hours; use a new key`,
    );
  }
  return taken?.resource_id;
}
