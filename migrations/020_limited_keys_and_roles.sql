-- API keys that are limited to permissions and networks, announcements that name whose authority changed, and permissions to manage roles.

-- +goose Up

-- Null: not limited. A key never has more than its user's role has at the moment of the call.
alter table api_keys add column permissions varchar(100)[] check (cardinality(permissions) > 0);
alter table api_keys add column cidrs cidr[] check (cardinality(cidrs) > 0);
grant select (permissions, cidrs), update (permissions, cidrs) on api_keys to cloud_api;
-- The keys of all members of a tenant, newest first.
create index idx_api_keys_of_tenant on api_keys(tenant_id, id) where kind = 'api' and revoked_at is null;
-- Who has a role.
create index idx_memberships_role on memberships(tenant_id, role, user_id);

-- As in the second migration, with the limits of the key. The settings are those of the eighth.
drop function authenticate_aws_keys(text[]);
drop function authenticate_keys(text[], uuid[]);
-- +goose StatementBegin
create function authenticate_keys(hashes text[], tenants uuid[] default null)
returns table (
    place int, key_id uuid, key_kind text, key_hash text, key_tenant_id uuid, key_permissions text[], key_cidrs text[],
    expires_at timestamptz, revoked_at timestamptz, last_used timestamptz,
    user_id uuid, email text, user_name text, user_role text, user_closed_at timestamptz,
    tenant_id uuid, tenant_name text, tenant_slug text, tenant_status text, account_number text, membership_role text, permissions text[])
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
             ) p), '{}')
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
    access_key_id text, secret_sealed text)
language plpgsql stable security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select q.place::int, a.key_id, a.key_kind, a.key_hash, a.key_tenant_id, a.key_permissions, a.key_cidrs, a.expires_at, a.revoked_at,
           a.last_used, a.user_id, a.email, a.user_name, a.user_role, a.user_closed_at, a.tenant_id, a.tenant_name, a.tenant_slug,
           a.tenant_status, a.account_number, a.membership_role, a.permissions, k.aws_access_key_id::text, k.aws_secret_sealed
    from unnest(access_key_ids) with ordinality as q(id, place)
    join api_keys k on k.aws_access_key_id = q.id
    cross join lateral authenticate_keys(array[k.key::text]) a;
end
$$;
-- +goose StatementEnd
revoke execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) from public;
grant execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) to cloud_api, cloud_worker;

-- An announcement names whose authority changed, 'user 0190…', so that each API process forgets that and no more. The arguments of the trigger:
-- key, user or tenant, and the column with its id. By row, because a statement trigger with a list of columns sees no rows; equal announcements
-- of a transaction are sent once.
drop trigger announce_authority on tenants;
drop trigger announce_authority on users;
drop trigger announce_authority on tenant_role_permissions;
drop trigger announce_authority on tenant_roles;
drop trigger announce_authority on memberships;
drop trigger announce_authority on api_keys;
-- +goose StatementBegin
create or replace function announce_authority() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('cloud_authority', tg_argv[0] || ' ' || (to_jsonb(case tg_op when 'DELETE' then old else new end) ->> tg_argv[1]));
  return null;
end
$$;
-- +goose StatementEnd
create trigger announce_authority after update of revoked_at, expires_at, permissions, cidrs on api_keys for each row
    execute function announce_authority('key', 'id');
-- What has ended is deleted by the thousand, and nobody remembers it.
create trigger announce_authority_of_deleted after delete on api_keys for each row
    when (old.revoked_at is null and (old.expires_at is null or old.expires_at > now()))
    execute function announce_authority('key', 'id');
create trigger announce_authority after insert or update or delete on memberships for each row
    execute function announce_authority('user', 'user_id');
create trigger announce_authority after insert or update or delete on tenant_roles for each row
    execute function announce_authority('tenant', 'tenant_id');
create trigger announce_authority after insert or update or delete on tenant_role_permissions for each row
    execute function announce_authority('tenant', 'tenant_id');
create trigger announce_authority after update of role, closed_at, default_tenant_id on users for each row
    execute function announce_authority('user', 'id');
create trigger announce_authority after update of status, closed_at on tenants for each row
    execute function announce_authority('tenant', 'id');

