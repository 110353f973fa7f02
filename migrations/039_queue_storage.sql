-- How much a tenant's messages take, and how much they may take, for the role of the data plane; and the index by which tasks that ended go.

-- +goose Up
create index idx_queue_move_tasks_ended on queue_move_tasks(updated_at) where status <> 'RUNNING';

-- Bytes of all messages that a tenant has stored, by the index alone: each counts 512 bytes for its row beside its size.
create function queue_bytes_stored(in_tenant uuid) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(sum(m.size + 512), 0)::bigint from queues q join queue_messages m on m.queue_id = q.id where q.tenant_id = in_tenant
$$;

-- What the operator lets a tenant store, in MB. Null: the service's default.
create function queue_megabytes_allowed(in_tenant uuid) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(
    (select max::bigint from quotas where tenant_id = in_tenant and resource = 'queue_messages_mb'),
    (select value::bigint from platform_settings where name = 'quota.queue_messages_mb'))
$$;

revoke execute on function queue_bytes_stored(uuid), queue_megabytes_allowed(uuid) from public;
grant execute on function queue_bytes_stored(uuid) to cloud_api, cloud_operator, cloud_data;
grant execute on function queue_megabytes_allowed(uuid) to cloud_data;

-- +goose Down
drop function queue_megabytes_allowed(uuid), queue_bytes_stored(uuid);
drop index idx_queue_move_tasks_ended;
