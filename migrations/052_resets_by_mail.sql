-- The token of a forgotten password is made when its mail is sent, by the worker, for the address that the database has: the API neither chooses nor sees
-- it. See docs/decisions/0010-authority-by-proof.md.

-- +goose Up
-- null: the mail that takes the token, mail_id, was not tried yet
alter table password_resets alter token_hash drop not null;
alter table password_resets add mail_id uuid;
create index idx_password_resets_mail_id on password_resets(mail_id);

drop function request_password_reset(text, uuid, text, text, timestamptz);
-- +goose StatementBegin
create function request_password_reset(wanted_email text, new_id uuid, from_source text, by_mail uuid, at timestamptz)
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
  insert into password_resets (id, user_id, mail_id, source, created_at, expires_at)
    values (new_id, request_password_reset.user_id, by_mail, from_source, at, at + interval '1 hour');
  return next;
end
$$;
-- +goose StatementEnd

-- A token for the mail, each time that it is tried: an earlier try may have arrived, so that each one's token is good. Answers where the mail may go.
-- +goose StatementBegin
create function open_password_reset(by_mail uuid, new_id uuid, new_hash text, at timestamptz) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  asked password_resets;
  address text;
begin
  select r.* into asked from password_resets r join mails m on m.id = r.mail_id
    where r.mail_id = by_mail and r.source is not null and r.used_at is null and r.expires_at > at and m.outcome in ('waiting', 'taken');
  select u.email into address from users u where u.id = asked.user_id and u.closed_at is null for no key update;
  if not found then
    return null;
  end if;
  insert into password_resets (id, user_id, token_hash, created_at, expires_at) values (new_id, asked.user_id, new_hash, at, asked.expires_at);
  return address;
end
$$;
-- +goose StatementEnd
-- The same for the operator, who passes the mail on.
-- +goose StatementBegin
create function open_password_reset_by_key(by_mail uuid, new_id uuid, new_hash text, at timestamptz) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_proof((proven()).is_operator, 'passing on a password reset');
  return open_password_reset(by_mail, new_id, new_hash, at);
end
$$;
-- +goose StatementEnd
revoke execute on function request_password_reset(text, uuid, text, uuid, timestamptz), open_password_reset(uuid, uuid, text, timestamptz),
    open_password_reset_by_key(uuid, uuid, text, timestamptz) from public;
grant execute on function request_password_reset(text, uuid, text, uuid, timestamptz) to cloud_api;
grant execute on function open_password_reset(uuid, uuid, text, timestamptz) to cloud_worker;
grant execute on function open_password_reset_by_key(uuid, uuid, text, timestamptz) to cloud_operator;

-- +goose Down
drop function open_password_reset_by_key(uuid, uuid, text, timestamptz);
drop function open_password_reset(uuid, uuid, text, timestamptz);
drop function request_password_reset(text, uuid, text, uuid, timestamptz);
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
revoke execute on function request_password_reset(text, uuid, text, text, timestamptz) from public;
grant execute on function request_password_reset(text, uuid, text, text, timestamptz) to cloud_api;
drop index idx_password_resets_mail_id;
alter table password_resets drop mail_id;
delete from password_resets where token_hash is null;
alter table password_resets alter token_hash set not null;