insert into role_permissions (role_id, permission)
select roles.id, 'role:' || action
from unnest(array['create', 'read', 'update', 'delete', 'bind']) as action
join roles on roles.built_in and roles.name = 'admin';

-- +goose Down
delete from role_permissions where permission in ('role:create', 'role:read', 'role:update', 'role:delete', 'role:bind');
drop trigger announce_authority on tenants;
drop trigger announce_authority on users;
drop trigger announce_authority on tenant_role_permissions;
drop trigger announce_authority on tenant_roles;
drop trigger announce_authority on memberships;
drop trigger announce_authority_of_deleted on api_keys;
drop trigger announce_authority on api_keys;
-- +goose StatementBegin
create or replace function announce_authority() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('cloud_authority', '');
  return null;
end
$$;
-- +goose StatementEnd
create trigger announce_authority after update of revoked_at, expires_at or delete on api_keys execute function announce_authority();
create trigger announce_authority after insert or update or delete on memberships execute function announce_authority();
create trigger announce_authority after insert or update or delete on tenant_roles execute function announce_authority();
create trigger announce_authority after insert or update or delete on tenant_role_permissions execute function announce_authority();
create trigger announce_authority after update of role, closed_at, default_tenant_id on users execute function announce_authority();
create trigger announce_authority after update of status, closed_at on tenants execute function announce_authority();

drop function authenticate_aws_keys(text[]);
drop function authenticate_keys(text[], uuid[]);
-- +goose StatementBegin
create function authenticate_keys(hashes text[], tenants uuid[] default null)
returns table (
    place int, key_id uuid, key_kind text, key_hash text, key_tenant_id uuid, expires_at timestamptz, revoked_at timestamptz, last_used timestamptz,
    user_id uuid, email text, user_name text, user_role text, user_closed_at timestamptz,
    tenant_id uuid, tenant_name text, tenant_slug text, tenant_status text, account_number text, membership_role text, permissions text[])
language plpgsql stable security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select q.place::int, k.id, k.kind::text, k.key::text, k.tenant_id, k.expires_at, k.revoked_at, k.last_used,
           u.id, u.email::text, u.name::text, u.role::text, u.closed_at,
           t.id, t.name::text, t.slug::text, t.status::text, t.account_number::text, m.role::text,
           coalesce((
             select array_agg(p.permission::text) from (
               select rp.permission from roles r join role_permissions rp on rp.role_id = r.id where r.built_in and r.name = m.role
               union all
               select tp.permission from tenant_roles tr join tenant_role_permissions tp on tp.role_id = tr.id
               where tr.tenant_id = t.id and tr.name = m.role
             ) p), '{}')
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
    place int, key_id uuid, key_kind text, key_hash text, key_tenant_id uuid, expires_at timestamptz, revoked_at timestamptz, last_used timestamptz,
    user_id uuid, email text, user_name text, user_role text, user_closed_at timestamptz,
    tenant_id uuid, tenant_name text, tenant_slug text, tenant_status text, account_number text, membership_role text, permissions text[],
    access_key_id text, secret_sealed text)
language plpgsql stable security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select q.place::int, a.key_id, a.key_kind, a.key_hash, a.key_tenant_id, a.expires_at, a.revoked_at, a.last_used, a.user_id, a.email,
           a.user_name, a.user_role, a.user_closed_at, a.tenant_id, a.tenant_name, a.tenant_slug, a.tenant_status, a.account_number,
           a.membership_role, a.permissions, k.aws_access_key_id::text, k.aws_secret_sealed
    from unnest(access_key_ids) with ordinality as q(id, place)
    join api_keys k on k.aws_access_key_id = q.id
    cross join lateral authenticate_keys(array[k.key::text]) a;
end
$$;
-- +goose StatementEnd
revoke execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) from public;
grant execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) to cloud_api, cloud_worker;
alter function authenticate_keys(text[], uuid[]) set plan_cache_mode = force_generic_plan;
alter function authenticate_keys(text[], uuid[]) set enable_hashjoin = off;
alter function authenticate_keys(text[], uuid[]) set enable_mergejoin = off;
drop index idx_memberships_role, idx_api_keys_of_tenant;
alter table api_keys drop column cidrs, drop column permissions;
