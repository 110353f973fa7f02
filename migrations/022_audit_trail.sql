-- The audit trail: the key of each act, an index for each filter, checkpoints over a hash tree for each tenant, archives and retention.

-- +goose Up
-- Which key it was. No reference: keys are pruned, the trail keeps what they did.
alter table audit_logs add column key_id uuid;
-- `instance` of `instance.launch`: a filter by `instance.*` is a comparison that an index serves below the policies.
alter table audit_logs add column action_group varchar(100) not null generated always as (split_part(action, '.', 1)) stored;
alter table audit_logs drop constraint audit_logs_seq_key;
drop index idx_audit_logs_tenant_seq, idx_audit_logs_user_id, idx_audit_logs_created_at;
create index idx_audit_logs_user_id on audit_logs(user_id, created_at, seq);
create index idx_audit_logs_created_at on audit_logs(created_at, seq);
create index idx_audit_logs_tenant on audit_logs(tenant_id, created_at, seq);
create index idx_audit_logs_action on audit_logs(tenant_id, action, created_at, seq);
create index idx_audit_logs_action_group on audit_logs(tenant_id, action_group, created_at, seq);
create index idx_audit_logs_resource_type on audit_logs(tenant_id, resource_type, created_at, seq);
create index idx_audit_logs_resource_id on audit_logs(tenant_id, resource_id, created_at, seq) where resource_id is not null;
create index idx_audit_logs_key_id on audit_logs(key_id, created_at, seq) where key_id is not null;
create index idx_audit_logs_request_id on audit_logs(request_id, created_at, seq) where request_id is not null;
create index idx_audit_logs_refused on audit_logs(tenant_id, created_at, seq) where outcome = 'refused';
create index idx_audit_logs_all_refused on audit_logs(created_at, seq) where outcome = 'refused';
-- In the order of checkpoints, over all tenants and for an export.
create index idx_audit_logs_xid on audit_logs(xid, seq);
create index idx_audit_logs_tenant_xid on audit_logs(tenant_id, xid, seq);

-- Nobody chooses seq and xid: by them a checkpoint knows that it has every row.
revoke insert on audit_logs from cloud_api, cloud_worker, cloud_operator;
grant insert (id, user_id, tenant_id, action, resource_type, resource_id, metadata, actor, ip_address, user_agent, request_id, outcome, key_id)
    on audit_logs to cloud_api, cloud_worker, cloud_operator;

-- A slip of the owner's is refused too. Who means to forge can drop the trigger, and is found by the checkpoints.
-- +goose StatementBegin
create function refuse_audit_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'audit_logs: rows are never changed; they leave by retention, after they were archived' using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd
revoke execute on function refuse_audit_change() from public;
create trigger refuse_change before update or truncate on audit_logs for each statement execute function refuse_audit_change();

drop policy worker_prunes_archived on audit_logs;
drop table audit_checkpoints;

-- Public keys of the worker's signing keys: 32 bytes in base64.
create table audit_keys (
    version int primary key,
    public_key varchar(44) not null unique,
    created_at timestamptz not null default now()
);

-- The signed chain: each covers the rows of a range of transactions, the first from 0, every other from where the one before ended.
create table audit_checkpoints (
    number bigint primary key,
    from_xid xid8 not null,
    to_xid xid8 not null,
    root char(64) not null,
    previous_hash char(64) not null,
    hash char(64) not null,
    key_version int not null references audit_keys(version),
    signature varchar(88) not null,
    created_at timestamptz not null,
    -- the file in the data folder that has its rows
    archive varchar(255),
    archived_at timestamptz
);
create unique index idx_audit_checkpoints_to_xid on audit_checkpoints(to_xid);
create index idx_audit_checkpoints_created_at on audit_checkpoints(created_at);
create index idx_audit_checkpoints_unarchived on audit_checkpoints(number) where archived_at is null;
create index idx_audit_checkpoints_key_version on audit_checkpoints(key_version);

-- What a checkpoint covers of one tenant; of rows without a tenant, of the tenant 00000000-0000-0000-0000-000000000000.
create table audit_entries (
    tenant_id uuid not null,
    number bigint not null,
    checkpoint_number bigint not null references audit_checkpoints(number),
    row_count bigint not null,
    root char(64) not null,
    previous_hash char(64) not null,
    hash char(64) not null,
    -- the steps from its hash to the checkpoint's root
    path text[] not null,
    primary key (tenant_id, number)
);
create unique index idx_audit_entries_checkpoint on audit_entries(checkpoint_number, tenant_id);
create index idx_audit_entries_tenant_checkpoint on audit_entries(tenant_id, checkpoint_number);

