-- A process that was taken over makes no token last: 30 s are over by the clock, and what comes of a token ends with it.

-- +goose Up

-- By the clock, since one statement, such as a DO block that loops, may last as long as it likes.
-- +goose StatementBegin
create or replace function proven_scope() returns bytea
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
  if to_timestamp(('x' || encode(substring(token, 33, 8), 'hex'))::bit(64)::bigint) < clock_timestamp() then
    raise exception 'cloud.scope has expired' using errcode = 'invalid_authorization_specification';
  end if;
  return token;
end
$$;
-- +goose StatementEnd

-- A token of a user makes none for the same user that lasts longer.
-- +goose StatementBegin
create or replace function set_scope(of_tenant uuid, of_user uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  had constant bytea := proven_scope();
  good_for interval := '30 seconds';
begin
  if substring(had, 17, 16) = uuid_send(of_user) then
    good_for := to_timestamp(('x' || encode(substring(had, 33, 8), 'hex'))::bit(64)::bigint) - clock_timestamp();
  end if;
  perform set_config('cloud.scope', sign_scope(of_tenant, of_user, good_for), true);
end
$$;
-- +goose StatementEnd

-- A key that acts in one tenant takes nobody to another.
-- +goose StatementBegin
create or replace function enter_tenant(wanted uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_proof((proven()).user_id = scope_user() and (proven()).key_permissions is null and not (proven()).by_signature, 'another tenant');
  if wanted is not null and not exists (select from memberships m where m.tenant_id = wanted and m.user_id = scope_user()) then
    raise exception 'the user of this transaction is no member of %', wanted using errcode = 'insufficient_privilege';
  end if;
  perform set_scope(wanted, scope_user());
end
$$;
-- +goose StatementEnd

-- An answer to an invitation that is refused opens nothing. And what the operator's role does to instances, sessions and mails of others by functions
-- needs the key of an operator, as what it does by itself.
-- +goose StatementBegin
do $$
declare
  one regprocedure;
begin
  one := 'answer_invitation(uuid, text, boolean, bigint, timestamptz)'::regprocedure;
  execute replace(replace(pg_get_functiondef(one), E'  perform set_scope(tenant_id, caller.id);\n', ''),
    E'if outcome in (''accepted'', ''declined'') then\n', E'if outcome in (''accepted'', ''declined'') then\n    perform set_scope(tenant_id, caller.id);\n');
  foreach one in array array['operator_stop_instances(uuid, timestamptz)', 'operator_end_sessions(uuid, uuid, timestamptz)',
    'take_mail(uuid, timestamptz)']::regprocedure[]
  loop
    execute regexp_replace(pg_get_functiondef(one), E'\nbegin\n', E'\nbegin\n  perform require_proof((proven()).is_operator, ''' || one::regproc || E''');\n');
  end loop;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
do $$
declare
  one regprocedure;
begin
  foreach one in array array['operator_stop_instances(uuid, timestamptz)', 'operator_end_sessions(uuid, uuid, timestamptz)',
    'take_mail(uuid, timestamptz)']::regprocedure[]
  loop
    execute regexp_replace(pg_get_functiondef(one), E'  perform require_proof[^\n]*\n', '');
  end loop;
  one := 'answer_invitation(uuid, text, boolean, bigint, timestamptz)'::regprocedure;
  execute replace(replace(pg_get_functiondef(one), E'    perform set_scope(tenant_id, caller.id);\n', ''),
    E'where u.id = found_one.invited_by;\n', E'where u.id = found_one.invited_by;\n  perform set_scope(tenant_id, caller.id);\n');
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function enter_tenant(wanted uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if wanted is not null and not exists (select from memberships m where m.tenant_id = wanted and m.user_id = scope_user()) then
    raise exception 'the user of this transaction is no member of %', wanted using errcode = 'insufficient_privilege';
  end if;
  perform set_scope(wanted, scope_user());
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function set_scope(of_tenant uuid, of_user uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('cloud.scope', sign_scope(of_tenant, of_user), true);
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function proven_scope() returns bytea
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
