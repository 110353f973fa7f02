-- Accounts: guesses counted by address group, password resets, where a session is from, the second factor, and closing.

-- +goose Up

-- Where a user's password was guessed wrong, or is known to log in from. A source is an IPv4 address or the /64 of an IPv6 one. Only the
-- functions below read and write it. A user has few rows: what is not known and has not failed for a while goes with the next failure, and the
-- limit over all sources lets few new ones in.
create table login_sources (
    user_id uuid not null references users(id) on delete cascade,
    source varchar(64) not null,
    failures int not null default 0,
    failed_at timestamptz,
    locked_until timestamptz,
    -- the last good login from here
    known_at timestamptz,
    -- when the row means nothing any more
    expires_at timestamptz not null,
    primary key (user_id, source)
);
create index idx_login_sources_expires_at on login_sources(expires_at);
alter table login_sources enable row level security;
create policy worker_all on login_sources to cloud_worker using ((select current_setting('cloud.tenant_id', true)) = '*');
grant select, delete on login_sources to cloud_worker;

create table password_resets (
    id uuid primary key,
    user_id uuid not null references users(id) on delete cascade,
    -- hex SHA-256 of the token
    token_hash char(64) not null unique,
    -- null: issued by the operator
    source varchar(64),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index idx_password_resets_user_id on password_resets(user_id, created_at);
create index idx_password_resets_source on password_resets(source, created_at);
create index idx_password_resets_expires_at on password_resets(expires_at);
alter table password_resets enable row level security;
create policy worker_all on password_resets to cloud_worker using ((select current_setting('cloud.tenant_id', true)) = '*');
grant select, delete on password_resets to cloud_worker;

create table second_factors (
    user_id uuid primary key references users(id) on delete cascade,
    -- sealed for the user
    secret_sealed text not null,
    created_at timestamptz not null,
    -- null: enrolled, not confirmed by a code yet, so not asked for
    confirmed_at timestamptz,
    -- the newest time step of which a code was used
    last_step bigint not null default 0
);
alter table second_factors enable row level security;
create policy api_own on second_factors to cloud_api
    using (user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid));
grant select (user_id, created_at, confirmed_at, last_step), insert, delete on second_factors to cloud_api;
grant update (secret_sealed, created_at, confirmed_at, last_step) on second_factors to cloud_api;

create table recovery_codes (
    user_id uuid not null references second_factors(user_id) on delete cascade,
    -- hex SHA-256 of the code, which has 80 random bits
    code_hash char(64) not null,
    used_at timestamptz,
    primary key (user_id, code_hash)
);
alter table recovery_codes enable row level security;
create policy api_own on recovery_codes to cloud_api
    using (user_id = (select nullif(current_setting('cloud.user_id', true), '')::uuid));
grant select (user_id, used_at), insert, delete on recovery_codes to cloud_api;

-- A tenant whose members must have a second factor.
alter table tenants add column if not exists require_second_factor boolean not null default false;

alter table api_keys add column ip_address varchar(64), add column user_agent varchar(255);
grant select (ip_address, user_agent) on api_keys to cloud_api, cloud_worker;

-- Who may call changes with the second factor too.
create trigger announce_authority after update of confirmed_at or delete on second_factors for each row
    execute function announce_authority('user', 'user_id');
create trigger announce_second_factor after update of require_second_factor on tenants for each row
    execute function announce_authority('tenant', 'id');

-- As in 020, and whether the tenant wants a second factor that the user does not have.
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


drop function record_login(uuid, boolean, timestamptz, int, interval);
drop function find_login(text);
-- When the next wrong guess from a source that is not known would be on time, if they came one by one: see admit_guess.
alter table users add column guesses_until timestamptz;
-- From now on locked_until is for people: until when the last address that was locked is; failed_logins is not used.
grant select (guesses_until) on users to cloud_operator;
-- A password is changed by the functions below alone.
revoke update (password_hash) on users from cloud_api, cloud_worker;

-- +goose StatementBegin
create function find_login(wanted_email text)
returns table (
    user_id uuid, email text, name text, role text, password_hash text, default_tenant_id uuid, closed_at timestamptz,
    created_at timestamptz, updated_at timestamptz)
language plpgsql stable security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select u.id, u.email::text, u.name::text, u.role::text, u.password_hash::text, u.default_tenant_id, u.closed_at, u.created_at, u.updated_at
    from users u where lower(u.email) = lower(wanted_email) and u.kind = 'person';
end
$$;
-- +goose StatementEnd

