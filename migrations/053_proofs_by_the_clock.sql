-- What the API's word still decided: when an address became a user's, how long a key that was shown counts, and what a signature is good for.

-- +goose Up

-- By the clock of the database, and written by nobody: whether somebody had an address before an invitation was sent to it. Else the API registers
-- whom an invitation waits for, with an earlier date, and is a member without the token.
alter table users add column address_since timestamptz not null default clock_timestamp();
update users set address_since = coalesce(email_changed_at, created_at);
alter table invitations add column written_at timestamptz not null default clock_timestamp();
update invitations set written_at = sent_at;
-- +goose StatementBegin
create function note_address() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  new.address_since := clock_timestamp();
  return new;
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function note_invitation() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  new.written_at := clock_timestamp();
  return new;
end
$$;
-- +goose StatementEnd
create trigger note_new_address before insert on users for each row execute function note_address();
create trigger note_address before update of email on users for each row when (old.email <> new.email) execute function note_address();
create trigger note_new_invitation before insert on invitations for each row execute function note_invitation();
create trigger note_invitation before update of token_hash on invitations for each row when (old.token_hash <> new.token_hash)
    execute function note_invitation();
revoke execute on function note_address(), note_invitation() from public;

-- Longer than a transaction of the API lasts. One that is held open would keep a key good that was revoked.
alter table proofs add column shown_at timestamptz not null default clock_timestamp();
-- +goose StatementBegin
create or replace function proven() returns proofs
language sql stable security definer set search_path = public, pg_temp as $$
  select p from proofs p where p.xid = pg_current_xact_id_if_assigned() and p.shown_at > clock_timestamp() - interval '30 seconds'
$$;
-- +goose StatementEnd

-- An access key's id, which is no secret, ends no membership and names no other owner.
-- +goose StatementBegin
do $$
declare
  change text[];
  source text;
begin
  foreach change slice 1 in array array[
  array['answer_invitation(uuid, text, boolean, bigint, timestamptz)', 'coalesce(caller.email_changed_at, caller.created_at) > found_one.sent_at then',
    E'(coalesce(caller.email_changed_at, caller.created_at) > found_one.sent_at or caller.address_since > found_one.written_at) then'],
  array['my_invitations(uuid, integer, timestamptz)', 'and i.expires_at > at', 'and i.written_at >= caller.address_since and i.expires_at > at'],
  array['end_memberships(uuid)', 'who and (proven()).key_permissions is null, false)',
    'who and (proven()).key_permissions is null and not (proven()).by_signature, false)'],
  array['guard_tenant()', 'p.user_id = old.owner_id and p.key_permissions is null)',
    'p.user_id = old.owner_id and p.key_permissions is null and not p.by_signature)']
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

-- +goose Down
-- +goose StatementBegin
do $$
declare
  change text[];
  source text;
begin
  foreach change slice 1 in array array[
  array['answer_invitation(uuid, text, boolean, bigint, timestamptz)', 'coalesce(caller.email_changed_at, caller.created_at) > found_one.sent_at then',
    E'(coalesce(caller.email_changed_at, caller.created_at) > found_one.sent_at or caller.address_since > found_one.written_at) then'],
  array['my_invitations(uuid, integer, timestamptz)', 'and i.expires_at > at', 'and i.written_at >= caller.address_since and i.expires_at > at'],
  array['end_memberships(uuid)', 'who and (proven()).key_permissions is null, false)',
    'who and (proven()).key_permissions is null and not (proven()).by_signature, false)'],
  array['guard_tenant()', 'p.user_id = old.owner_id and p.key_permissions is null)',
    'p.user_id = old.owner_id and p.key_permissions is null and not p.by_signature)']
  ]
  loop
    source := pg_get_functiondef(change[1]::regprocedure);
    if position(change[3] in source) = 0 then
      raise exception '% has another text', change[1];
    end if;
    execute replace(source, change[3], change[2]);
  end loop;
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function proven() returns proofs
language sql stable security definer set search_path = public, pg_temp as $$
  select p from proofs p where p.xid = pg_current_xact_id_if_assigned()
$$;
-- +goose StatementEnd
alter table proofs drop column shown_at;
drop trigger note_invitation on invitations;
drop trigger note_new_invitation on invitations;
drop trigger note_address on users;
drop trigger note_new_address on users;
drop function note_invitation();
drop function note_address();
alter table invitations drop column written_at;
alter table users drop column address_since;
