import type { Sql } from './sql/tx.ts';

/** The NOTIFY channel of wakes and nudges; the payload is the kind. */
export const WAKE_CHANNEL = 'cloud_wake';

export interface Wake {
  readonly kind: string;
  readonly id: string;
  readonly tenantId: string | null;
  /** Only this host's worker claims it. Null: any worker. */
  readonly hostId: string | null;
}

/**
 * Requests a pass immediately after a change of the spec, inside the caller's transaction (an outbox). A wake during a pass causes another
 * pass and resets the count of failures.
 */
export async function wake(sql: Sql, what: Wake): Promise<void> {
  await sql.query(
    'reconcile.wake',
    `with woken as (
       insert into reconcile as r (kind, id, tenant_id, host_id, priority, due_at, wakes, ready)
       values ($1, $2, $3, $4, 1, now(), 1, true)
       on conflict (kind, id) do update
         set wakes = r.wakes + 1, due_at = least(r.due_at, now()), priority = 1, ready = r.leased_until is null and r.parked_at is null,
             attempts = 0, failing_since = null, host_id = coalesce(excluded.host_id, r.host_id)
       returning 1)
     select pg_notify('${WAKE_CHANNEL}', $1) from woken`,
    [what.kind, what.id, what.tenantId, what.hostId],
  );
}

/**
 * Requests a pass after a change in the world: an engine's event, an inspection, another resource's pass. Unlike a wake, it does not shorten
 * a back-off, because a failing engine sends an event for each try and would start the next try immediately.
 */
export async function nudge(sql: Sql, what: Wake): Promise<void> {
  await sql.query(
    'reconcile.nudge',
    `with nudged as (
       insert into reconcile as r (kind, id, tenant_id, host_id, priority, due_at, nudges, ready)
       values ($1, $2, $3, $4, 1, now(), 1, true)
       on conflict (kind, id) do update
         set nudges = r.nudges + 1, priority = 1, host_id = coalesce(excluded.host_id, r.host_id),
             due_at = case when r.failing_since is null then least(r.due_at, now()) else r.due_at end,
             ready = case when r.failing_since is null then r.leased_until is null and r.parked_at is null else r.ready end
       returning failing_since)
     select pg_notify('${WAKE_CHANNEL}', $1) from nudged where failing_since is null`,
    [what.kind, what.id, what.tenantId, what.hostId],
  );
}

export interface Claim {
  readonly kind: string;
  readonly id: string;
  readonly tenant_id: string | null;
  readonly lease_token: string;
  readonly attempts: number;
  /** Milliseconds since the first of these attempts. */
  readonly failing_ms: number;
  /** In the order in which the tenants took turns. */
  readonly place: number;
}

export interface Wanted {
  readonly kind: string;
  /** How many rows at most. */
  readonly slots: number;
  /** The tenant that was served last: the one behind it is first now. */
  readonly after: string | null;
  /** Milliseconds: no nap of this kind is longer. What sleeps for longer than that was put to sleep before the clock was set back: it is due. */
  readonly longestNapMs?: number;
  /** How many rows one tenant may have in hand at most; default: no limit. What has no tenant is not counted. */
  readonly share?: number;
  /** Of which tenants rows are in hand already. */
  readonly busy?: readonly { readonly tenant: string; readonly count: number }[];
}

/** How many rows of a kind a claim finds due; more than it takes, so that tenants take turns among them. */
const RIPEN = 50;
/** The groups of rows without a host and without a tenant, as the migration writes them. */
const NO_HOST = '00000000-0000-0000-0000-000000000000';
const NO_TENANT = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const CLAIMABLE = `ready and kind = t.kind and host_group = t.host
       and (kind, id) not in (select kind, id from json_to_recordset($4) as in_hand(kind text, id uuid))`;

const TAKE_CHOSEN = `update reconcile r
       set lease_token = gen_random_uuid(), leased_until = now() + make_interval(secs => $3::float8 / 1000), attempts = r.attempts + 1,
           -- A thing stays on its host; a sweep has none.
           ready = false, host_id = case when r.kind like 'sweep:%' then null else coalesce(r.host_id, $2) end, claimed_wakes = r.wakes,
           claimed_nudges = r.nudges, failing_since = coalesce(r.failing_since, now()),
           due_at = now() + least(interval '60 seconds', interval '0.5 seconds' * power(2, least(r.attempts, 10)))
       from chosen where r.kind = chosen.kind and r.id = chosen.id
       returning r.kind, r.id, r.tenant_id, r.lease_token, r.attempts,
         (extract(epoch from now() - r.failing_since) * 1000)::float8 as failing_ms, chosen.place::int`;

/**
 * Takes due rows of several kinds in one round trip, in turn between tenants: an index leads from tenant to tenant, so that what waits
 * costs nothing. What is in hand already is left alone. The back-off is charged here, not at the failure, so that a pass that kills its
 * process backs off too: 0.5 s, doubling, at most 60 s.
 */
