-- Users whom the operator has suspended, and the reasons that they and the members of a suspended tenant are told.

-- +goose Up
alter table users add column suspended_at timestamptz;
alter table users add column suspended_reason varchar(500);
create index idx_users_suspended on users(id) where suspended_at is not null;
grant select (suspended_at, suspended_reason), update (suspended_at, suspended_reason) on users to cloud_operator;
create trigger announce_suspension after update of suspended_at on users for each row execute function announce_authority('user', 'id');

-- As in 021, and why the user or the tenant is suspended.
drop function authenticate_aws_keys(text[]);
drop function authenticate_keys(text[], uuid[]);
-- +goose StatementBegin
create function authenticate_keys(hashes text[], tenants uuid[] default null)
returns table (
    place int, key_id uuid, key_kind text, key_hash text, key_tenant_id uuid, key_permissions text[], key_cidrs text[],
    expires_at timestamptz, revoked_at timestamptz, last_used timestamptz,
    user_id uuid, email text, user_name text, user_role text, user_closed_at timestamptz,
    tenant_id uuid, tenant_name text, tenant_slug text, tenant_status text, account_number text, membership_role text, permissions text[],
    lacks_second_factor boolean, user_suspension text, tenant_status_reason text)
language plpgsql stable security definer rows 10 set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  return query
    select q.place::int, k.id, k.kind::text, k.key::text, k.tenant_id, k.permissions::text[], k.cidrs::text[],
           k.expires_at, k.revoked_at, k.last_used,
           u.id, u.email::text, u.name::text, u.role::text, u.closed_at,
           t.id, t.name::text, t.slug::text, t.status::text, t.account_number::text, m.role::text,
           coalesce((
             select array_agg(p.permission::text) from (
               select rp.permission from roles r join role_permissions rp on rp.role_id = r.id where r.built_in and r.name = m.role
               union all
               select tp.permission from tenant_roles tr join tenant_role_permissions tp on tp.role_id = tr.id
               where tr.tenant_id = t.id and tr.name = m.role
             ) p), '{}'),
           coalesce(t.require_second_factor and not exists (
             select from second_factors f where f.user_id = u.id and f.confirmed_at is not null), false),
           case when u.suspended_at is not null then coalesce(u.suspended_reason, '')::text end, t.status_reason::text
    from unnest(hashes, tenants) with ordinality as q(hash, wanted, place)
    join api_keys k on k.key = q.hash
    join users u on u.id = k.user_id
    left join tenants t on t.id = coalesce(q.wanted, k.tenant_id, u.default_tenant_id)
    left join memberships m on m.tenant_id = t.id and m.user_id = u.id;
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function authenticate_aws_keys(access_key_ids text[])
returns table (
    place int, key_id uuid, key_kind text, key_hash text, key_tenant_id uuid, key_permissions text[], key_cidrs text[],
    expires_at timestamptz, revoked_at timestamptz, last_used timestamptz,
    user_id uuid, email text, user_name text, user_role text, user_closed_at timestamptz,
    tenant_id uuid, tenant_name text, tenant_slug text, tenant_status text, account_number text, membership_role text, permissions text[],
    lacks_second_factor boolean, user_suspension text, tenant_status_reason text, access_key_id text, secret_sealed text)
language plpgsql stable security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select q.place::int, a.key_id, a.key_kind, a.key_hash, a.key_tenant_id, a.key_permissions, a.key_cidrs, a.expires_at, a.revoked_at,
           a.last_used, a.user_id, a.email, a.user_name, a.user_role, a.user_closed_at, a.tenant_id, a.tenant_name, a.tenant_slug,
           a.tenant_status, a.account_number, a.membership_role, a.permissions, a.lacks_second_factor,
           a.user_suspension, a.tenant_status_reason, k.aws_access_key_id::text, k.aws_secret_sealed
    from unnest(access_key_ids) with ordinality as q(id, place)
    join api_keys k on k.aws_access_key_id = q.id
    cross join lateral authenticate_keys(array[k.key::text]) a;
end
$$;
-- +goose StatementEnd
revoke execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) from public;
grant execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) to cloud_api, cloud_worker;

-- +goose Down
drop function authenticate_aws_keys(text[]);
drop function authenticate_keys(text[], uuid[]);
-- +goose StatementBegin
create function authenticate_keys(hashes text[], tenants uuid[] default null)
returns table (
    place int, key_id uuid, key_kind text, key_hash text, key_tenant_id uuid, key_permissions text[], key_cidrs text[],
    expires_at timestamptz, revoked_at timestamptz, last_used timestamptz,
    user_id uuid, email text, user_name text, user_role text, user_closed_at timestamptz,
    tenant_id uuid, tenant_name text, tenant_slug text, tenant_status text, account_number text, membership_role text, permissions text[],
    lacks_second_factor boolean)
language plpgsql stable security definer rows 10 set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  return query
    select q.place::int, k.id, k.kind::text, k.key::text, k.tenant_id, k.permissions::text[], k.cidrs::text[],
           k.expires_at, k.revoked_at, k.last_used,
           u.id, u.email::text, u.name::text, u.role::text, u.closed_at,
           t.id, t.name::text, t.slug::text, t.status::text, t.account_number::text, m.role::text,
           coalesce((
             select array_agg(p.permission::text) from (
               select rp.permission from roles r join role_permissions rp on rp.role_id = r.id where r.built_in and r.name = m.role
               union all
               select tp.permission from tenant_roles tr join tenant_role_permissions tp on tp.role_id = tr.id
               where tr.tenant_id = t.id and tr.name = m.role
             ) p), '{}'),
           coalesce(t.require_second_factor and not exists (
             select from second_factors f where f.user_id = u.id and f.confirmed_at is not null), false)
    from unnest(hashes, tenants) with ordinality as q(hash, wanted, place)
    join api_keys k on k.key = q.hash
    join users u on u.id = k.user_id
    left join tenants t on t.id = coalesce(q.wanted, k.tenant_id, u.default_tenant_id)
    left join memberships m on m.tenant_id = t.id and m.user_id = u.id;
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function authenticate_aws_keys(access_key_ids text[])
returns table (
    place int, key_id uuid, key_kind text, key_hash text, key_tenant_id uuid, key_permissions text[], key_cidrs text[],
    expires_at timestamptz, revoked_at timestamptz, last_used timestamptz,
    user_id uuid, email text, user_name text, user_role text, user_closed_at timestamptz,
    tenant_id uuid, tenant_name text, tenant_slug text, tenant_status text, account_number text, membership_role text, permissions text[],
    lacks_second_factor boolean, access_key_id text, secret_sealed text)
language plpgsql stable security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select q.place::int, a.key_id, a.key_kind, a.key_hash, a.key_tenant_id, a.key_permissions, a.key_cidrs, a.expires_at, a.revoked_at,
           a.last_used, a.user_id, a.email, a.user_name, a.user_role, a.user_closed_at, a.tenant_id, a.tenant_name, a.tenant_slug,
           a.tenant_status, a.account_number, a.membership_role, a.permissions, a.lacks_second_factor, k.aws_access_key_id::text, k.aws_secret_sealed
    from unnest(access_key_ids) with ordinality as q(id, place)
    join api_keys k on k.aws_access_key_id = q.id
    cross join lateral authenticate_keys(array[k.key::text]) a;
end
$$;
-- +goose StatementEnd
revoke execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) from public;
grant execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) to cloud_api, cloud_worker;
drop trigger announce_suspension on users;
alter table users drop column suspended_reason, drop column suspended_at;
