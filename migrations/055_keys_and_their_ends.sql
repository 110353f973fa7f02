-- What the API's word still decided: with which key a key was made, how long a failed login counts, and what the operator's role does without an operator.

-- +goose Up

-- Whether this transaction has ended, or set an end to, a key of somebody that was made with the same key; `only_key`: it must be this one.
-- +goose StatementBegin
create function has_ended_key(whose uuid, one_made_with uuid, only_key uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  -- What was written since this transaction began to write, also between savepoints.
  began constant int := age(pg_current_xact_id_if_assigned()::xid);
begin
  if only_key is not null then
    return exists (select from api_keys k where k.id = only_key and k.user_id = whose and age(k.xmin) <= began
      and (k.revoked_at is not null or k.expires_at is not null) and k.made_with is not distinct from one_made_with);
  end if;
  return exists (select from api_keys k where k.user_id = whose and age(k.xmin) <= began
    and (k.revoked_at is not null or k.expires_at is not null) and k.made_with is not distinct from one_made_with);
end
$$;
-- +goose StatementEnd
-- A key is made with the one that was shown, and ends with it; one that takes the place of another, which this transaction ends, stands where that stood.
-- +goose StatementBegin
create function guard_made_with() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  p constant proofs := proven();
begin
  perform require_proof(new.made_with = p.key_id
    or has_ended_key(new.user_id, new.made_with, case when p.key_kind = 'api' then p.key_id end), 'a key that was made with another one');
  return null;
end
$$;
-- +goose StatementEnd
create trigger guard_made_with after insert on api_keys for each row
    when (new.kind = 'api' and current_user in ('cloud_api', 'cloud_operator')) execute function guard_made_with();

-- As in the 43rd migration, for a key that this transaction has ended, or set an end to.
-- +goose StatementBegin
create or replace function replace_made_with(old_key uuid, new_key uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  caller constant uuid := scope_user();
begin
  perform require_proof(has_ended_key(caller, (select k.made_with from api_keys k where k.id = old_key and k.user_id = caller), old_key)
    and exists (select from api_keys k where k.id = new_key and k.user_id = caller and age(k.xmin) <= age(pg_current_xact_id_if_assigned()::xid)),
    'a key in the place of another one');
  update api_keys set made_with = new_key where (made_with = old_key or id = old_key) and id <> new_key and user_id = caller;
end
$$;
-- +goose StatementEnd

-- A time that the API says is at most a day ahead: longer no failed login counts, and no code is used up.
-- +goose StatementBegin
do $$
declare
  change text[];
  source text;
begin
  foreach change slice 1 in array array[
    array['record_guess(uuid, text, boolean, timestamptz)', E'begin\n  if succeeded then',
      E'begin\n  at := least(at, clock_timestamp() + interval ''1 day'');\n  if succeeded then'],
    array['use_code_step(uuid, bigint)', 'and last_step < step;',
      'and last_step < step and step < extract(epoch from clock_timestamp() + interval ''1 day'') / 30;']
  ]
  loop
    source := pg_get_functiondef(change[1]::regprocedure);
    if position(change[2] in source) = 0 then
      raise exception '% has another text', change[1];
    end if;
    execute replace(source, change[2], change[3]);
  end loop;
end
$$;
-- +goose StatementEnd

-- The operator's role lets somebody guess again, and wakes or puts off work, by the key of an operator.
revoke execute on function clear_guesses(uuid) from cloud_operator;
-- +goose StatementBegin
create function clear_guesses_by_key(who uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_proof((proven()).is_operator, 'guessing again');
  perform clear_guesses(who);
end
$$;
-- +goose StatementEnd
create trigger guard_operator before insert or update on reconcile for each statement
    when (current_user = 'cloud_operator') execute function guard_operator();

revoke execute on function has_ended_key(uuid, uuid, uuid), guard_made_with(), clear_guesses_by_key(uuid) from public;
grant execute on function has_ended_key(uuid, uuid, uuid) to cloud_api, cloud_operator;
grant execute on function clear_guesses_by_key(uuid) to cloud_operator;

-- +goose Down
drop trigger guard_operator on reconcile;
drop function clear_guesses_by_key(uuid);
grant execute on function clear_guesses(uuid) to cloud_operator;
-- +goose StatementBegin
do $$
declare
  change text[];
  source text;
begin
  foreach change slice 1 in array array[
    array['record_guess(uuid, text, boolean, timestamptz)', E'begin\n  if succeeded then',
      E'begin\n  at := least(at, clock_timestamp() + interval ''1 day'');\n  if succeeded then'],
    array['use_code_step(uuid, bigint)', 'and last_step < step;',
      'and last_step < step and step < extract(epoch from clock_timestamp() + interval ''1 day'') / 30;']
  ]
  loop
    source := pg_get_functiondef(change[1]::regprocedure);
    execute replace(source, change[3], change[2]);
  end loop;
end
$$;
-- +goose StatementEnd
drop trigger guard_made_with on api_keys;
drop function guard_made_with();
-- +goose StatementBegin
create or replace function replace_made_with(old_key uuid, new_key uuid) returns void
language sql security definer set search_path = public, pg_temp
as $$
  update api_keys set made_with = new_key
  where (made_with = old_key or id = old_key) and id <> new_key
    and user_id = scope_user()
$$;
-- +goose StatementEnd
drop function has_ended_key(uuid, uuid, uuid);
