-- The worker runs commands for whoever shows a ticket. The API's role no longer writes tickets: a function of the owner issues one for a key that
-- is sent along, after it has looked the key up again, so that a process without somebody's key has no ticket of theirs.

-- +goose Up

-- Whose key this is, and what it may do in the tenant, by the clock of the database; no row: it is not good there. The hash alone proves nothing,
-- since the API reads it. Where a call came from is the API's word: the network is checked so that a new limit holds at once.
-- +goose StatementBegin
create function prove_key(raw_key text, wanted_tenant uuid, address text)
returns table (key_id uuid, user_id uuid, user_role text, tenant_role text, is_limited boolean, permissions text[])
language plpgsql stable security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select a.key_id, a.user_id, a.user_role, a.membership_role, a.key_permissions is not null,
           case when a.key_permissions is null or a.permissions && '{*,full_access}' then coalesce(a.key_permissions, a.permissions)
             else array(select unnest(a.key_permissions) intersect select unnest(a.permissions)) end
    from authenticate_keys(array[encode(sha256(convert_to(raw_key, 'UTF8')), 'hex')], array[wanted_tenant]) a
    where a.revoked_at is null and (a.expires_at is null or a.expires_at > clock_timestamp())
      and a.user_closed_at is null and a.user_suspension is null
      and a.tenant_id = wanted_tenant and a.tenant_status = 'active' and a.membership_role is not null and not a.lacks_second_factor
      and (a.key_permissions is null or a.key_tenant_id = wanted_tenant)
      and (a.key_cidrs is null or address::inet <<= any (a.key_cidrs::cidr[]));
end
$$;
-- +goose StatementEnd

delete from stream_tickets;
alter table stream_tickets
    add column key_id uuid not null,
    -- what the key might do in the tenant when the ticket was issued
    add column permissions varchar(100)[] not null,
    add column target_id varchar(255),
    -- for the audit row: the input without its secrets, and where the call came from, as the API tells it
    add column metadata jsonb not null default '{}',
    add column ip_address varchar(45),
    add column user_agent varchar(512),
    add column request_id varchar(128) not null default '';

-- +goose StatementBegin
create function issue_ticket(raw_key text, for_tenant uuid, address text, new_hash text, wanted_operation text, wanted_target text, wanted_spec jsonb,
    said jsonb, said_request text, said_agent text)
returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into stream_tickets (ticket_hash, tenant_id, user_id, key_id, permissions, operation, target_id, spec, metadata, ip_address, user_agent,
      request_id, expires_at)
    select new_hash, for_tenant, proven.user_id, proven.key_id, proven.permissions, wanted_operation, wanted_target, wanted_spec, said, address,
      said_agent, said_request, clock_timestamp() + interval '30 seconds'
    from prove_key(raw_key, for_tenant, address) proven;
  return found;
end
$$;
-- +goose StatementEnd

revoke execute on function prove_key(text, uuid, text), issue_ticket(text, uuid, text, text, text, text, jsonb, jsonb, text, text) from public;
grant execute on function issue_ticket(text, uuid, text, text, text, text, jsonb, jsonb, text, text) to cloud_api;
revoke insert on stream_tickets from cloud_api, cloud_worker;

-- +goose Down
grant insert on stream_tickets to cloud_api, cloud_worker;
drop function issue_ticket(text, uuid, text, text, text, text, jsonb, jsonb, text, text);
alter table stream_tickets drop column request_id, drop column user_agent, drop column ip_address, drop column metadata, drop column target_id,
    drop column permissions, drop column key_id;
drop function prove_key(text, uuid, text);
