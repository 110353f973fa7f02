import ipaddr from 'ipaddr.js';
import { type Caller, isPermitted, type KeyLimits, userIdOf } from '../../kernel/caller.ts';
import type { Clock } from '../../kernel/clock.ts';
import { translateDatabaseError } from '../../kernel/database-errors.ts';
import { type CloudError, denied, forbidden, invalidInput, unauthorized } from '../../kernel/errors.ts';
import { isUuid } from '../../kernel/ids.ts';
import { proveBy } from '../../kernel/proof.ts';
import type { Log } from '../../kernel/log.ts';
import { scopeOf } from '../../kernel/scope.ts';
import { createCoalescer } from '../../kernel/sql/coalescer.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import { type Changes, createChanges } from './changes.ts';

/** A row of the function authenticate_keys. */
export interface KeyRow {
  readonly place: number;
  readonly key_id: string;
  readonly key_kind: 'api' | 'session' | 'temporary';
  readonly key_tenant_id: string | null;
  readonly key_permissions: readonly string[] | null;
  readonly key_cidrs: readonly string[] | null;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly user_id: string;
  readonly email: string;
  readonly user_role: string;
  readonly user_closed_at: Date | null;
  readonly tenant_id: string | null;
  readonly tenant_status: string | null;
  readonly membership_role: string | null;
  readonly permissions: readonly string[];
  /** The tenant wants a second factor, which the user does not have. */
  readonly lacks_second_factor: boolean;
  /** Why the operator has suspended the user; null: not suspended. */
  readonly user_suspension: string | null;
  /** Why the tenant's status is not active. */
  readonly tenant_status_reason: string | null;
  /** The key acts in all tenants of its user. */
  readonly key_all_tenants: boolean;
  /** The database's token for the user in the tenant, or for the user alone. Null: the key is good for nothing. */
  readonly scope_token: string | null;
}

/**
 * How new an answer must be. `now`: asked of the database (calls at the same moment share a round trip). `cached`: what was seen within the
 * last second, unless something about keys, members, roles, users or tenants was announced to have changed since.
 */
export type Freshness = 'now' | 'cached';

export interface Authenticator {
  /**
   * Who a key is, in the tenant it asks for or its own. Throws UNAUTHORIZED for a key that is not valid, FORBIDDEN for a tenant of which its user is not a member and for an
   * address that the key is not for, UNAVAILABLE when the database is away.
   */
  authenticate(key: string, tenantId: string | undefined, freshness: Freshness, address: string): Promise<Caller>;
  /** The same for a key that somebody else looked up and found to be the caller's. Notes that it was used. */
  judge(row: KeyRow, address: string): Caller;
  /** The id of a tenant, by id or slug, if the caller's user is a member of it. Throws UNAVAILABLE when the database is away. */
  findTenant(caller: Caller, ref: string): Promise<string | undefined>;
  /** What changed of late: for what others remember of a key. */
  readonly changes: Changes;
  /**
   * Drops what was seen of a subject, `user <id>`, `key <id>` or `tenant <id>`, whose authority has changed. Default: of everybody.
   */
  forget(subject?: string): void;
  stop(): Promise<void>;
}

/** What announcements name when something about this key changes. */
export const subjectsOf = (row: Pick<KeyRow, 'key_id' | 'user_id' | 'tenant_id'>): readonly string[] => [
  `key ${row.key_id}`,
  `user ${row.user_id}`,
  ...(row.tenant_id === null ? [] : [`tenant ${row.tenant_id}`]),
];

/** The channel on which the database announces whose authority has changed. */
export const AUTHORITY_CHANNEL = 'cloud_authority';

/** How old what was seen may be: the bound where an announcement is lost. */
const STALE_MS = 1_000;
/** Most callers that are remembered. */
const MAX_SEEN = 10_000;

/** Text that does not have the form of a key is not looked up. */
const KEY_FORM = /^thecloud_[0-9a-f]{32}$/;
/** Milliseconds between two writes of `last_used`. */
const TOUCH_MS = 5_000;
const MAX_TOUCHED = 10_000;

interface Seen {
  readonly caller: Caller & { kind: 'user' };
  readonly networks: readonly Network[] | undefined;
  readonly subjects: readonly string[];
  readonly mark: number;
  readonly until: number;
  readonly expiresAt: number;
}

