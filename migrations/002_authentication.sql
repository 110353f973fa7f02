-- Who sees which row of the identity tables, and the few questions that must be asked before a tenant is known.
-- Those are functions of the owner with a fixed search path: the processes may call them and cannot read what is under them.

-- +goose Up
select secure_tenant_table('tenant_roles');
select secure_tenant_table('tenant_role_permissions');
select secure_tenant_table('quotas');

alter table memberships enable row level security;
create policy api_tenant on memberships to cloud_api
    using (tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid));
create policy api_own on memberships for select to cloud_api
    using (user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid));
create policy worker_tenant on memberships to cloud_worker
    using ((select current_setting('cloud.tenant_id', true)) = '*'
        or tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid)
        or user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid));

alter table tenants enable row level security;
create policy api_tenant on tenants to cloud_api
    using (id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid));
create policy api_own on tenants for select to cloud_api
    using (id in (select m.tenant_id from memberships m
                  where m.user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid)));
create policy worker_tenant on tenants to cloud_worker
    using ((select current_setting('cloud.tenant_id', true)) = '*'
        or id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid));

alter table users enable row level security;
create policy api_own on users to cloud_api
    using (id = (select nullif(current_setting('cloud.user_id', true), '')::uuid));
create policy api_members on users for select to cloud_api
    using (id in (select m.user_id from memberships m
                  where m.tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid)));
create policy worker_scope on users to cloud_worker
    using ((select current_setting('cloud.tenant_id', true)) = '*'
        or id = (select nullif(current_setting('cloud.user_id', true), '')::uuid)
        or id in (select m.user_id from memberships m
                  where m.tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid)));

-- A key is seen by its user everywhere, and by the tenant it opens.
alter table api_keys enable row level security;
create policy api_own on api_keys to cloud_api
    using (user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid))
    with check (user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid)
        and (tenant_id is null or tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid)));
create policy api_tenant_read on api_keys for select to cloud_api
    using (tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid));
create policy api_tenant_revoke on api_keys for update to cloud_api
    using (tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid));
create policy worker_scope on api_keys to cloud_worker
    using ((select current_setting('cloud.tenant_id', true)) = '*'
        or tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid)
        or user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid));

grant select on roles, role_permissions, platform to cloud_api, cloud_worker;
grant update (registration_open) on platform to cloud_api, cloud_worker;
grant update (master_key_check) on platform to cloud_worker;
grant select, insert, update, delete on tenant_roles, tenant_role_permissions to cloud_api, cloud_worker;
grant select on quotas to cloud_api;
grant select, insert, update, delete on quotas to cloud_worker;
grant select, insert, update, delete on memberships to cloud_api, cloud_worker;
grant select on tenants to cloud_api, cloud_worker;
grant update (name, updated_at, closed_at) on tenants to cloud_api;
grant update (name, owner_id, plan, status, updated_at, closed_at) on tenants to cloud_worker;

-- Nobody reads a password hash but through find_login, nor a key's hash or sealed secret but through authenticate_*.
grant select (id, email, name, role, created_at, updated_at, kind, default_tenant_id, failed_logins, locked_until, closed_at)
    on users to cloud_api, cloud_worker;
grant update (email, password_hash, name, updated_at, default_tenant_id) on users to cloud_api, cloud_worker;
grant update (role, failed_logins, locked_until, closed_at) on users to cloud_worker;
grant select (id, user_id, name, created_at, last_used, tenant_id, kind, prefix, expires_at, revoked_at, aws_access_key_id)
    on api_keys to cloud_api, cloud_worker;
grant insert on api_keys to cloud_api, cloud_worker;
grant update (name, expires_at, revoked_at) on api_keys to cloud_api, cloud_worker;
grant delete on api_keys to cloud_worker;

-- All that a request needs to know about its callers, for many requests in one round trip. The nth hash goes with the nth tenant,
-- null (or no array) for the key's own. A row comes back for each hash that is a key of ours, with its place in the array; whether it
-- is expired, revoked, or a member of the tenant (membership_role is null when not) is for the caller to judge, by the caller's clock.
-- plpgsql and not sql: it keeps the plan.
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

-- The same by AWS access key id, with the sealed secret that a signature is checked with.
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

