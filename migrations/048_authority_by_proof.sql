-- Who may what is changed only in a transaction that was shown the key of somebody who may. The API's roles have no other way to keys, sessions,
-- memberships, roles, addresses and passwords of users, so a process that was taken over makes nobody's key and no owner by itself. What a function
-- of the owner does by itself (registering, an invitation, the worker) is not asked.

-- +goose Up

-- The key that a transaction was shown. A row lives as long as its transaction; nobody but these functions sees the table.
create unlogged table proofs (
    xid xid8 primary key default pg_current_xact_id(),
    user_id uuid not null,
    key_id uuid not null,
    key_kind varchar(20) not null,
    -- at the AWS door a signature proves the key, and to this process alone: enough for keys that work at that door only
    by_signature boolean not null,
    -- the limits of the key; a session's end limits no keys that are made with it
    key_permissions varchar(100)[],
    key_cidrs cidr[],
    key_ends_at timestamptz,
    key_all_tenants boolean not null,
    is_operator boolean not null,
    -- where the key may act, and what it may there; null: nowhere
    of_tenant uuid,
    permissions varchar(100)[]
);
alter table proofs enable row level security;
-- +goose StatementBegin
create function forget_proof() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from proofs where xid = new.xid;
  return null;
end
$$;
-- +goose StatementEnd
create constraint trigger forget_proof after insert on proofs deferrable initially deferred for each row execute function forget_proof();

