-- What the API sees is a matter of proof and not of names: see docs/decisions/0009-proven-scope.md.
-- A transaction of cloud_api says cloud.scope = '<token>', and only the functions below make one: from a key, from what a password or an
-- invitation opened, or for a user who was made just now. cloud.tenant_id and cloud.user_id are without effect for that role.

-- +goose Up

-- The key of the tokens (HMAC-SHA-256), as both of its padded blocks. Nobody reads it but the functions of the owner.
create table scope_key (
    id smallint primary key default 1 check (id = 1),
    inner_pad bytea not null check (length(inner_pad) = 64),
    outer_pad bytea not null check (length(outer_pad) = 64),
    made_at timestamptz not null default now()
);

-- +goose StatementBegin
create function renew_scope_key() returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  -- Four times 122 bits of the server's strong random numbers.
  secret constant bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  inner_block bytea := decode(repeat('36', 64), 'hex');
  outer_block bytea := decode(repeat('5c', 64), 'hex');
begin
  for place in 0..31 loop
    inner_block := set_byte(inner_block, place, get_byte(inner_block, place) # get_byte(secret, place));
    outer_block := set_byte(outer_block, place, get_byte(outer_block, place) # get_byte(secret, place));
  end loop;
  insert into scope_key (inner_pad, outer_pad) values (inner_block, outer_block)
    on conflict (id) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad, made_at = now();
end
$$;
-- +goose StatementEnd
select renew_scope_key();

-- A token: 16 bytes of the tenant (zeros: none), 16 of the user, 8 of the end (seconds since 1970), 32 of the code; in hex.
-- +goose StatementBegin
create function sign_scope(of_tenant uuid, of_user uuid, good_for interval default '30 seconds') returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  said constant bytea := uuid_send(coalesce(of_tenant, '00000000-0000-0000-0000-000000000000')) || uuid_send(of_user)
    || int8send(extract(epoch from clock_timestamp() + good_for)::bigint);
  token text;
begin
  select encode(said || sha256(k.outer_pad || sha256(k.inner_pad || said)), 'hex') into token from scope_key k where k.id = 1;
  return token;
end
$$;
-- +goose StatementEnd

-- What policies ask, once a statement. Null without a token; an error with one that is expired or not ours, so that no answer is wrong for it.
-- +goose StatementBegin
create function proven_scope() returns bytea
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  token constant bytea := decode(current_setting('cloud.scope', true), 'hex');
  is_ours boolean;
begin
  if coalesce(length(token), 0) = 0 then
    return null;
  end if;
  if length(token) = 72 then
    select sha256(k.outer_pad || sha256(k.inner_pad || substring(token, 1, 40))) = substring(token, 41) into is_ours from scope_key k where k.id = 1;
  end if;
  if is_ours is not true then
    raise exception 'cloud.scope is not a token of this database' using errcode = 'insufficient_privilege';
  end if;
  if to_timestamp(('x' || encode(substring(token, 33, 8), 'hex'))::bit(64)::bigint) < statement_timestamp() then
    raise exception 'cloud.scope has expired' using errcode = 'invalid_authorization_specification';
  end if;
  return token;
end
$$;
-- +goose StatementEnd
-- Without a SET clause, so that PostgreSQL inlines them: see proven_scope for what they cost.
create function scope_tenant() returns uuid language sql stable as $$
  select nullif(pg_catalog.encode(pg_catalog.substring(public.proven_scope(), 1, 16), 'hex'), '00000000000000000000000000000000')::pg_catalog.uuid
$$;
create function scope_user() returns uuid language sql stable as $$
  select pg_catalog.encode(pg_catalog.substring(public.proven_scope(), 17, 16), 'hex')::pg_catalog.uuid
$$;

-- For the functions below, which know who it is: the rest of the transaction acts as that user in that tenant.
-- +goose StatementBegin
create function set_scope(of_tenant uuid, of_user uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('cloud.scope', sign_scope(of_tenant, of_user), true);
end
$$;
-- +goose StatementEnd

-- Goes on in another tenant of the user, or in none.
-- +goose StatementBegin
create function enter_tenant(wanted uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if wanted is not null and not exists (select from memberships m where m.tenant_id = wanted and m.user_id = scope_user()) then
    raise exception 'the user of this transaction is no member of %', wanted using errcode = 'insufficient_privilege';
  end if;
  perform set_scope(wanted, scope_user());
end
$$;
-- +goose StatementEnd

-- After a login, whose password and code the API has compared: it goes on as that user in the user's default tenant.
-- +goose StatementBegin
create function enter_user(who uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  home uuid;
begin
  select u.default_tenant_id into home from users u where u.id = who and u.kind = 'person' and u.closed_at is null and u.suspended_at is null;
  if not found then
    raise exception '% is nobody who may log in', who using errcode = 'insufficient_privilege';
  end if;
  perform set_scope(home, who);
end
$$;
-- +goose StatementEnd

-- An attempt that was refused, in the trail of whom it concerns: of a caller who is known, and of one whose key is good for nothing.
-- +goose StatementBegin
create function record_refusal(
    new_id uuid, who uuid, of_tenant uuid, new_action text, new_resource_type text, new_resource_id text, new_metadata jsonb, new_ip_address text,
    new_user_agent text, new_request_id text, new_actor text, of_key uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into audit_logs (id, user_id, tenant_id, action, resource_type, resource_id, metadata, ip_address, user_agent, request_id, actor, key_id, outcome)
    values (new_id, who, of_tenant, new_action, new_resource_type, new_resource_id, new_metadata, new_ip_address, new_user_agent, new_request_id,
      new_actor, of_key, 'refused');
end
$$;
-- +goose StatementEnd

-- Policies and functions ask for the token where they believed the names. A text that is not found is an error: nothing stays behind.
-- +goose StatementBegin
do $$
declare
  found record;
  tenant constant text := $t$(NULLIF(current_setting('cloud.tenant_id'::text, true), ''::text))::uuid AS "nullif"$t$;
  person constant text := $t$(NULLIF(current_setting('cloud.user_id'::text, true), ''::text))::uuid AS "nullif"$t$;
  source text;
begin
  for found in
    select format('alter policy %I on %I', p.policyname, p.tablename)
      || coalesce(' using (' || replace(replace(p.qual, tenant, 'scope_tenant()'), person, 'scope_user()') || ')', '')
      || coalesce(' with check (' || replace(replace(p.with_check, tenant, 'scope_tenant()'), person, 'scope_user()') || ')', '') as text
    from pg_policies p where p.schemaname = 'public' and p.roles = '{cloud_api}'
  loop
    execute found.text;
  end loop;
  for found in
    select p.oid from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname <> 'secure_tenant_table' and p.prosrc ~ 'cloud\.(tenant|user)_id'
  loop
    source := pg_get_functiondef(found.oid);
    source := replace(source, $t$nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid$t$, 'scope_tenant()');
    source := replace(source, $t$nullif(current_setting('cloud.tenant_id', true), '')::uuid$t$, 'scope_tenant()');
    source := replace(source, $t$nullif(current_setting('cloud.user_id', true), '')::uuid$t$, 'scope_user()');
    source := replace(source, $t$set_config('cloud.user_id', new_user_id::text, true), set_config('cloud.tenant_id', new_tenant_id::text, true)$t$,
      'set_scope(new_tenant_id, new_user_id)');
    source := replace(source, $t$set_config('cloud.tenant_id', tenant_id::text, true)$t$, 'set_scope(tenant_id, caller.id)');
    source := replace(source, 'create_tenant needs cloud.user_id', 'create_tenant needs a user');
    execute source;
  end loop;
  select string_agg(name, ', ') into source from (
    select p.tablename || '.' || p.policyname as name from pg_policies p
      where p.roles && '{cloud_api}' and coalesce(p.qual, '') || coalesce(p.with_check, '') ~ 'cloud\.(tenant|user)_id'
    union all select p.proname from pg_proc p
      where p.pronamespace = 'public'::regnamespace and p.proname <> 'secure_tenant_table' and p.prosrc ~ 'cloud\.(tenant|user)_id') as left_over;
  if source is not null then
    raise exception 'these still believe a name: %', source;
  end if;
end
$$;
-- +goose StatementEnd

-- As in 009, for tables to come.
-- +goose StatementBegin
create or replace function secure_tenant_table(target regclass, hidden_from_operator text[] default '{}') returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('create policy api_tenant on %s to cloud_api using (tenant_id = (select public.scope_tenant()))', target);
  execute format($f$
    create policy worker_tenant on %s to cloud_worker
      using ((select current_setting('cloud.tenant_id', true)) = '*'
        or tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid))$f$, target);
  if hidden_from_operator <> '{*}' then
    perform public.show_to_operator(target, hidden_from_operator);
  end if;
end
$$;
-- +goose StatementEnd

-- A hash proves nothing: keys come as they are, and what is known of their hashes stays within.
alter function authenticate_keys(text[], uuid[]) rename to describe_keys;
revoke execute on function describe_keys(text[], uuid[]) from cloud_api, cloud_worker;

-- As in 043, by the name that this has now.
-- +goose StatementBegin
do $$
begin
  execute replace(pg_get_functiondef('prove_key(text, uuid, text)'::regprocedure), 'authenticate_keys(', 'describe_keys(');
end
$$;
-- +goose StatementEnd

-- As before, by the keys themselves; with a token for the tenant in which the key acts, or for its user alone. None for a key that is good for nothing.
-- +goose StatementBegin
create function scope_of_key(
    of_user uuid, of_tenant uuid, membership_role text, own_tenant uuid, all_tenants boolean, expires_at timestamptz, ended boolean) returns text
language plpgsql set search_path = public, pg_temp as $$
begin
  if ended or expires_at <= clock_timestamp() then
    return null;
  end if;
  return sign_scope(case when membership_role is not null and (all_tenants or own_tenant is null or of_tenant = own_tenant) then of_tenant end, of_user);
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function authenticate_keys(keys text[], tenants uuid[] default null)
returns table (
    place int, key_id uuid, key_kind text, key_tenant_id uuid, key_permissions text[], key_cidrs text[], expires_at timestamptz, revoked_at timestamptz,
    user_id uuid, email text, user_role text, user_closed_at timestamptz, tenant_id uuid, tenant_status text, membership_role text, permissions text[],
    lacks_second_factor boolean, user_suspension text, tenant_status_reason text, key_all_tenants boolean, scope_token text)
language plpgsql security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select k.place, k.key_id, k.key_kind, k.key_tenant_id, k.key_permissions, k.key_cidrs, k.expires_at, k.revoked_at, k.user_id, k.email, k.user_role,
      k.user_closed_at, k.tenant_id, k.tenant_status, k.membership_role, k.permissions, k.lacks_second_factor, k.user_suspension,
      k.tenant_status_reason, k.key_all_tenants,
      scope_of_key(k.user_id, k.tenant_id, k.membership_role, k.key_tenant_id, k.key_all_tenants, k.expires_at,
        k.revoked_at is not null or k.user_closed_at is not null or k.user_suspension is not null)
    from describe_keys(array(select encode(sha256(convert_to(given.key, 'UTF8')), 'hex') from unnest(keys) with ordinality as given(key, place)
      order by given.place), tenants) k;
end
$$;
-- +goose StatementEnd
drop function authenticate_aws_keys(text[]);
-- +goose StatementBegin
create function authenticate_aws_keys(access_key_ids text[])
returns table (
    place int, key_id uuid, key_kind text, key_tenant_id uuid, key_permissions text[], key_cidrs text[], expires_at timestamptz, revoked_at timestamptz,
    user_id uuid, email text, user_role text, user_closed_at timestamptz, tenant_id uuid, tenant_status text, membership_role text, permissions text[],
    lacks_second_factor boolean, user_suspension text, tenant_status_reason text, key_all_tenants boolean, account_number text, secret_sealed text,
    scope_token text)
language plpgsql security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select q.place::int, a.key_id, a.key_kind, a.key_tenant_id, a.key_permissions, a.key_cidrs, a.expires_at, a.revoked_at, a.user_id, a.email,
      a.user_role, a.user_closed_at, a.tenant_id, a.tenant_status, a.membership_role, a.permissions, a.lacks_second_factor, a.user_suspension,
      a.tenant_status_reason, a.key_all_tenants, a.account_number, k.aws_secret_sealed,
      scope_of_key(a.user_id, a.tenant_id, a.membership_role, a.key_tenant_id, a.key_all_tenants, a.expires_at,
        a.revoked_at is not null or a.user_closed_at is not null or a.user_suspension is not null)
    from unnest(access_key_ids) with ordinality as q(id, place)
    join api_keys k on k.aws_access_key_id = q.id
    cross join lateral describe_keys(array[k.key::text]) a;
end
$$;
-- +goose StatementEnd

revoke execute on function renew_scope_key(), sign_scope(uuid, uuid, interval), proven_scope(), scope_tenant(), scope_user(), set_scope(uuid, uuid),
    enter_tenant(uuid), enter_user(uuid), record_refusal(uuid, uuid, uuid, text, text, text, jsonb, text, text, text, text, uuid),
    scope_of_key(uuid, uuid, text, uuid, boolean, timestamptz, boolean), authenticate_keys(text[], uuid[]),
    authenticate_aws_keys(text[]) from public;
grant execute on function proven_scope(), scope_tenant(), scope_user(), enter_tenant(uuid), enter_user(uuid),
    record_refusal(uuid, uuid, uuid, text, text, text, jsonb, text, text, text, text, uuid), authenticate_keys(text[], uuid[]),
    authenticate_aws_keys(text[]) to cloud_api;
grant execute on function record_refusal(uuid, uuid, uuid, text, text, text, jsonb, text, text, text, text, uuid) to cloud_worker;

-- +goose Down
drop function authenticate_keys(text[], uuid[]);
drop function authenticate_aws_keys(text[]);
alter function describe_keys(text[], uuid[]) rename to authenticate_keys;
-- +goose StatementBegin
do $$
begin
  execute replace(pg_get_functiondef('prove_key(text, uuid, text)'::regprocedure), 'describe_keys(', 'authenticate_keys(');
end
$$;
-- +goose StatementEnd
grant execute on function authenticate_keys(text[], uuid[]) to cloud_api, cloud_worker;
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
revoke execute on function authenticate_aws_keys(text[]) from public;
grant execute on function authenticate_aws_keys(text[]) to cloud_api, cloud_worker;

-- +goose StatementBegin
create or replace function secure_tenant_table(target regclass, hidden_from_operator text[] default '{}') returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format($f$
    create policy api_tenant on %s to cloud_api
      using (tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid))$f$, target);
  execute format($f$
    create policy worker_tenant on %s to cloud_worker
      using ((select current_setting('cloud.tenant_id', true)) = '*'
        or tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid))$f$, target);
  if hidden_from_operator <> '{*}' then
    perform public.show_to_operator(target, hidden_from_operator);
  end if;
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
do $$
declare
  found record;
  tenant constant text := $t$nullif(current_setting('cloud.tenant_id', true), '')::uuid$t$;
  person constant text := $t$nullif(current_setting('cloud.user_id', true), '')::uuid$t$;
  source text;
begin
  for found in
    select format('alter policy %I on %I', p.policyname, p.tablename)
      || coalesce(' using (' || replace(replace(p.qual, 'scope_tenant() AS scope_tenant', tenant), 'scope_user() AS scope_user', person) || ')', '')
      || coalesce(' with check (' || replace(replace(p.with_check, 'scope_tenant() AS scope_tenant', tenant), 'scope_user() AS scope_user', person)
        || ')', '') as text
    from pg_policies p where p.schemaname = 'public' and p.roles = '{cloud_api}'
  loop
    execute found.text;
  end loop;
  for found in
    select p.oid, p.proname as name from pg_proc p where p.pronamespace = 'public'::regnamespace
      and p.proname not in ('enter_tenant', 'enter_user', 'scope_of_key') and p.prosrc ~ '(scope_(tenant|user)|set_scope)\('
  loop
    source := pg_get_functiondef(found.oid);
    source := replace(source, 'scope_tenant()', case when found.name in ('find_audit_user', 'revoke_made_keys')
      then $t$nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid$t$ else tenant end);
    source := replace(source, 'scope_user()', person);
    source := replace(source, 'set_scope(new_tenant_id, new_user_id)',
      $t$set_config('cloud.user_id', new_user_id::text, true), set_config('cloud.tenant_id', new_tenant_id::text, true)$t$);
    source := replace(source, 'set_scope(tenant_id, caller.id)', $t$set_config('cloud.tenant_id', tenant_id::text, true)$t$);
    source := replace(source, 'create_tenant needs a user', 'create_tenant needs cloud.user_id');
    execute source;
  end loop;
end
$$;
-- +goose StatementEnd
drop function scope_of_key(uuid, uuid, text, uuid, boolean, timestamptz, boolean);
drop function record_refusal(uuid, uuid, uuid, text, text, text, jsonb, text, text, text, text, uuid);
drop function enter_user(uuid);
drop function enter_tenant(uuid);
drop function set_scope(uuid, uuid);
drop function scope_user();
drop function scope_tenant();
drop function proven_scope();
drop function sign_scope(uuid, uuid, interval);
drop function renew_scope_key();
drop table scope_key;