-- Whether a guess of the user's password or code counts now, asked before it is told to be right or wrong, and the hash that holds now. The
-- lock on the user's row is held to the end of the transaction, so guesses in parallel, of any process, take turns.
--   locked: five wrong ones came from this source; it waits 15 minutes.
--   slowed: over all sources from which the user did not log in within 90 days, twenty wrong ones are free; from then on one each 30 s. So many
--     addresses together guess no faster, and the user is not locked out where they are known.
--   gone: there is no such user any more.
-- +goose StatementBegin
create function admit_guess(who uuid, from_source text, at timestamptz)
returns table (verdict text, until timestamptz, password_hash text)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  slowed timestamptz;
  here login_sources;
begin
  select u.guesses_until, u.password_hash into slowed, password_hash from users u where u.id = who and u.kind = 'person' and u.closed_at is null for no key update;
  if not found then
    verdict := 'gone';
    return next;
    return;
  end if;
  select * into here from login_sources s where s.user_id = who and s.source = from_source;
  if here.locked_until > at then
    verdict := 'locked';
    until := here.locked_until;
  elsif slowed - interval '9 minutes 30 seconds' > at and coalesce(here.known_at < at - interval '90 days', true) then
    verdict := 'slowed';
    until := slowed - interval '9 minutes 30 seconds';
  else
    verdict := 'open';
  end if;
  return next;
end
$$;
-- +goose StatementEnd

