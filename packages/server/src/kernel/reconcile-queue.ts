import type { Sql } from './sql/tx.ts';

/** The channel on which a wake is announced; the payload is the kind. */
export const WAKE_CHANNEL = 'cloud_wake';

export interface Wake {
  readonly kind: string;
  readonly id: string;
  readonly tenantId: string | null;
  /** Only the worker of this host takes it; null: any worker. */
  readonly hostId: string | null;
}

/** Asks for a pass, inside the caller's transaction: the outbox for work. A wake during a pass makes another pass follow. */
export async function wake(sql: Sql, what: Wake): Promise<void> {
  await sql.query(
    'reconcile.wake',
    `with woken as (
       insert into reconcile as r (kind, id, tenant_id, host_id, priority, due_at, wakes)
       values ($1, $2, $3, $4, 1, now(), 1)
       on conflict (kind, id) do update
         set wakes = r.wakes + 1, due_at = least(r.due_at, now()), priority = 1, host_id = coalesce(excluded.host_id, r.host_id)
       returning 1)
     select pg_notify('${WAKE_CHANNEL}', $1) from woken`,
    [what.kind, what.id, what.tenantId, what.hostId],
  );
}

export interface Claim {
  readonly kind: string;
  readonly id: string;
  readonly tenant_id: string | null;
  readonly lease_token: string;
  readonly attempts: number;
}

/** Of how many due rows the fair ones are picked. */
const WINDOW = 500;

/**
 * Takes up to `slots` due rows of a kind, in turn between tenants. The back-off is charged here, not at the failure, so that a pass
 * that kills its process backs off too: 0.5 s, doubling, at most 60 s.
 */
export async function claim(
  sql: Sql,
  kind: string,
  hostId: string,
  slots: number,
  leaseMs: number,
): Promise<readonly Claim[]> {
  return sql.query<Claim>(
    'reconcile.claim',
    `with candidates as (
       select kind, id, priority, due_at, row_number() over (partition by tenant_id order by priority desc, due_at) as turn
       from (select kind, id, tenant_id, priority, due_at from reconcile
             where kind = $1 and due_at <= now() and (leased_until is null or leased_until < now()) and (host_id is null or host_id = $2)
             order by priority desc, due_at limit ${WINDOW}) as due),
     chosen as (
       select r.kind, r.id from reconcile r join candidates c on c.kind = r.kind and c.id = r.id
       where r.due_at <= now() and (r.leased_until is null or r.leased_until < now())
       order by c.turn, c.priority desc, c.due_at
       limit $3 for update of r skip locked)
     update reconcile r
     set lease_token = gen_random_uuid(), leased_until = now() + make_interval(secs => $4::float8 / 1000), attempts = r.attempts + 1,
         host_id = coalesce(r.host_id, $2),
         claimed_wakes = r.wakes, due_at = now() + least(interval '60 seconds', interval '0.5 seconds' * power(2, least(r.attempts, 10)))
     from chosen where r.kind = chosen.kind and r.id = chosen.id
     returning r.kind, r.id, r.tenant_id, r.lease_token, r.attempts`,
    [kind, hostId, slots, leaseMs],
  );
}

/** Prolongs a lease. False when it is no longer ours. */
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

/** Ends a pass that went well: the next one after `napMs`, or at once when a wake came meanwhile. */
export async function settle(sql: Sql, held: Claim, napMs: number): Promise<void> {
  await sql.query(
    'reconcile.settle',
    `update reconcile
     set leased_until = null, lease_token = null, attempts = 0, last_error = null, priority = case when wakes = claimed_wakes then 0 else 1 end,
         due_at = case when wakes = claimed_wakes then now() + make_interval(secs => $4::float8 / 1000) else now() end
     where kind = $1 and id = $2 and lease_token = $3`,
    [held.kind, held.id, held.lease_token, napMs],
  );
}

/** Ends a pass that threw: the back-off that was charged at the claim stands, but for a wake that came meanwhile. */
export async function fail(sql: Sql, held: Claim, message: string): Promise<void> {
  await sql.query(
    'reconcile.fail',
    `update reconcile
     set leased_until = null, lease_token = null, last_error = $4, due_at = case when wakes = claimed_wakes then due_at else now() end
     where kind = $1 and id = $2 and lease_token = $3`,
    [held.kind, held.id, held.lease_token, message.slice(0, 2000)],
  );
}

/** Ends the row with its thing. A wake that came meanwhile keeps it for another pass. */
export async function forget(sql: Sql, held: Claim): Promise<void> {
  await sql.query(
    'reconcile.forget',
    `with kept as (
       update reconcile set leased_until = null, lease_token = null, due_at = now()
       where kind = $1 and id = $2 and lease_token = $3 and wakes <> claimed_wakes returning 1)
     delete from reconcile where kind = $1 and id = $2 and lease_token = $3 and wakes = claimed_wakes`,
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