-- Leaves of an entry's tree, 48 bytes a row: id and hash. They go with the rows.
create table audit_leaves (
    tenant_id uuid not null,
    number bigint not null,
    checkpoint_number bigint not null references audit_checkpoints(number),
    leaves bytea not null,
    primary key (tenant_id, number),
    foreign key (tenant_id, number) references audit_entries(tenant_id, number)
);
-- Hashes cannot be compressed.
alter table audit_leaves alter column leaves set storage external;
create index idx_audit_leaves_checkpoint on audit_leaves(checkpoint_number, tenant_id);

-- Null: the platform's default.
alter table tenants add column audit_retention_days int check (audit_retention_days > 0);
grant update (audit_retention_days) on tenants to cloud_api;

select secure_tenant_table(name::regclass) from unnest(array['audit_entries', 'audit_leaves']) as name;
grant select on audit_keys, audit_checkpoints to cloud_api, cloud_operator;
grant select, insert on audit_keys, audit_checkpoints to cloud_worker;
grant update (archive, archived_at) on audit_checkpoints to cloud_worker;
grant select on audit_entries, audit_leaves to cloud_api;
grant select, insert on audit_entries to cloud_worker;
grant select, insert, delete on audit_leaves to cloud_worker;

-- Rows and leaves stay until the checkpoint that covers them is archived, whatever a pruning statement says.
create policy worker_prunes_archived on audit_logs as restrictive for delete to cloud_worker
    using ((select case when c.from_xid <= xid then c.archived_at end from audit_checkpoints c where c.to_xid > xid order by c.to_xid limit 1) is not null);
create policy worker_prunes_archived on audit_leaves as restrictive for delete to cloud_worker
    using ((select c.archived_at from audit_checkpoints c where c.number = checkpoint_number) is not null);

-- Whose trail it is, for a filter by e-mail address: found only if this user is in the trail of the transaction's tenant, so that nobody
-- learns who else has an account.
-- +goose StatementBegin
create function find_audit_user(wanted_email text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select u.id from users u
  where lower(u.email) = lower(wanted_email)
    and exists (select from audit_logs a where a.user_id = u.id
      and a.tenant_id = nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid)
$$;
-- +goose StatementEnd
revoke execute on function find_audit_user(text) from public;
grant execute on function find_audit_user(text) to cloud_api;

-- +goose Down
drop function find_audit_user(text);
drop policy worker_prunes_archived on audit_leaves;
drop policy worker_prunes_archived on audit_logs;
alter table tenants drop column audit_retention_days;
drop table audit_leaves, audit_entries, audit_checkpoints, audit_keys;
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
grant select on audit_checkpoints to cloud_api, cloud_operator;
grant select, insert on audit_checkpoints to cloud_worker;
grant update (archived_at) on audit_checkpoints to cloud_worker;
create policy worker_prunes_archived on audit_logs as restrictive for delete to cloud_worker
    using (exists (select from audit_checkpoints c where c.to_seq >= seq and c.from_seq <= seq and c.archived_at is not null));
drop trigger refuse_change on audit_logs;
drop function refuse_audit_change();
revoke insert (id, user_id, tenant_id, action, resource_type, resource_id, metadata, actor, ip_address, user_agent, request_id, outcome, key_id)
    on audit_logs from cloud_api, cloud_worker, cloud_operator;
grant insert on audit_logs to cloud_api, cloud_worker, cloud_operator;
drop index idx_audit_logs_tenant_xid, idx_audit_logs_xid, idx_audit_logs_all_refused, idx_audit_logs_refused, idx_audit_logs_request_id,
    idx_audit_logs_key_id, idx_audit_logs_resource_id, idx_audit_logs_resource_type, idx_audit_logs_action_group, idx_audit_logs_action,
    idx_audit_logs_tenant, idx_audit_logs_created_at, idx_audit_logs_user_id;
create index idx_audit_logs_user_id on audit_logs(user_id);
create index idx_audit_logs_created_at on audit_logs(created_at);
create index idx_audit_logs_tenant_seq on audit_logs(tenant_id, seq);
alter table audit_logs add constraint audit_logs_seq_key unique (seq);
alter table audit_logs drop column action_group, drop column key_id;