-- Counts an admitted guess. A good one makes the source known; of those the newest twenty are kept.
-- +goose StatementBegin
create function record_guess(who uuid, from_source text, succeeded boolean, at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if succeeded then
    insert into login_sources (user_id, source, known_at, expires_at) values (who, from_source, at, at + interval '90 days')
      on conflict (user_id, source) do update set known_at = at, failures = 0, failed_at = null, locked_until = null,
        expires_at = excluded.expires_at;
    delete from login_sources s where s.user_id = who and s.source in (
      select k.source from login_sources k where k.user_id = who and k.known_at is not null order by k.known_at desc offset 20);
    return;
  end if;
  insert into login_sources as s (user_id, source, failures, failed_at, expires_at) values (who, from_source, 1, at, at + interval '30 minutes')
    on conflict (user_id, source) do update set
      failures = case when s.failed_at > at - interval '15 minutes' then s.failures + 1 else 1 end, failed_at = at,
      expires_at = greatest(s.expires_at, excluded.expires_at);
  update login_sources s set failures = 0, locked_until = at + interval '15 minutes'
    where s.user_id = who and s.source = from_source and s.failures >= 5;
  if found then
    update users u set locked_until = at + interval '15 minutes' where u.id = who;
  end if;
  update users u set guesses_until = greatest(u.guesses_until, at) + interval '30 seconds'
    where u.id = who and not exists (
      select from login_sources s where s.user_id = who and s.source = from_source and s.known_at > at - interval '90 days');
  delete from login_sources s where s.user_id = who and s.expires_at < at;
end
$$;
-- +goose StatementEnd

-- For the operator: the user may try again now, from anywhere.
-- +goose StatementBegin
create function clear_guesses(who uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
  update login_sources set failures = 0, failed_at = null, locked_until = null where user_id = who;
  update users set guesses_until = null, locked_until = null where id = who;
$$;
-- +goose StatementEnd

-- Ends one session of the user, whatever tenant it acts in. False: it is none, or has ended.
-- +goose StatementBegin
create function end_session(who uuid, session uuid, at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update api_keys set revoked_at = at where id = session and user_id = who and kind = 'session' and revoked_at is null;
  return found;
end
$$;
-- +goose StatementEnd

-- Ends the user's sessions, in all tenants, but for the kept one. Answers how many.
-- +goose StatementBegin
create function end_sessions(who uuid, kept uuid, at timestamptz) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ended int;
begin
  update api_keys set revoked_at = at where user_id = who and kind = 'session' and revoked_at is null and id is distinct from kept;
  get diagnostics ended = row_count;
  return ended;
end
$$;
-- +goose StatementEnd

-- The same but for the newest so many.
-- +goose StatementBegin
create function end_old_sessions(who uuid, keep int, at timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$
  update api_keys set revoked_at = at where id in (
    select k.id from api_keys k where k.user_id = who and k.kind = 'session' and k.revoked_at is null and k.expires_at > at
    order by k.id desc offset keep limit 100)
$$;
-- +goose StatementEnd

-- A token for who has this e-mail address: at most 3 an hour for a user and 20 for a source. No row: nobody has it, or there are enough.
-- +goose StatementBegin
create function request_password_reset(wanted_email text, new_id uuid, new_hash text, from_source text, at timestamptz)
returns table (user_id uuid, email text, name text)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  -- The source first, then the user: always in this order.
  perform pg_advisory_xact_lock(hashtextextended('password reset ' || from_source, 0));
  select u.id, u.email, u.name into user_id, email, name from users u
    where lower(u.email) = lower(wanted_email) and u.kind = 'person' and u.closed_at is null for no key update;
  if not found
    or (select count(*) from password_resets r where r.user_id = request_password_reset.user_id and r.created_at > at - interval '1 hour') >= 3
    or (select count(*) from password_resets r where r.source = from_source and r.created_at > at - interval '1 hour') >= 20 then
    return;
  end if;
  insert into password_resets (id, user_id, token_hash, source, created_at, expires_at)
    values (new_id, request_password_reset.user_id, new_hash, from_source, at, at + interval '1 hour');
  return next;
end
$$;
-- +goose StatementEnd

-- The same by the operator, without these limits. False: there is no such user.
-- +goose StatementBegin
create function issue_password_reset(who uuid, new_id uuid, new_hash text, at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into password_resets (id, user_id, token_hash, created_at, expires_at)
    select new_id, u.id, new_hash, at, at + interval '1 hour' from users u where u.id = who and u.kind = 'person' and u.closed_at is null;
  return found;
end
$$;
-- +goose StatementEnd

-- Spends a token: the new password holds, the other tokens and all sessions end, and the source is known from now on. Null: no good token.
-- +goose StatementBegin
create function reset_password(wanted_hash text, new_password_hash text, from_source text, at timestamptz) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  who uuid;
begin
  -- The user's row is locked before the token's, as by whoever closes the account or asks for a token.
  select r.user_id into who from password_resets r where r.token_hash = wanted_hash;
  perform from users u where u.id = who and u.closed_at is null for no key update;
  if not found then
    return null;
  end if;
  update password_resets r set used_at = at where r.token_hash = wanted_hash and r.used_at is null and r.expires_at > at;
  if not found then
    return null;
  end if;
  update users u set password_hash = new_password_hash, updated_at = at where u.id = who;
  delete from password_resets r where r.user_id = who and r.used_at is null;
  perform end_sessions(who, null, at);
  perform record_guess(who, from_source, true, at);
  return who;
end
$$;
-- +goose StatementEnd

-- A new password, once the old one was compared: tokens for a reset and the other sessions end.
-- +goose StatementBegin
create function change_password(who uuid, new_hash text, kept uuid, at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update users u set password_hash = new_hash, updated_at = at where u.id = who;
  delete from password_resets r where r.user_id = who and r.used_at is null;
  perform end_sessions(who, kept, at);
end
$$;
-- +goose StatementEnd

-- What a code is checked with. No row: the user has none.
-- +goose StatementBegin
create function find_second_factor(who uuid) returns table (secret_sealed text, confirmed_at timestamptz)
language sql stable security definer rows 1 set search_path = public, pg_temp as $$
  select f.secret_sealed, f.confirmed_at from second_factors f where f.user_id = who
$$;
-- +goose StatementEnd

-- Uses up a time step: false where it or a later one was used.
-- +goose StatementBegin
create function use_code_step(who uuid, step bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update second_factors set last_step = step where user_id = who and last_step < step;
  return found;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function use_recovery_code(who uuid, wanted_hash text, at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update recovery_codes set used_at = at where user_id = who and code_hash = wanted_hash and used_at is null;
  return found;
end
$$;
-- +goose StatementEnd

-- For the operator: the user logs in by the password alone. False: there was no second factor.
-- +goose StatementBegin
create function remove_second_factor(who uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from second_factors where user_id = who;
  return found;
end
$$;
-- +goose StatementEnd

-- The tenants that have no owner but this user, and how many members each has beside. Their rows are locked until the end of the transaction,
-- also against what would refer to them: nobody joins and nothing is created in them.
-- +goose StatementBegin
create function lock_sole_tenants(who uuid) returns table (tenant_id uuid, name text, others int)
language plpgsql security definer rows 5 set search_path = public, pg_temp set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  perform from users u where u.id = who for no key update;
  perform from tenants t join memberships m on m.tenant_id = t.id
    where m.user_id = who and m.role = 'owner' and t.closed_at is null order by t.id for update of t;
  return query
    select t.id, t.name::text, (select count(*)::int from memberships o where o.tenant_id = t.id and o.user_id <> who)
    from tenants t join memberships m on m.tenant_id = t.id
    where m.user_id = who and m.role = 'owner' and t.closed_at is null
      and (select true from memberships o where o.tenant_id = t.id and o.user_id <> who and o.role = 'owner' limit 1) is null
    order by t.id;
end
$$;
-- +goose StatementEnd

-- Closes an account for good: what tells who it was, and what lets it in, is erased; the row stays, since the audit trail refers to it. The
-- tenants that have no other member close with it. False: nobody else operates the platform.
-- +goose StatementBegin
create function close_account(who uuid, at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  -- Of two operators who go at once one is the last: see set_operator.
  if exists (select from users u where u.id = who and u.role = 'admin') then
    perform from platform p for update;
  end if;
  if exists (select from users u where u.id = who and u.role = 'admin')
    and not exists (select from users u where u.id <> who and u.kind = 'person' and u.role = 'admin' and u.closed_at is null) then
    return false;
  end if;
  -- Another owner stands for a tenant that goes on.
  update tenants t set owner_id = o.user_id, updated_at = at
    from (select distinct on (m.tenant_id) m.tenant_id, m.user_id from memberships m where m.role = 'owner' and m.user_id <> who
      and m.tenant_id in (select mine.tenant_id from memberships mine where mine.user_id = who) order by m.tenant_id, m.created_at) o
    where t.id = o.tenant_id and t.owner_id = who;
  update tenants t set status = 'closed', closed_at = at, updated_at = at
    where t.closed_at is null and t.id in (select m.tenant_id from memberships m where m.user_id = who)
      and (select true from memberships m where m.tenant_id = t.id and m.user_id <> who limit 1) is null;
  delete from second_factors where user_id = who;
  delete from login_sources where user_id = who;
  delete from password_resets where user_id = who;
  update api_keys set revoked_at = at, ip_address = null, user_agent = null where user_id = who and revoked_at is null;
  delete from memberships where user_id = who;
  update users set email = 'closed-' || who || '@invalid', name = 'closed account', password_hash = '!', role = 'user', closed_at = at,
    updated_at = at, guesses_until = null where id = who;
  return true;
end
$$;
-- +goose StatementEnd

revoke execute on function find_login(text), admit_guess(uuid, text, timestamptz), record_guess(uuid, text, boolean, timestamptz),
    clear_guesses(uuid), end_session(uuid, uuid, timestamptz), end_sessions(uuid, uuid, timestamptz), end_old_sessions(uuid, int, timestamptz),
    request_password_reset(text, uuid, text, text, timestamptz), issue_password_reset(uuid, uuid, text, timestamptz),
    reset_password(text, text, text, timestamptz), change_password(uuid, text, uuid, timestamptz), find_second_factor(uuid), use_code_step(uuid, bigint),
    use_recovery_code(uuid, text, timestamptz), remove_second_factor(uuid), lock_sole_tenants(uuid), close_account(uuid, timestamptz) from public;
grant execute on function find_login(text), admit_guess(uuid, text, timestamptz), record_guess(uuid, text, boolean, timestamptz),
    end_session(uuid, uuid, timestamptz), end_sessions(uuid, uuid, timestamptz), end_old_sessions(uuid, int, timestamptz),
    request_password_reset(text, uuid, text, text, timestamptz), reset_password(text, text, text, timestamptz), change_password(uuid, text, uuid, timestamptz), find_second_factor(uuid),
    use_code_step(uuid, bigint), use_recovery_code(uuid, text, timestamptz), lock_sole_tenants(uuid), close_account(uuid, timestamptz) to cloud_api;
grant execute on function clear_guesses(uuid), end_sessions(uuid, uuid, timestamptz), issue_password_reset(uuid, uuid, text, timestamptz),
    remove_second_factor(uuid) to cloud_operator;

-- +goose Down
drop function close_account(uuid, timestamptz);
drop function lock_sole_tenants(uuid);
drop function remove_second_factor(uuid);
drop function use_recovery_code(uuid, text, timestamptz);
drop function use_code_step(uuid, bigint);
drop function find_second_factor(uuid);
drop function change_password(uuid, text, uuid, timestamptz);
drop function reset_password(text, text, text, timestamptz);
drop function issue_password_reset(uuid, uuid, text, timestamptz);
drop function request_password_reset(text, uuid, text, text, timestamptz);
drop function end_old_sessions(uuid, int, timestamptz);
drop function end_sessions(uuid, uuid, timestamptz);
drop function end_session(uuid, uuid, timestamptz);
drop function clear_guesses(uuid);
drop function record_guess(uuid, text, boolean, timestamptz);
drop function admit_guess(uuid, text, timestamptz);
drop function find_login(text);
drop trigger announce_second_factor on tenants;
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
alter table tenants drop column if exists require_second_factor;
alter table api_keys drop column user_agent, drop column ip_address;
drop table recovery_codes, second_factors, password_resets, login_sources;
alter table users drop column guesses_until;
grant update (password_hash) on users to cloud_api, cloud_worker;
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
revoke execute on function find_login(text), record_login(uuid, boolean, timestamptz, int, interval) from public;
grant execute on function find_login(text), record_login(uuid, boolean, timestamptz, int, interval) to cloud_api, cloud_worker;
