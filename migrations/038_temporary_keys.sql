-- Temporary keys, which are made from another key: they have its limits and end with it.

-- +goose Up
alter table api_keys drop constraint api_keys_kind_check;
alter table api_keys add constraint api_keys_kind_check check (kind in ('api', 'session', 'temporary'));
-- Of the same user, in whatever tenant.
alter table api_keys add constraint api_keys_user_id_id_key unique (user_id, id);
alter table api_keys add column parent_id uuid;
alter table api_keys add foreign key (user_id, parent_id) references api_keys(user_id, id) on delete cascade;
alter table api_keys add constraint api_keys_parent_check
    check (case kind when 'temporary' then parent_id is not null and expires_at is not null and tenant_id is not null else parent_id is null end);
grant select (parent_id) on api_keys to cloud_api, cloud_worker;
-- Those of a key that live.
create index idx_api_keys_parent_id on api_keys(parent_id, user_id, revoked_at, expires_at) where parent_id is not null;
-- A program makes many: they are kept for a shorter time than other keys.
create index idx_api_keys_temporary_ended on api_keys(least(revoked_at, expires_at)) where kind = 'temporary';

-- What changes a key changes those that were made from it, whoever did it. Who makes one holds a lock on its parent. The permissions of a limited
-- key were chosen for its own tenant: temporary keys to another one end.
-- +goose StatementBegin
create function change_temporary_keys() returns trigger
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
revoke execute on function change_temporary_keys() from public;
create trigger change_temporary_keys after update of revoked_at, expires_at, permissions, cidrs on api_keys for each row
    when (new.kind <> 'temporary') execute function change_temporary_keys();

-- +goose Down
delete from api_keys where kind = 'temporary';
drop trigger change_temporary_keys on api_keys;
drop function change_temporary_keys();
drop index idx_api_keys_temporary_ended, idx_api_keys_parent_id;
alter table api_keys drop constraint api_keys_parent_check;
alter table api_keys drop column parent_id;
alter table api_keys drop constraint api_keys_user_id_id_key;
alter table api_keys drop constraint api_keys_kind_check;
alter table api_keys add constraint api_keys_kind_check check (kind in ('api', 'session'));
