-- The queue of work is claimed from what is ready, tenant by tenant, and never reads what sleeps, what is leased, or what is for another host.

-- +goose Up
-- Due and without a lease, as far as a claim has looked. It keeps the index below small and says nothing of its own: due_at and leased_until
-- decide, so whoever writes those need not write this.
alter table reconcile add column ready boolean not null default false;
grant insert (ready), update (ready) on reconcile to cloud_api, cloud_operator;
-- No host and no tenant, written as ids: groups that have a place in an index's order.
alter table reconcile add column host_group uuid not null
    generated always as (coalesce(host_id, '00000000-0000-0000-0000-000000000000')) stored;
alter table reconcile add column tenant_group uuid not null
    generated always as (coalesce(tenant_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')) stored;

-- One step leads to the next tenant that has work, and one to what it waits for most.
create index idx_reconcile_ready on reconcile(kind, host_group, tenant_group, priority desc, due_at) where ready;
-- What becomes ready by time: the nap or the back-off is over, and so is the lease.
create index idx_reconcile_sleeping on reconcile(kind, greatest(due_at, leased_until)) where not ready;
drop index idx_reconcile_due, idx_reconcile_tenant_due;

-- +goose Down
create index idx_reconcile_due on reconcile(kind, due_at);
create index idx_reconcile_tenant_due on reconcile(kind, tenant_id, priority desc, due_at);
drop index idx_reconcile_ready, idx_reconcile_sleeping;
alter table reconcile drop column tenant_group, drop column host_group, drop column ready;
