-- The role of the data plane counts what a tenant's messages take by a statement of its own.

-- +goose Up
drop function queue_bytes_stored(uuid);

-- +goose Down
create function queue_bytes_stored(in_tenant uuid) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(sum(m.size + 512), 0)::bigint from queues q join queue_messages m on m.queue_id = q.id where q.tenant_id = in_tenant
$$;
revoke execute on function queue_bytes_stored(uuid) from public;
grant execute on function queue_bytes_stored(uuid) to cloud_api, cloud_operator, cloud_data;