export async function claim(
  sql: Sql,
  wanted: readonly Wanted[],
  inHand: readonly Pick<Claim, 'kind' | 'id'>[],
  hostId: string,
  leaseMs: number,
): Promise<readonly Claim[]> {
  // A tenant that has its share gets none, but is on the way to the next one.
  const kinds = JSON.stringify(
    wanted.map((one) => ({
      ...one,
      steps:
        one.slots + (one.busy ?? []).filter(({ count }) => count >= (one.share ?? Number.POSITIVE_INFINITY)).length,
    })),
  );
  const [, claims] = await Promise.all([
    sql.query(
      'reconcile.ripen',
      `with ripe as (
         select due.kind, due.id from json_to_recordset($1) as t(kind text) cross join lateral (
           select kind, id from reconcile where not ready and parked_at is null and kind = t.kind and greatest(due_at, leased_until) <= now()
           order by greatest(due_at, leased_until) limit ${RIPEN} for update skip locked) as due
         union all
         select late.kind, late.id from json_to_recordset($1) as t(kind text, "longestNapMs" float8) cross join lateral (
           select kind, id from reconcile where not ready and parked_at is null and kind = t.kind
             and greatest(due_at, leased_until) > now() + make_interval(secs => t."longestNapMs" / 1000)
           order by greatest(due_at, leased_until) desc limit ${RIPEN} for update skip locked) as late)
       update reconcile r set ready = true, leased_until = null, lease_token = null, due_at = least(r.due_at, now())
       from ripe where r.kind = ripe.kind and r.id = ripe.id`,
      [kinds],
    ),
    sql.query<Claim>(
      'reconcile.claim',
      `with recursive
       wanted as (select * from json_to_recordset($1) as w(kind text, slots int, steps int, after uuid, share int, busy json)),
       busy as (select w.kind, b.tenant, b.count from wanted w cross join lateral json_to_recordset(w.busy) as b(tenant uuid, count int)),
       -- as many tenants as there are slots: those behind the one served last, and then from the first on
       tenant as (
         select kind, slots, steps, share, host, lap, low as tenant, high, 0 as step
         from wanted cross join unnest(array[$2::uuid, '${NO_HOST}']) as host cross join lateral (
           values (1, coalesce(after, '${NO_TENANT}'), '${NO_TENANT}'::uuid), (2, '${NO_HOST}', coalesce(after, '${NO_TENANT}'))) as range(lap, low, high)
         union all
         select t.kind, t.slots, t.steps, t.share, t.host, t.lap, next.tenant_group, t.high, t.step + 1
         from tenant t cross join lateral (
           select tenant_group from reconcile where ${CLAIMABLE} and tenant_group > t.tenant and tenant_group <= t.high
           order by tenant_group limit 1) as next
         where t.step < t.steps),
       -- twice as many rows of each as it could get: another worker may be taking the first
       candidate as (
         select t.kind, t.lap, t.tenant, row.id, row_number() over (partition by t.kind, t.tenant order by row.priority desc, row.due_at) as turn,
           case when t.tenant <> '${NO_TENANT}' then t.share - coalesce(b.count, 0) end as room
         from tenant t left join busy b on b.kind = t.kind and b.tenant = t.tenant cross join lateral (
           select id, priority, due_at from reconcile where ${CLAIMABLE} and tenant_group = t.tenant
           order by priority desc, due_at limit 2 * t.slots) as row
         where t.step > 0),
       -- locked one after the other until there are enough; read again under the lock, since another worker may have taken it
       chosen as (
         select w.kind, c.id, c.place from wanted w cross join lateral (
           select free.id, c.place
           from (select id, row_number() over (order by turn, lap, tenant) as place from candidate where kind = w.kind and (room is null or turn <= room) order by place) as c
           cross join lateral (
             select id from reconcile
             where kind = w.kind and id = c.id and greatest(due_at, leased_until) <= clock_timestamp() and host_group in ($2, '${NO_HOST}')
             for update skip locked) as free
           limit w.slots) as c)
       ${TAKE_CHOSEN}`,
      [kinds, hostId, leaseMs, JSON.stringify(inHand)],
    ),
  ]);
  return claims.sort((one, other) => one.place - other.place);
}

/** Takes at most `slots` parked rows that are due, the longest due first. */
export function claimParked(
  sql: Sql,
  kinds: readonly string[],
  slots: number,
  inHand: readonly Pick<Claim, 'kind' | 'id'>[],
  hostId: string,
  leaseMs: number,
): Promise<readonly Claim[]> {
  return sql.query<Claim>(
    'reconcile.claim_parked',
    `with chosen as (
       select kind, id, row_number() over () as place from (
         select kind, id from reconcile
         where parked_at is not null and kind = any($1) and host_group in ($2, '${NO_HOST}') and greatest(due_at, leased_until) <= clock_timestamp()
           and (kind, id) not in (select kind, id from json_to_recordset($4) as in_hand(kind text, id uuid))
         order by due_at limit $5 for update skip locked) as due)
     ${TAKE_CHOSEN}`,
    [kinds, hostId, leaseMs, JSON.stringify(inHand), slots],
  );
}