-- Shows the transaction a key. Answers 'none' for one that is not good, 'user' where it says who calls, and 'tenant' where it may act in the tenant too.
-- +goose StatementBegin
create function enter_proof(raw_key text, signed_by uuid, wanted_tenant uuid, address text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  hash text := encode(sha256(convert_to(raw_key, 'UTF8')), 'hex');
  seen record;
  is_in boolean;
begin
  if raw_key is null then
    select k.key into hash from api_keys k where k.id = signed_by and k.aws_access_key_id is not null;
  end if;
  select * into seen from describe_keys(array[hash], array[wanted_tenant]) a
    where a.revoked_at is null and (a.expires_at is null or a.expires_at > clock_timestamp())
      and a.user_closed_at is null and a.user_suspension is null
      and (a.key_cidrs is null or address::inet <<= any (a.key_cidrs::cidr[]));
  if not found then
    return 'none';
  end if;
  is_in := coalesce(seen.tenant_id = wanted_tenant and seen.tenant_status = 'active' and seen.membership_role is not null
    and not seen.lacks_second_factor and (seen.key_all_tenants or seen.key_tenant_id = wanted_tenant), false);
  insert into proofs (user_id, key_id, key_kind, by_signature, key_permissions, key_cidrs, key_ends_at, key_all_tenants, is_operator, of_tenant, permissions)
    values (seen.user_id, seen.key_id, seen.key_kind, raw_key is null, seen.key_permissions, seen.key_cidrs::cidr[],
      case when seen.key_kind = 'api' then seen.expires_at end, seen.key_all_tenants,
      seen.user_role = 'admin' and seen.key_permissions is null and seen.key_all_tenants and raw_key is not null,
      case when is_in then wanted_tenant end,
      case when is_in and (seen.key_permissions is null or seen.permissions && '{*,full_access}') then coalesce(seen.key_permissions, seen.permissions)
        when is_in then array(select unnest(seen.key_permissions) intersect select unnest(seen.permissions)) end)
    on conflict (xid) do update set user_id = excluded.user_id, key_id = excluded.key_id, key_kind = excluded.key_kind,
      by_signature = excluded.by_signature, key_permissions = excluded.key_permissions, key_cidrs = excluded.key_cidrs,
      key_ends_at = excluded.key_ends_at, key_all_tenants = excluded.key_all_tenants, is_operator = excluded.is_operator, of_tenant = excluded.of_tenant, permissions = excluded.permissions;
  return case when is_in then 'tenant' else 'user' end;
end
$$;
-- +goose StatementEnd

-- The key that this transaction was shown; all null: none.
-- +goose StatementBegin
create function proven() returns proofs
language sql stable security definer set search_path = public, pg_temp as $$
  select p from proofs p where p.xid = pg_current_xact_id_if_assigned()
$$;
-- +goose StatementEnd

-- Whether the shown key has one of these permissions in the tenant, and all that the role has there. A role that is null has none.
-- +goose StatementBegin
create function may_give(p proofs, in_tenant uuid, role_name text, words text[]) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(p.of_tenant = in_tenant and not p.by_signature and p.permissions && (array['*', 'full_access'] || words)::varchar[] and (
    p.permissions && '{*,full_access}' or not exists (
      select from (
        select rp.permission from roles r join role_permissions rp on rp.role_id = r.id where r.built_in and r.name = role_name
        union all
        select tp.permission from tenant_roles tr join tenant_role_permissions tp on tp.role_id = tr.id
        where tr.tenant_id = in_tenant and tr.name = role_name) had
      where had.permission <> all (p.permissions))), false)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function require_proof(holds boolean, what text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if holds is not true then
    raise exception '%: this transaction was not shown the key of somebody who may', what using errcode = 'insufficient_privilege';
  end if;
end
$$;
-- +goose StatementEnd

-- A key is made by its user with a key that is no less limited, in a tenant where that may act. An ended one stays so; ending needs no key.
-- +goose StatementBegin
create function guard_key() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  p constant proofs := proven();
  is_within constant boolean := (p.key_permissions is null or new.permissions <@ p.key_permissions)
    and (p.key_cidrs is null or (new.cidrs is not null and not exists (select from unnest(new.cidrs) c where not c <<= any (p.key_cidrs))))
    and (p.key_ends_at is null or new.expires_at <= p.key_ends_at)
    -- a key with permissions acts in one tenant, whatever it says
    and (p.key_all_tenants or not new.all_tenants or new.permissions is not null);
begin
  if tg_op = 'INSERT' then
    perform require_proof(p.user_id = new.user_id and p.of_tenant = new.tenant_id and p.permissions && '{*,full_access,identity:create}'
      and p.key_kind <> 'temporary' and (new.kind = 'api' or (new.kind = 'temporary' and new.parent_id = p.key_id)) and is_within, 'a new key');
    if p.by_signature then
      new.key := encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex');
    end if;
    return new;
  end if;
  perform require_proof(old.revoked_at is null, 'a revoked key');
  if new.tenant_id is distinct from old.tenant_id then
    perform require_proof(p.user_id = old.user_id and old.kind = 'session' and p.key_permissions is null and not p.by_signature, 'another tenant of a key');
  end if;
  if new.permissions is distinct from old.permissions or new.cidrs is distinct from old.cidrs or new.all_tenants > old.all_tenants
    or (new.expires_at is distinct from old.expires_at and coalesce(new.expires_at > old.expires_at, new.expires_at is null)) then
    perform require_proof(p.user_id = old.user_id and old.kind = 'api' and p.of_tenant = old.tenant_id
      and p.permissions && '{*,full_access,identity:create}' and is_within, 'other limits of a key');
  end if;
  return new;
end
$$;
-- +goose StatementEnd
create trigger guard_key before insert or update on api_keys for each row
    when (current_user in ('cloud_api', 'cloud_operator')) execute function guard_key();

-- Nobody gives a role that has more than themselves.
-- +goose StatementBegin
create function guard_member() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  p constant proofs := proven();
  words constant text[] := '{tenant:update,role:bind,role:update,role:delete}';
begin
  perform require_proof(may_give(p, new.tenant_id, new.role, words) and (tg_op = 'INSERT' or may_give(p, old.tenant_id, old.role, words)),
    format('the role %L of a member', new.role));
  return new;
end
$$;
-- +goose StatementEnd
create trigger guard_member before insert or update on memberships for each row
    when (current_user in ('cloud_api', 'cloud_operator')) execute function guard_member();

-- +goose StatementBegin
create function guard_invitation() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  p constant proofs := proven();
begin
  if tg_op = 'INSERT' or new.invited_by <> old.invited_by or new.token_hash <> old.token_hash then
    perform require_proof(new.invited_by = p.user_id and may_give(p, new.tenant_id, null, '{tenant:update}'), 'an invitation');
  end if;
  if tg_op = 'INSERT' or new.role <> old.role then
    perform require_proof(may_give(p, new.tenant_id, new.role, '{tenant:update,role:update}'), 'the role of an invitation');
  end if;
  return new;
end
$$;
-- +goose StatementEnd
create trigger guard_invitation before insert or update on invitations for each row
    when (current_user in ('cloud_api', 'cloud_operator')) execute function guard_invitation();

-- What a role may, and by its name who has it, changes for all its members.
-- +goose StatementBegin
create function guard_role_permission() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  p constant proofs := proven();
begin
  perform require_proof(may_give(p, new.tenant_id, null, '{role:create,role:update}')
    and p.permissions && array['*', 'full_access', new.permission]::varchar[], format('the permission %L of a role', new.permission));
  return new;
end
$$;
-- +goose StatementEnd
create trigger guard_role_permission before insert or update on tenant_role_permissions for each row
    when (current_user in ('cloud_api', 'cloud_operator')) execute function guard_role_permission();
-- +goose StatementBegin
create function guard_role_name() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  perform require_proof(may_give(proven(), old.tenant_id, old.name, '{role:update}'), 'another name of a role');
  return new;
end
$$;
-- +goose StatementEnd
create trigger guard_role_name before update of name on tenant_roles for each row
    when (current_user in ('cloud_api', 'cloud_operator') and old.name <> new.name) execute function guard_role_name();

-- Address, second factor and default tenant are the user's own.
-- +goose StatementBegin
create function guard_own() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  p constant proofs := proven();
  row_of constant jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
begin
  perform require_proof(p.user_id = (row_of ->> tg_argv[0])::uuid and p.key_permissions is null and not p.by_signature, tg_table_name);
  return case when tg_op = 'DELETE' then old else new end;
end
$$;
-- +goose StatementEnd
create trigger guard_own before update of email, name, default_tenant_id on users for each row
    when (current_user = 'cloud_api') execute function guard_own('id');
create trigger guard_own before insert or update or delete on second_factors for each row
    when (current_user = 'cloud_api') execute function guard_own('user_id');
create trigger guard_own before insert or update or delete on recovery_codes for each row
    when (current_user = 'cloud_api') execute function guard_own('user_id');

-- What the operator changes of tenants and users, by the key of an operator.
-- +goose StatementBegin
create function guard_operator() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  perform require_proof((proven()).is_operator, tg_table_name);
  return null;
end
$$;
-- +goose StatementEnd
create trigger guard_operator before update on users for each statement when (current_user = 'cloud_operator') execute function guard_operator();
create trigger guard_operator before update on tenants for each statement when (current_user = 'cloud_operator') execute function guard_operator();
create trigger guard_operator before insert or update or delete on quotas for each statement
    when (current_user = 'cloud_operator') execute function guard_operator();
create trigger guard_operator before insert or update or delete on platform_settings for each statement
    when (current_user = 'cloud_operator') execute function guard_operator();

-- Functions that do as much are called by way of others, which ask for the key first.
revoke execute on function change_password(uuid, text, uuid, timestamptz), close_account(uuid, timestamptz) from cloud_api;
revoke execute on function set_operator(uuid, boolean, timestamptz), issue_password_reset(uuid, uuid, text, timestamptz), remove_second_factor(uuid)
    from cloud_operator;
-- +goose StatementBegin
create function change_password_by_key(who uuid, new_password_hash text, kept uuid, at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_proof((proven()).user_id = who and (proven()).key_permissions is null and not (proven()).by_signature, 'another password');
  perform change_password(who, new_password_hash, kept, at);
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function close_account_by_key(who uuid, at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_proof((proven()).user_id = who and (proven()).key_permissions is null and not (proven()).by_signature, 'closing an account');
  return close_account(who, at);
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function set_operator_by_key(who uuid, wanted boolean, at timestamptz) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_proof((proven()).is_operator, 'making an operator');
  return set_operator(who, wanted, at);
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function issue_password_reset_by_key(who uuid, new_id uuid, new_hash text, at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_proof((proven()).is_operator, 'resetting a password');
  return issue_password_reset(who, new_id, new_hash, at);
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function remove_second_factor_by_key(who uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_proof((proven()).is_operator, 'removing a second factor');
  return remove_second_factor(who);
end
$$;
-- +goose StatementEnd

-- No hash of a password is told any more, only its cost and salt (the first 29 characters). The API hashes what was typed with these; whether the
-- result is the stored hash, and whether it lets in, is found out here.
drop function find_login(text);
-- +goose StatementBegin
create function find_login(wanted_email text)
returns table (
    user_id uuid, email text, name text, role text, password_salt text, default_tenant_id uuid, closed_at timestamptz,
    created_at timestamptz, updated_at timestamptz, suspension text)
language plpgsql stable security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select u.id, u.email::text, u.name::text, u.role::text, substr(u.password_hash, 1, 29), u.default_tenant_id, u.closed_at, u.created_at, u.updated_at,
      case when u.suspended_at is not null then coalesce(u.suspended_reason, '')::text end
    from users u where lower(u.email) = lower(wanted_email) and u.kind = 'person';
end
$$;
-- +goose StatementEnd
revoke execute on function admit_guess(uuid, text, timestamptz) from cloud_api;
-- As before, and whether this is the hash of the password that holds now; null where it is not to be told.
-- +goose StatementBegin
create function admit_guess(who uuid, from_source text, at timestamptz, offered text)
returns table (verdict text, until timestamptz, fits boolean)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query select g.verdict, g.until, case when g.verdict = 'open' then coalesce(g.password_hash = offered, false) end
    from admit_guess(who, from_source, at) g;
end
$$;
-- +goose StatementEnd
-- The session of somebody whose password was offered, in the default tenant, in which the transaction goes on as this user. False: it is not the password of an account that is open.
-- +goose StatementBegin
create function open_session(who uuid, offered text, new_id uuid, new_hash text, new_prefix text, ends_at timestamptz, address text, agent text,
    at timestamptz)
returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  home uuid;
begin
  insert into api_keys (id, user_id, tenant_id, name, kind, key, prefix, expires_at, ip_address, user_agent, created_at)
    select new_id, u.id, u.default_tenant_id, 'login session', 'session', new_hash, new_prefix, ends_at, address, agent, at
    from users u where u.id = who and u.kind = 'person' and u.closed_at is null and u.suspended_at is null and u.password_hash = offered
    returning tenant_id into home;
  if not found then
    return false;
  end if;
  perform set_scope(home, who);
  return true;
end
$$;
-- +goose StatementEnd

revoke execute on function forget_proof(), enter_proof(text, uuid, uuid, text), proven(), may_give(proofs, uuid, text, text[]), require_proof(boolean, text),
    guard_key(), guard_member(), guard_invitation(), guard_role_permission(), guard_role_name(), guard_own(), guard_operator(),
    change_password_by_key(uuid, text, uuid, timestamptz), close_account_by_key(uuid, timestamptz),
    set_operator_by_key(uuid, boolean, timestamptz), issue_password_reset_by_key(uuid, uuid, text, timestamptz), remove_second_factor_by_key(uuid), find_login(text),
    admit_guess(uuid, text, timestamptz, text), open_session(uuid, text, uuid, text, text, timestamptz, text, text, timestamptz) from public;
grant execute on function enter_proof(text, uuid, uuid, text), proven(), may_give(proofs, uuid, text, text[]), require_proof(boolean, text)
    to cloud_api, cloud_operator;
grant execute on function change_password_by_key(uuid, text, uuid, timestamptz), close_account_by_key(uuid, timestamptz),
    find_login(text), admit_guess(uuid, text, timestamptz, text),
    open_session(uuid, text, uuid, text, text, timestamptz, text, text, timestamptz) to cloud_api;
grant execute on function set_operator_by_key(uuid, boolean, timestamptz), issue_password_reset_by_key(uuid, uuid, text, timestamptz), remove_second_factor_by_key(uuid)
    to cloud_operator;

-- No statement of the API needs these.
revoke delete on memberships from cloud_api;
revoke insert on api_keys from cloud_worker;
revoke execute on function enter_user(uuid) from cloud_api;

-- +goose Down
grant execute on function enter_user(uuid) to cloud_api;
grant insert on api_keys to cloud_worker;
grant delete on memberships to cloud_api;
drop function open_session(uuid, text, uuid, text, text, timestamptz, text, text, timestamptz);
drop function admit_guess(uuid, text, timestamptz, text);
grant execute on function admit_guess(uuid, text, timestamptz) to cloud_api;
drop function find_login(text);
-- +goose StatementBegin
create function find_login(wanted_email text)
returns table (
    user_id uuid, email text, name text, role text, password_hash text, default_tenant_id uuid, closed_at timestamptz,
    created_at timestamptz, updated_at timestamptz, suspension text)
language plpgsql stable security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select u.id, u.email::text, u.name::text, u.role::text, u.password_hash::text, u.default_tenant_id, u.closed_at, u.created_at, u.updated_at,
      case when u.suspended_at is not null then coalesce(u.suspended_reason, '')::text end
    from users u where lower(u.email) = lower(wanted_email) and u.kind = 'person';
end
$$;
-- +goose StatementEnd
revoke execute on function find_login(text) from public;
grant execute on function find_login(text) to cloud_api;
drop function remove_second_factor_by_key(uuid);
drop function issue_password_reset_by_key(uuid, uuid, text, timestamptz);
drop function set_operator_by_key(uuid, boolean, timestamptz);
drop function close_account_by_key(uuid, timestamptz);
drop function change_password_by_key(uuid, text, uuid, timestamptz);
grant execute on function change_password(uuid, text, uuid, timestamptz), close_account(uuid, timestamptz) to cloud_api;
grant execute on function set_operator(uuid, boolean, timestamptz), issue_password_reset(uuid, uuid, text, timestamptz), remove_second_factor(uuid)
    to cloud_operator;
drop trigger guard_operator on platform_settings;
drop trigger guard_operator on quotas;
drop trigger guard_operator on tenants;
drop trigger guard_operator on users;
drop trigger guard_own on recovery_codes;
drop trigger guard_own on second_factors;
drop trigger guard_own on users;
drop trigger guard_role_name on tenant_roles;
drop trigger guard_role_permission on tenant_role_permissions;
drop trigger guard_invitation on invitations;
drop trigger guard_member on memberships;
drop trigger guard_key on api_keys;
drop function guard_operator();
drop function guard_own();
drop function guard_role_name();
drop function guard_role_permission();
drop function guard_invitation();
drop function guard_member();
drop function guard_key();
drop function require_proof(boolean, text);
drop function may_give(proofs, uuid, text, text[]);
drop function proven();
drop function enter_proof(text, uuid, uuid, text);
drop table proofs;
drop function forget_proof();