export function createAuthenticator(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}): Authenticator {
  const { database, clock, log } = options;
  const touched = new Set<string>();
  const seen = new Map<string, Seen>();
  const changes = createChanges(clock, STALE_MS);
  const stopping = new AbortController();

  const lookups = createCoalescer<{ key: string; tenantId: string | null }, KeyRow | undefined>({
    maxBatch: 200,
    maxInFlight: 2,
    maxQueue: 5_000,
    async flush(calls) {
      const rows = await database.query<KeyRow>(
        'identity.authenticate',
        `select place, key_id, key_kind, key_tenant_id, key_permissions, key_cidrs, expires_at, revoked_at, user_id, email, user_role, user_closed_at, tenant_id, tenant_status, membership_role, permissions, lacks_second_factor,
           user_suspension, tenant_status_reason, key_all_tenants, scope_token
         from authenticate_keys($1, $2)`,
        [calls.map((call) => call.key), calls.map((call) => call.tenantId)],
      );
      const byPlace = new Map(rows.map((row) => [row.place, row]));
      return calls.map((_, index) => byPlace.get(index + 1));
    },
  });

  const writeTouched = async () => {
    if (touched.size === 0) return;
    const ids = [...touched];
    touched.clear();
    await database.query('identity.touch_keys', 'select touch_keys($1, $2)', [ids, new Date(clock.now())]);
  };
  const toucher = (async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(TOUCH_MS, stopping.signal).catch(() => undefined);
      // last_used is a hint for people; a lost one is written at the next use.
      await writeTouched().catch((error: unknown) => log.warn({ err: error }, 'could not record when keys were used'));
    }
  })();

  const touch = (keyId: string) => {
    if (touched.size < MAX_TOUCHED) touched.add(keyId);
  };

  return {
    changes,
    judge(row, address) {
      const caller = judge(row, undefined, clock.now());
      requireNetwork(networksOf(row), address, caller);
      touch(caller.keyId);
      return caller;
    },
    async authenticate(key, tenantId, freshness, address) {
      const name = `${key} ${tenantId ?? ''}`;
      if (freshness === 'cached') {
        const known = seen.get(name);
        if (
          known &&
          known.until > clock.monotonic() &&
          known.expiresAt > clock.now() &&
          !changes.since(known.mark, known.subjects)
        ) {
          requireNetwork(known.networks, address, known.caller);
          touch(known.caller.keyId);
          return known.caller;
        }
      }
      if (tenantId !== undefined && !isUuid(tenantId))
        throw invalidInput(`X-Tenant-ID '${tenantId.slice(0, 60)}' is not a UUID`);
      if (!KEY_FORM.test(key))
        throw unauthorized('this is not an API key; a key is thecloud_ followed by 32 hex digits');
      // From before the question: what changes while we ask may be missing from the answer.
      const mark = changes.mark();
      const until = clock.monotonic() + STALE_MS;
      const row = await lookups
        .call({ key, tenantId: tenantId ?? null })
        .catch((error: unknown) => Promise.reject(translateDatabaseError(error).error));
      const caller = proveBy(judge(row, tenantId, clock.now()), key);
      const networks = networksOf(row!);
      requireNetwork(networks, address, caller);
      touch(caller.keyId);
      seen.delete(name);
      if (seen.size >= MAX_SEEN) seen.delete(seen.keys().next().value!);
      const expiresAt = row?.expires_at?.getTime() ?? Number.POSITIVE_INFINITY;
      seen.set(name, { caller, networks, subjects: subjectsOf(row!), mark, until, expiresAt });
      return caller;
    },
    async findTenant(caller, ref) {
      const [row] = await database
        .transaction(
          scopeOf(caller),
          (sql) =>
            sql.query<{ id: string }>(
              isUuid(ref) ? 'identity.find_tenant_by_id' : 'identity.find_tenant_by_slug',
              `select t.id from tenants t join memberships m on m.tenant_id = t.id and m.user_id = $1
               where ${isUuid(ref) ? 't.id' : 't.slug'} = $2`,
              [userIdOf(caller), ref],
            ),
          { readOnly: true },
        )
        .catch((error: unknown) => Promise.reject(translateDatabaseError(error).error));
      return row?.id;
    },
    forget: (subject) => changes.note(subject),
    async stop() {
      stopping.abort(new Error('stopping'));
      await toucher;
    },
  };
}