-- +goose StatementBegin
create function touch_keys(key_ids uuid[], at timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$
  update api_keys set last_used = greatest(last_used, at) where id = any (key_ids)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function find_login(wanted_email text)
returns table (
    user_id uuid, email text, name text, role text, password_hash text, default_tenant_id uuid, failed_logins int,
    locked_until timestamptz, closed_at timestamptz, created_at timestamptz, updated_at timestamptz)
language plpgsql stable security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select u.id, u.email::text, u.name::text, u.role::text, u.password_hash::text, u.default_tenant_id, u.failed_logins, u.locked_until,
           u.closed_at, u.created_at, u.updated_at
    from users u where lower(u.email) = lower(wanted_email) and u.kind = 'person';
end
$$;
-- +goose StatementEnd

-- Counts a login, good or bad, in one statement, so that guesses in parallel cannot slip under the limit. After a good one the rest of the
-- transaction acts as that user in the user's default tenant.
-- +goose StatementBegin
create function record_login(who uuid, succeeded boolean, at timestamptz, max_failures int default 5, lock_for interval default '15 minutes')
returns table (failed_logins int, locked_until timestamptz)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
declare
  home uuid;
begin
  update users u set
    failed_logins = case when succeeded or u.failed_logins + 1 >= max_failures then 0 else u.failed_logins + 1 end,
    locked_until = case when succeeded then null when u.failed_logins + 1 >= max_failures then at + lock_for else u.locked_until end
  where u.id = who and u.kind = 'person' and not (succeeded and coalesce(u.locked_until > at, false))
  returning u.failed_logins, u.locked_until, u.default_tenant_id into failed_logins, locked_until, home;
  if not found then
    return;
  end if;
  if succeeded then
    perform set_config('cloud.user_id', who::text, true), set_config('cloud.tenant_id', coalesce(home::text, ''), true);
  end if;
  return next;
end
$$;
-- +goose StatementEnd

-- To add a member one must name somebody outside the tenant; nothing but the id is told.
-- +goose StatementBegin
create function find_user_id(wanted_email text) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select id from users where lower(email) = lower(wanted_email) and kind = 'person' and closed_at is null
$$;
-- +goose StatementEnd

-- A user, a personal tenant and its ownership, all or nothing. The first person becomes the platform's operator (role 'admin'); the lock
-- on the platform's row makes sure there is one first. Once created, the rest of the transaction acts as the new user in the new tenant.
-- Outcome: created, closed, email_taken, slug_taken, account_taken.
-- +goose StatementBegin
create function register_user(
    new_user_id uuid, new_email text, new_password_hash text, new_name text,
    new_tenant_id uuid, new_tenant_name text, new_tenant_slug text, new_account_number text, at timestamptz)
returns table (outcome text, user_role text)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
declare
  is_open boolean;
  is_first boolean;
  broken text;
begin
  select p.registration_open into is_open from platform p for update;
  is_first := not exists (select from users u where u.kind = 'person');
  user_role := case when is_first then 'admin' else 'developer' end;
  if not is_open and not is_first then
    outcome := 'closed';
    return next;
    return;
  end if;
  begin
    insert into users (id, email, password_hash, name, role, created_at, updated_at)
      values (new_user_id, new_email, new_password_hash, new_name, user_role, at, at);
    insert into tenants (id, name, slug, owner_id, account_number, created_at, updated_at)
      values (new_tenant_id, new_tenant_name, new_tenant_slug, new_user_id, new_account_number, at, at);
    insert into memberships (tenant_id, user_id, role, created_at) values (new_tenant_id, new_user_id, 'owner', at);
    update users u set default_tenant_id = new_tenant_id where u.id = new_user_id;
    perform set_config('cloud.user_id', new_user_id::text, true), set_config('cloud.tenant_id', new_tenant_id::text, true);
    outcome := 'created';
  exception when unique_violation then
    get stacked diagnostics broken = constraint_name;
    outcome := case broken
      when 'users_email_key' then 'email_taken'
      when 'idx_users_email_folded' then 'email_taken'
      when 'tenants_slug_key' then 'slug_taken'
      when 'tenants_account_number_key' then 'account_taken'
    end;
    if outcome is null then
      raise;
    end if;
  end;
  return next;
end
$$;
-- +goose StatementEnd

-- Another tenant for the user of this transaction, who becomes its owner. Returns created, slug_taken or account_taken.
-- +goose StatementBegin
create function create_tenant(new_tenant_id uuid, new_name text, new_slug text, new_account_number text, at timestamptz)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  owner constant uuid := nullif(current_setting('cloud.user_id', true), '')::uuid;
  broken text;
begin
  if owner is null then
    raise exception 'create_tenant needs cloud.user_id' using errcode = 'insufficient_privilege';
  end if;
  insert into tenants (id, name, slug, owner_id, account_number, created_at, updated_at)
    values (new_tenant_id, new_name, new_slug, owner, new_account_number, at, at);
  insert into memberships (tenant_id, user_id, role, created_at) values (new_tenant_id, owner, 'owner', at);
  return 'created';
exception when unique_violation then
  get stacked diagnostics broken = constraint_name;
  case broken
    when 'tenants_slug_key' then return 'slug_taken';
    when 'tenants_account_number_key' then return 'account_taken';
    else raise;
  end case;
end
$$;
-- +goose StatementEnd

revoke execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]), touch_keys(uuid[], timestamptz), find_login(text),
    record_login(uuid, boolean, timestamptz, int, interval), find_user_id(text),
    register_user(uuid, text, text, text, uuid, text, text, text, timestamptz), create_tenant(uuid, text, text, text, timestamptz) from public;
grant execute on function authenticate_keys(text[], uuid[]), authenticate_aws_keys(text[]), touch_keys(uuid[], timestamptz), find_login(text),
    record_login(uuid, boolean, timestamptz, int, interval), find_user_id(text),
    register_user(uuid, text, text, text, uuid, text, text, text, timestamptz), create_tenant(uuid, text, text, text, timestamptz)
    to cloud_api, cloud_worker;

-- +goose Down
drop function create_tenant(uuid, text, text, text, timestamptz);
drop function register_user(uuid, text, text, text, uuid, text, text, text, timestamptz);
drop function find_user_id(text);
drop function record_login(uuid, boolean, timestamptz, int, interval);
drop function find_login(text);
drop function touch_keys(uuid[], timestamptz);
drop function authenticate_aws_keys(text[]);
drop function authenticate_keys(text[], uuid[]);
-- +goose StatementBegin
do $$
declare
  found record;
begin
  for found in select tablename, policyname from pg_policies where schemaname = 'public' loop
    execute format('drop policy %I on %I', found.policyname, found.tablename);
    execute format('alter table %I disable row level security', found.tablename);
  end loop;
end
$$;
-- +goose StatementEnd
revoke all on roles, role_permissions, platform, tenant_roles, tenant_role_permissions, quotas, memberships, tenants, users, api_keys
    from cloud_api, cloud_worker;