/** Renews a lease. False if another worker has it. */
export async function extendLease(sql: Sql, held: Claim, leaseMs: number): Promise<boolean> {
  const rows = await sql.query(
    'reconcile.extend',
    `update reconcile set leased_until = now() + make_interval(secs => $4::float8 / 1000)
     where kind = $1 and id = $2 and lease_token = $3 returning 1 as ok`,
    [held.kind, held.id, held.lease_token, leaseMs],
  );
  return rows.length === 1;
}

/** Checks, last in a transaction, that the lease is still ours, and holds the row until the end. */
export async function isHeld(sql: Sql, held: Claim): Promise<boolean> {
  const rows = await sql.query(
    'reconcile.check_lease',
    'select 1 as ok from reconcile where kind = $1 and id = $2 and lease_token = $3 for update',
    [held.kind, held.id, held.lease_token],
  );
  return rows.length === 1;
}

/** Consecutive failed passes before work counts as stuck: about 15 s of back-off. */
export const STUCK_AFTER = 5;

const UNTOUCHED = 'wakes = claimed_wakes and nudges = claimed_nudges';

/**
 * Ends a successful pass. The next one starts after `napMs`, or immediately if there was a wake or a nudge during it. `because` tells the
 * operator why the platform gave up; an empty text keeps the previous reason. The work is then listed as stuck until a wake.
 */
export async function settle(sql: Sql, held: Claim, napMs: number, because?: string): Promise<void> {
  await sql.query(
    'reconcile.settle',
    `update reconcile
     set leased_until = null, lease_token = null, failing_since = null, parked_at = null,
         settled_at = case when $5::text is null then now() else settled_at end,
         attempts = case when $5::text is null then 0 else greatest(attempts, ${STUCK_AFTER}) end,
         last_error = case when $5::text = '' then last_error else $5 end,
         priority = case when ${UNTOUCHED} then 0 else 1 end,
         due_at = case when ${UNTOUCHED} then now() + make_interval(secs => $4::float8 / 1000) else now() end
     where kind = $1 and id = $2 and lease_token = $3`,
    [held.kind, held.id, held.lease_token, napMs, because?.slice(0, 2000) ?? null],
  );
}

/** Ends a failed pass. The back-off that the claim charged stands, unless there was a wake; a nudge does not change it. */
export async function fail(sql: Sql, held: Claim, message: string): Promise<void> {
  await sql.query(
    'reconcile.fail',
    `update reconcile
     set leased_until = null, lease_token = null, last_error = $4, due_at = case when wakes = claimed_wakes then due_at else now() end
     where kind = $1 and id = $2 and lease_token = $3`,
    [held.kind, held.id, held.lease_token, message.slice(0, 2000)],
  );
}

/** Shortest and longest time, in milliseconds, until parked work is tried again. */
const PARK_MS = 60_000;
const LONGEST_PARK_MS = 600_000;

/**
 * Ends a pass that held a lane for long and got nowhere, and would again: the work leaves the lanes of its kind for a few that parked work
 * has, is listed as stuck, and is tried after one minute, then two, four, at most ten. A wake brings the next try forward, and no more than
 * that. A pass that succeeds takes the work back.
 */
export async function park(sql: Sql, held: Claim, because: string): Promise<void> {
  const napMs = Math.min(LONGEST_PARK_MS, PARK_MS * 2 ** Math.max(0, held.attempts - STUCK_AFTER));
  await sql.query(
    'reconcile.park',
    `update reconcile
     set leased_until = null, lease_token = null, parked_at = coalesce(parked_at, now()), last_error = $4, ready = false,
         attempts = greatest(attempts, ${STUCK_AFTER}),
         due_at = case when wakes = claimed_wakes then now() + make_interval(secs => $5::float8 / 1000) else now() end
     where kind = $1 and id = $2 and lease_token = $3`,
    [held.kind, held.id, held.lease_token, because.slice(0, 2000), napMs],
  );
}

/** Removes the row of a resource that is gone. A wake or nudge during the pass keeps the row for another pass. */
export async function forget(sql: Sql, held: Claim): Promise<void> {
  await sql.query(
    'reconcile.forget',
    `with kept as (
       update reconcile set leased_until = null, lease_token = null, due_at = now()
       where kind = $1 and id = $2 and lease_token = $3 and not (${UNTOUCHED}) returning 1)
     delete from reconcile where kind = $1 and id = $2 and lease_token = $3 and ${UNTOUCHED}`,
    [held.kind, held.id, held.lease_token],
  );
}

/** Frees what a dead worker of this host held. Only for who holds the host's lock. */
export async function releaseHostLeases(sql: Sql, hostId: string): Promise<number> {
  const rows = await sql.query(
    'reconcile.release_host',
    `update reconcile set leased_until = null, lease_token = null, due_at = least(due_at, now())
     where host_id = $1 and leased_until is not null returning 1 as ok`,
    [hostId],
  );
  return rows.length;
}
