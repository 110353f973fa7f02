-- API keys that act in one tenant, keys that end with the key they were made with, and Idempotency-Keys by user.

-- +goose Up

-- Whether the key acts in all tenants of its user. Sessions always do: people switch. A key with permissions never does. Keys that there are keep
-- what they could do.
alter table api_keys add column all_tenants boolean not null default false;
update api_keys set all_tenants = true where kind <> 'session' and permissions is null;
-- The key with which this one was made, which takes it along when it is revoked. A temporary key has a parent_id instead, and always follows.
-- No foreign key: the trigger below keeps it, and a cascade would get there first.
alter table api_keys add column made_with uuid;
create index idx_api_keys_made_with on api_keys(made_with) where made_with is not null;
grant select (all_tenants, made_with) on api_keys to cloud_api, cloud_worker;
grant update (all_tenants) on api_keys to cloud_api;

-- A key that is removed leaves those that were made with it to the one that it was made with itself.
-- +goose StatementBegin
create function pass_on_made_keys() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update api_keys set made_with = old.made_with where made_with = old.id;
  return null;
end
$$;
-- +goose StatementEnd
revoke execute on function pass_on_made_keys() from public;
create trigger pass_on_made_keys after delete on api_keys for each row
    when (old.kind <> 'temporary') execute function pass_on_made_keys();

-- Revokes the live keys that were made with a key, and those that were made with them, but for the caller's own and its descendants. The user of
-- this transaction ends theirs in all tenants, others those in the tenant of this transaction. Answers how many.
-- +goose StatementBegin
create function revoke_made_keys(root uuid, at timestamptz, spared uuid) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  caller constant uuid := nullif(current_setting('cloud.user_id', true), '')::uuid;
  here constant uuid := nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid;
  ended int;
begin
  with recursive made (id) as (
    select k.id from api_keys k where k.id = root and (k.user_id = caller or k.tenant_id = here)
    union
    select k.id from made join api_keys k on k.made_with = made.id where k.id is distinct from spared)
  update api_keys k set revoked_at = at
  where k.id in (select made.id from made where made.id <> root) and (k.user_id = caller or k.tenant_id = here)
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > at);
  get diagnostics ended = row_count;
  return ended;
end
$$;
-- +goose StatementEnd
-- A key of the user of this transaction is replaced by another one: what was made with it, in whatever tenant, is from now on made with that one,
-- and so is what it makes while it still works.
-- +goose StatementBegin
create function replace_made_with(old_key uuid, new_key uuid) returns void
language sql security definer set search_path = public, pg_temp
as $$
  update api_keys set made_with = new_key
  where (made_with = old_key or id = old_key) and id <> new_key
    and user_id = nullif(current_setting('cloud.user_id', true), '')::uuid
$$;
-- +goose StatementEnd
revoke execute on function revoke_made_keys(uuid, timestamptz, uuid), replace_made_with(uuid, uuid) from public;
grant execute on function revoke_made_keys(uuid, timestamptz, uuid), replace_made_with(uuid, uuid) to cloud_api;

-- As in the 38th migration; a key that is bound to its tenant ends the temporary keys to another one too.
-- +goose StatementBegin
create or replace function change_temporary_keys() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update api_keys set permissions = new.permissions, cidrs = new.cidrs, expires_at = least(expires_at, new.expires_at),
    all_tenants = all_tenants and (new.kind = 'session' or new.all_tenants) and new.permissions is null,
    revoked_at = case when (new.permissions is not null or new.kind = 'api' and not new.all_tenants) and tenant_id is distinct from new.tenant_id
      then coalesce(new.revoked_at, clock_timestamp()) else new.revoked_at end
  where user_id = new.user_id and parent_id = new.id and revoked_at is null;
  return null;
end
$$;
-- +goose StatementEnd
drop trigger change_temporary_keys on api_keys;
create trigger change_temporary_keys after update of revoked_at, expires_at, permissions, cidrs, all_tenants on api_keys for each row
    when (new.kind <> 'temporary') execute function change_temporary_keys();
