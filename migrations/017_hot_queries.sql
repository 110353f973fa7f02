-- What keeps hot statements from reading or sorting a tenant's rows: indexes in the order of each, and labels as rows.

-- +goose Up

-- Labels. Under row-level security PostgreSQL takes only leakproof operators into an index condition: equality of texts and uuids is leakproof,
-- containment of jsonb is not, so the GIN index was never used. These rows follow from instances.labels and are written by nobody else.
create table instance_labels (
    tenant_id uuid not null,
    resource_id uuid not null,
    key text not null,
    value text not null,
    primary key (tenant_id, resource_id, key),
    foreign key (tenant_id, resource_id) references instances(tenant_id, id) on delete cascade
);
create index idx_instance_labels_key on instance_labels(tenant_id, key, resource_id);
create index idx_instance_labels_value on instance_labels(tenant_id, key, value, resource_id);
select secure_tenant_table('instance_labels');
grant select on instance_labels to cloud_api, cloud_worker;
drop index idx_instances_labels;

-- By statement for new rows, which come in numbers; by row for changed ones, since a statement trigger would run for each status too.
-- +goose StatementBegin
create function write_labels_of_new() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into instance_labels (tenant_id, resource_id, key, value)
  select made.tenant_id, made.id, label.key, label.value from made cross join jsonb_each_text(made.labels) as label
  where made.tenant_id is not null;
  return null;
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function write_labels_of_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from instance_labels where tenant_id = old.tenant_id and resource_id = old.id;
  insert into instance_labels (tenant_id, resource_id, key, value)
  select new.tenant_id, new.id, label.key, label.value from jsonb_each_text(new.labels) as label where new.tenant_id is not null;
  return null;
end
$$;
-- +goose StatementEnd
revoke execute on function write_labels_of_new(), write_labels_of_changed() from public;
create trigger write_labels_of_new after insert on instances referencing new table as made for each statement execute function write_labels_of_new();
create trigger write_labels_of_changed after update of labels on instances for each row
    when (old.labels is distinct from new.labels) execute function write_labels_of_changed();
insert into instance_labels (tenant_id, resource_id, key, value)
select i.tenant_id, i.id, label.key, label.value from instances i cross join jsonb_each_text(i.labels) as label where i.tenant_id is not null;

-- Instances: a VPC's, newest first; what a tenant uses; machines by host go by idx_instances_host(host_id, id).
create index idx_instances_list_in_vpc on instances(vpc_id, tenant_id, id);
drop index idx_instances_vpc_id;
create index idx_instances_usage on instances(tenant_id, instance_type) where deleted_at is null;
drop index idx_instances_host_id;

-- Of two indexes that seem to lead to one row each, the planner takes the one with more columns in its condition: a key's look-up by id would
-- read all keys of the user without the id here.
drop index idx_api_keys_tenant_id;
create index idx_api_keys_tenant_id on api_keys(tenant_id, user_id, id);
-- Keys that are not revoked: a user's in a tenant, newest first; those that count for the quota; sessions, over all tenants.
create index idx_api_keys_list on api_keys(tenant_id, user_id, id) where revoked_at is null;
create index idx_api_keys_counted on api_keys(tenant_id, user_id, expires_at) where kind = 'api' and revoked_at is null;
create index idx_api_keys_sessions on api_keys(user_id, id) where kind = 'session' and revoked_at is null;

-- A VPC's owners, in the order in which they are woken.
create index idx_network_interfaces_owners on network_interfaces(vpc_id, owner_kind, owner_id);

-- The queue of work: what failed most, and what a host's worker holds.
create index idx_reconcile_stuck on reconcile((-attempts), kind, id) where attempts > 0;
create index idx_reconcile_leased on reconcile(host_id) where leased_until is not null;

-- +goose Down
drop index idx_reconcile_leased, idx_reconcile_stuck, idx_network_interfaces_owners, idx_api_keys_sessions, idx_api_keys_counted, idx_api_keys_list, idx_api_keys_tenant_id;
create index idx_api_keys_tenant_id on api_keys(tenant_id, user_id);
create index idx_instances_host_id on instances(host_id);
drop index idx_instances_usage;
create index idx_instances_vpc_id on instances(vpc_id, tenant_id);
drop index idx_instances_list_in_vpc;
create index idx_instances_labels on instances using gin (labels jsonb_path_ops);
drop trigger write_labels_of_changed on instances;
drop trigger write_labels_of_new on instances;
drop function write_labels_of_changed(), write_labels_of_new();
drop table instance_labels;
