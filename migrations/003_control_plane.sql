-- What every service stands on: hosts, the queue of reconciliation, idempotency, tickets for live streams, audit and events.

-- +goose Up
create table hosts (
    id uuid primary key default gen_random_uuid(),
    name varchar(255) not null unique,
    vcpus int not null,
    memory_mb int not null,
    disk_gb int not null,
    state varchar(50) not null default 'up',
    last_seen_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- The queue of work: one row for each thing that is kept as it is wanted. No foreign keys: a row outlives or precedes its resource.
create table reconcile (
    kind varchar(50) not null,
    id uuid not null,
    tenant_id uuid,
    host_id uuid,
    -- higher goes first within a tenant
    priority smallint not null default 0,
    due_at timestamptz not null default now(),
    wakes bigint not null default 1,
    claimed_wakes bigint,
    attempts int not null default 0,
    leased_until timestamptz,
    lease_token uuid,
    leased_by varchar(255),
    last_error text,
    -- the version of the spec that last_error is final for; a newer version is tried again
    generation bigint,
    created_at timestamptz not null default now(),
    primary key (kind, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
-- What is due, oldest first; and what is due of one tenant, so that a claim can take a few of each.
create index idx_reconcile_due on reconcile(kind, due_at);
create index idx_reconcile_tenant_due on reconcile(kind, tenant_id, priority desc, due_at);

create table idempotency_keys (
    tenant_id uuid not null references tenants(id),
    operation varchar(100) not null,
    key varchar(255) not null,
    request_hash char(64) not null,
    -- what was made; never a response, which may hold a secret
    resource_id varchar(255),
    status varchar(50) not null default 'done',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (tenant_id, operation, key)
);
create index idx_idempotency_keys_expires_at on idempotency_keys(expires_at);

-- Single-use tickets for live streams: the API writes one, the worker takes it away.
create table stream_tickets (
    ticket_hash char(64) primary key,
    tenant_id uuid not null,
    user_id uuid not null,
    operation varchar(100) not null,
    spec jsonb not null,
    expires_at timestamptz not null
);
create index idx_stream_tickets_expires_at on stream_tickets(expires_at);

-- seq orders rows and xid says which transaction wrote them: rows commit out of order, so readers that follow the tail stay below
-- pg_snapshot_xmin(pg_current_snapshot()).
create table audit_logs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    action varchar(100) not null,
    resource_type varchar(100) not null,
    resource_id varchar(255),
    metadata jsonb,
    created_at timestamptz not null default now(),
    -- null: nothing to do with a tenant (a failed login)
    tenant_id uuid references tenants(id),
    seq bigint not null generated always as identity unique,
    xid xid8 not null default pg_current_xact_id(),
    -- who acted when it was no person: system:reaper
    actor varchar(255),
    ip_address varchar(45),
    user_agent varchar(512),
    request_id varchar(128),
    -- allowed, refused
    outcome varchar(20) not null default 'allowed'
);
create index idx_audit_logs_user_id on audit_logs(user_id);
create index idx_audit_logs_created_at on audit_logs(created_at);
create index idx_audit_logs_tenant_seq on audit_logs(tenant_id, seq);

create table events (
    id uuid primary key default gen_random_uuid(),
    event_type varchar(100) not null,
    resource_id varchar(255) not null,
    resource_type varchar(100) not null,
    metadata jsonb,
    created_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    seq bigint not null generated always as identity unique,
    xid xid8 not null default pg_current_xact_id(),
    -- who caused it; no reference, events come and go in great numbers
    user_id uuid,
    actor varchar(255)
);
create index idx_events_resource_id on events(resource_id);
create index idx_events_created_at on events(created_at);
create index idx_events_tenant_seq on events(tenant_id, seq);

-- Signed chain over the audit log: each checkpoint covers a range of seq and the checkpoint before it.
create table audit_checkpoints (
    id bigint primary key generated always as identity,
    from_seq bigint not null,
    to_seq bigint not null check (to_seq >= from_seq),
    row_count bigint not null,
    rows_hash char(64) not null,
    previous_hash char(64),
    signature text not null,
    key_version int not null,
    archived_at timestamptz,
    created_at timestamptz not null default now()
);
create unique index idx_audit_checkpoints_to_seq on audit_checkpoints(to_seq);

select secure_tenant_table('reconcile');
select secure_tenant_table('idempotency_keys');
select secure_tenant_table('stream_tickets');

-- What nobody did, or somebody outside every tenant, is written down too (a failed login, a registration), and so is what a member did to
-- a tenant that is not the transaction's own (made it). Read is a tenant's trail in that tenant; what has none, by whom it is about.
-- +goose StatementBegin
do $$
declare
  target text;
begin
  foreach target in array array['audit_logs', 'events'] loop
    execute format('alter table %I enable row level security', target);
    execute format($f$
      create policy api_read on %I for select to cloud_api
        using (tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid)
          or tenant_id is null and user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid))$f$, target);
    execute format($f$
      create policy api_write on %I for insert to cloud_api
        with check (tenant_id is null
          or tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid)
          or tenant_id in (select m.tenant_id from memberships m
                           where m.user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid)))$f$, target);
    execute format($f$
      create policy worker_tenant on %I to cloud_worker
        using ((select current_setting('cloud.tenant_id', true)) = '*'
          or tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid))
        with check (tenant_id is null or (select current_setting('cloud.tenant_id', true)) = '*'
          or tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid))$f$, target);
  end loop;
end
$$;
-- +goose StatementEnd

grant select on hosts to cloud_api;
grant select, insert, update, delete on hosts to cloud_worker;
-- The API wakes; only a worker claims, settles and removes.
grant select, insert on reconcile to cloud_api;
grant update (tenant_id, host_id, priority, due_at, wakes) on reconcile to cloud_api;
grant select, insert, update, delete on reconcile to cloud_worker;
grant select, insert, update, delete on idempotency_keys to cloud_api, cloud_worker;
grant insert on stream_tickets to cloud_api;
grant select, insert, delete on stream_tickets to cloud_worker;
grant select, insert on audit_logs, events to cloud_api;
-- The worker prunes what is archived; nobody changes what is written.
grant select, insert, delete on audit_logs, events to cloud_worker;
grant select on audit_checkpoints to cloud_api;
grant select, insert on audit_checkpoints to cloud_worker;
grant update (archived_at) on audit_checkpoints to cloud_worker;

-- +goose Down
drop table audit_checkpoints, events, audit_logs, stream_tickets, idempotency_keys, reconcile, hosts;