drop trigger announce_authority on api_keys;
create trigger announce_authority after update of revoked_at, expires_at, permissions, cidrs, all_tenants on api_keys for each row
    execute function announce_authority('key', 'id');

-- As in the 25th migration, with where the key acts.
drop function authenticate_aws_keys(text[]);
drop function authenticate_keys(text[], uuid[]);
-- +goose StatementBegin
create function authenticate_keys(hashes text[], tenants uuid[] default null)
returns table (
    place int, key_id uuid, key_kind text, key_hash text, key_tenant_id uuid, key_permissions text[], key_cidrs text[],
    expires_at timestamptz, revoked_at timestamptz, last_used timestamptz,
    user_id uuid, email text, user_name text, user_role text, user_closed_at timestamptz,
    tenant_id uuid, tenant_name text, tenant_slug text, tenant_status text, account_number text, membership_role text, permissions text[],
    lacks_second_factor boolean, user_suspension text, tenant_status_reason text, key_all_tenants boolean)
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
           case when u.suspended_at is not null then coalesce(u.suspended_reason, '')::text end, t.status_reason::text,
           k.kind = 'session' or k.all_tenants and k.permissions is null
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
    lacks_second_factor boolean, user_suspension text, tenant_status_reason text, access_key_id text, secret_sealed text, key_all_tenants boolean)
language plpgsql stable security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select q.place::int, a.key_id, a.key_kind, a.key_hash, a.key_tenant_id, a.key_permissions, a.key_cidrs, a.expires_at, a.revoked_at,
           a.last_used, a.user_id, a.email, a.user_name, a.user_role, a.user_closed_at, a.tenant_id, a.tenant_name, a.tenant_slug,
           a.tenant_status, a.account_number, a.membership_role, a.permissions, a.lacks_second_factor,
           a.user_suspension, a.tenant_status_reason, k.aws_access_key_id::text, k.aws_secret_sealed, a.key_all_tenants
    from unnest(access_key_ids) with ordinality as q(id, place)
    join api_keys k on k.aws_access_key_id = q.id
    cross join lateral authenticate_keys(array[k.key::text]) a;
end
$$;
-- +goose StatementEnd
revoke execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) from public;
grant execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]) to cloud_api, cloud_worker;

-- As in the 42nd migration: a ticket is for a key that acts in the tenant.
-- +goose StatementBegin
create or replace function prove_key(raw_key text, wanted_tenant uuid, address text)
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
      and (a.key_all_tenants or a.key_tenant_id = wanted_tenant)
      and (a.key_cidrs is null or address::inet <<= any (a.key_cidrs::cidr[]));
end
$$;
-- +goose StatementEnd

-- Room for a key behind the id of its user: two members may choose the same.
alter table idempotency_keys alter column key type varchar(300);

-- +goose Down
delete from idempotency_keys where length(key) > 255;
alter table idempotency_keys alter column key type varchar(255);
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
-- +goose StatementBegin
create or replace function prove_key(raw_key text, wanted_tenant uuid, address text)
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
drop trigger announce_authority on api_keys;
create trigger announce_authority after update of revoked_at, expires_at, permissions, cidrs on api_keys for each row
    execute function announce_authority('key', 'id');
drop trigger change_temporary_keys on api_keys;
create trigger change_temporary_keys after update of revoked_at, expires_at, permissions, cidrs on api_keys for each row
    when (new.kind <> 'temporary') execute function change_temporary_keys();
-- +goose StatementBegin
create or replace function change_temporary_keys() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update api_keys set permissions = new.permissions, cidrs = new.cidrs, expires_at = least(expires_at, new.expires_at),
    revoked_at = case when new.permissions is not null and tenant_id is distinct from new.tenant_id then coalesce(new.revoked_at, clock_timestamp())
      else new.revoked_at end
  where user_id = new.user_id and parent_id = new.id and revoked_at is null;
  return null;
end
$$;
-- +goose StatementEnd
drop function replace_made_with(uuid, uuid);
drop function revoke_made_keys(uuid, timestamptz, uuid);
drop trigger pass_on_made_keys on api_keys;
drop function pass_on_made_keys();
alter table api_keys drop column made_with;
alter table api_keys drop column all_tenants;