/** Whether a key is good, and whose. */
function judge(row: KeyRow | undefined, tenantId: string | undefined, now: number): Caller & { kind: 'user' } {
  if (!row) throw unauthorized('this API key does not exist');
  if (row.revoked_at || row.user_closed_at) throw unauthorized('this API key was revoked');
  if (row.expires_at && row.expires_at.getTime() <= now) throw unauthorized('this API key has expired; log in again');
  const isMember = row.membership_role !== null;
  const who = { userId: row.user_id, keyId: row.key_id, tenantId: row.key_tenant_id ?? undefined };
  if (row.user_suspension !== null) throw denied(accountSuspended(row.user_suspension), who);
  if (tenantId !== undefined && !isMember)
    throw denied(forbidden(`you are not a member of the tenant '${tenantId}'`), {
      ...who,
      aimedAt: { tenantId, exists: row.tenant_id !== null },
    });
  // One that has permissions is bound too: they were chosen for the role in its own tenant; elsewhere the same words may open more.
  if (!row.key_all_tenants && tenantId !== undefined && tenantId !== row.key_tenant_id)
    throw denied(
      forbidden(
        `this API key acts only in the tenant '${row.key_tenant_id}'; to act in '${tenantId}', log in, or use a key of that tenant or one with all_tenants`,
      ),
      who,
    );
  const limits = limitsOf(row);
  const granted = new Set(row.permissions);
  return {
    kind: 'user',
    userId: row.user_id,
    email: row.email,
    platformRole: row.user_role,
    keyId: row.key_id,
    tenantId: isMember ? (row.tenant_id ?? undefined) : undefined,
    scopeToken: row.scope_token ?? undefined,
    role: row.membership_role ?? undefined,
    permissions: row.key_permissions
      ? new Set(row.key_permissions.filter((permission) => isPermitted(granted, permission)))
      : granted,
    ...(row.expires_at ? { keyEndsAt: row.expires_at } : {}),
    ...(limits ? { limits } : {}),
    ...(row.key_all_tenants ? {} : { isBound: true as const }),
    ...(row.key_kind === 'temporary' ? { isTemporary: true as const } : {}),
    ...(isMember && row.lacks_second_factor ? { lacksSecondFactor: true } : {}),
    ...(isMember && row.tenant_status !== 'active' ? { suspended: because(row.tenant_status_reason) } : {}),
  };
}

/** `reason` is empty where the operator gave none. */
export const accountSuspended = (reason: string): CloudError =>
  forbidden(`your account is suspended${because(reason)}; contact the operator of the platform`);

const because = (reason: string | null): string => (reason ? `: ${reason}` : '');

/** Undefined: the key may do all that its user may. A session's end limits no keys that are made with it. */
function limitsOf(row: KeyRow): KeyLimits | undefined {
  const expiresAt = row.key_kind === 'api' ? row.expires_at : null;
  if (!row.key_permissions && !row.key_cidrs && !expiresAt) return undefined;
  return { permissions: row.key_permissions, cidrs: row.key_cidrs, expires_at: expiresAt };
}

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

const networksOf = (row: KeyRow): readonly Network[] | undefined =>
  row.key_cidrs?.map((cidr) => ipaddr.parseCIDR(cidr));

/** Throws FORBIDDEN, with the address that was seen, if the key is not for it. */
function requireNetwork(
  networks: readonly Network[] | undefined,
  address: string,
  { userId, keyId, tenantId }: Caller & { kind: 'user' },
): void {
  if (networks === undefined) return;
  const seen = ipaddr.isValid(address) ? ipaddr.parse(address) : undefined;
  if (
    seen &&
    networks.some(([network, bits]) => seen.kind() === network.kind() && seen.match([network, bits] as never))
  )
    return;
  const allowed = networks.map(([network, bits]) => `${network.toString()}/${bits}`).join(', ');
  throw denied(forbidden(`this API key works only from ${allowed}, and this call came from ${address}`), {
    userId,
    keyId,
    tenantId,
  });
}
