-- What an invitation, a mail and a login may still do once something about their people has changed.

-- +goose Up

-- What tenants send to an address must not use up the mails with which its owner gets a new password.
-- +goose StatementBegin
create or replace function queue_mail(
    new_id uuid, to_recipient text, new_sealed text, new_expires_at timestamptz, most_of_tenant int, most_of_recipient int)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  of_tenant constant uuid := nullif(current_setting('cloud.tenant_id', true), '')::uuid;
begin
  perform pg_advisory_xact_lock(hashtextextended('mail:' || to_recipient, 0));
  if (select count(*) from (select from mails m where m.recipient = to_recipient and (m.tenant_id is null) = (of_tenant is null)
      and m.created_at > now() - interval '1 hour'
      limit most_of_recipient) as recent) >= most_of_recipient then
    return 'recipient_limit';
  end if;
  if of_tenant is not null and (select count(*) from (select from mails m where m.tenant_id = of_tenant and m.created_at > now() - interval '1 hour'
      limit most_of_tenant) as recent) >= most_of_tenant then
    return 'tenant_limit';
  end if;
  insert into mails (id, tenant_id, recipient, sealed, expires_at) values (new_id, of_tenant, to_recipient, new_sealed, new_expires_at);
  insert into reconcile (kind, id, tenant_id, priority, due_at, wakes, ready) values ('mail', new_id, of_tenant, 1, now(), 1, true);
  perform pg_notify('cloud_wake', 'mail');
  return 'queued';
end
$$;
-- +goose StatementEnd

-- Who has renamed or deleted a role finds the invitations with it.
create index idx_invitations_role on invitations(tenant_id, role);

-- Whether the user may invite somebody with this role now: a member who has all of its permissions, and may change the tenant.
-- +goose StatementBegin
create function may_invite(who uuid, of_tenant uuid, wanted_role text) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  held text[];
  wanted text[];
begin
  held := permissions_of_role(of_tenant, (
    select m.role from memberships m join users u on u.id = m.user_id
    where m.tenant_id = of_tenant and m.user_id = who and u.suspended_at is null));
  wanted := permissions_of_role(of_tenant, wanted_role);
  return held && array['*', 'full_access'] or ('tenant:update' = any (held) and wanted <@ held);
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
create function permissions_of_role(of_tenant uuid, wanted_role text) returns text[]
language sql stable set search_path = public, pg_temp set enable_hashjoin = off set enable_mergejoin = off as $$
  select array(
    select p.permission::text from roles r join role_permissions p on p.role_id = r.id where r.built_in and r.name = wanted_role
    union all
    select p.permission::text from tenant_roles r join tenant_role_permissions p on p.role_id = r.id
    where r.tenant_id = of_tenant and r.name = wanted_role)
$$;
-- +goose StatementEnd
revoke execute on function may_invite(uuid, uuid, text), permissions_of_role(uuid, text) from public;

-- As in 028. An invitation gives no more than its sender may give when it is accepted: outcome inviter_cannot.
-- +goose StatementBegin
create or replace function answer_invitation(invitation_id uuid, given_token_hash text, accepts boolean, most_members bigint, at timestamptz)
returns table (outcome text, tenant_id uuid, tenant_name text, role text, invited_by text)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  caller users%rowtype;
  found_one invitations%rowtype;
  status text;
begin
  select * into caller from users u where u.id = nullif(current_setting('cloud.user_id', true), '')::uuid;
  select i.tenant_id into tenant_id from invitations i where i.id = invitation_id;
  select t.name, t.status into tenant_name, status from tenants t where t.id = tenant_id for no key update;
  -- Before the invitation, as who renames or deletes the role locks: nobody joins with a role that is gone.
  perform from tenant_roles r where r.tenant_id = answer_invitation.tenant_id
    and r.name = (select i.role from invitations i where i.id = invitation_id) for share;
  select * into found_one from invitations i where i.id = invitation_id for update;
  if caller.id is null or found_one.id is null
    or (given_token_hash is null and found_one.email <> lower(caller.email)) or given_token_hash <> found_one.token_hash then
    outcome := 'missing';
  elsif given_token_hash is null and coalesce(caller.email_changed_at, caller.created_at) > found_one.sent_at then
    outcome := 'token_needed';
  end if;
  if outcome is not null then
    tenant_id := null;
    tenant_name := null;
    return next;
    return;
  end if;
  role := found_one.role;
  select u.email into invited_by from users u where u.id = found_one.invited_by;
  perform set_config('cloud.tenant_id', tenant_id::text, true);
  if accepts and not exists (select from roles r where r.name = found_one.role and r.built_in)
    and not exists (select from tenant_roles r where r.tenant_id = found_one.tenant_id and r.name = found_one.role) then
    outcome := 'role_gone';
  elsif found_one.expires_at <= at then
    outcome := 'expired';
  elsif not accepts then
    outcome := 'declined';
  elsif status <> 'active' then
    outcome := 'suspended';
  elsif exists (select from memberships m where m.tenant_id = found_one.tenant_id and m.user_id = caller.id) then
    outcome := 'member';
  elsif not may_invite(found_one.invited_by, found_one.tenant_id, found_one.role) then
    outcome := 'inviter_cannot';
  elsif (select count(*) from memberships m where m.tenant_id = found_one.tenant_id)
      >= coalesce((select q.max from quotas q where q.tenant_id = found_one.tenant_id and q.resource = 'members'), most_members) then
    outcome := 'full';
  else
    insert into memberships (tenant_id, user_id, role, created_at) values (found_one.tenant_id, caller.id, found_one.role, at);
    update users u set default_tenant_id = found_one.tenant_id where u.id = caller.id and u.default_tenant_id is null;
    outcome := 'accepted';
  end if;
  if outcome in ('accepted', 'declined') then
    delete from invitations i where i.id = invitation_id;
  end if;
  return next;
end
$$;
-- +goose StatementEnd

-- A token that went to the address before must not outlive it.
-- +goose StatementBegin
create function drop_password_resets() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  delete from password_resets r where r.user_id = new.id and r.used_at is null;
  return null;
end
$$;
-- +goose StatementEnd
revoke execute on function drop_password_resets() from public;
create trigger drop_password_resets after update of email on users for each row when (old.email <> new.email)
    execute function drop_password_resets();

-- As in 021, and why the user is suspended.
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

-- +goose Down
drop function find_login(text);
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
revoke execute on function find_login(text) from public;
grant execute on function find_login(text) to cloud_api;
drop trigger drop_password_resets on users;
drop function drop_password_resets();
-- +goose StatementBegin
create or replace function answer_invitation(invitation_id uuid, given_token_hash text, accepts boolean, most_members bigint, at timestamptz)
returns table (outcome text, tenant_id uuid, tenant_name text, role text, invited_by text)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  caller users%rowtype;
  found_one invitations%rowtype;
  status text;
begin
  select * into caller from users u where u.id = nullif(current_setting('cloud.user_id', true), '')::uuid;
  select i.tenant_id into tenant_id from invitations i where i.id = invitation_id;
  select t.name, t.status into tenant_name, status from tenants t where t.id = tenant_id for no key update;
  select * into found_one from invitations i where i.id = invitation_id for update;
  if caller.id is null or found_one.id is null
    or (given_token_hash is null and found_one.email <> lower(caller.email)) or given_token_hash <> found_one.token_hash then
    outcome := 'missing';
  elsif given_token_hash is null and coalesce(caller.email_changed_at, caller.created_at) > found_one.sent_at then
    outcome := 'token_needed';
  end if;
  if outcome is not null then
    tenant_id := null;
    tenant_name := null;
    return next;
    return;
  end if;
  role := found_one.role;
  select u.email into invited_by from users u where u.id = found_one.invited_by;
  perform set_config('cloud.tenant_id', tenant_id::text, true);
  if found_one.expires_at <= at then
    outcome := 'expired';
  elsif not accepts then
    outcome := 'declined';
  elsif status <> 'active' then
    outcome := 'suspended';
  elsif exists (select from memberships m where m.tenant_id = found_one.tenant_id and m.user_id = caller.id) then
    outcome := 'member';
  elsif not exists (select from roles r where r.name = found_one.role and r.built_in)
    and not exists (select from tenant_roles r where r.tenant_id = found_one.tenant_id and r.name = found_one.role) then
    outcome := 'role_gone';
  elsif (select count(*) from memberships m where m.tenant_id = found_one.tenant_id)
      >= coalesce((select q.max from quotas q where q.tenant_id = found_one.tenant_id and q.resource = 'members'), most_members) then
    outcome := 'full';
  else
    insert into memberships (tenant_id, user_id, role, created_at) values (found_one.tenant_id, caller.id, found_one.role, at);
    update users u set default_tenant_id = found_one.tenant_id where u.id = caller.id and u.default_tenant_id is null;
    outcome := 'accepted';
  end if;
  if outcome in ('accepted', 'declined') then
    delete from invitations i where i.id = invitation_id;
  end if;
  return next;
end
$$;
-- +goose StatementEnd
drop function may_invite(uuid, uuid, text);
drop function permissions_of_role(uuid, text);
drop index idx_invitations_role;
-- +goose StatementBegin
create or replace function queue_mail(
    new_id uuid, to_recipient text, new_sealed text, new_expires_at timestamptz, most_of_tenant int, most_of_recipient int)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  of_tenant constant uuid := nullif(current_setting('cloud.tenant_id', true), '')::uuid;
begin
  perform pg_advisory_xact_lock(hashtextextended('mail:' || to_recipient, 0));
  if (select count(*) from (select from mails m where m.recipient = to_recipient and m.created_at > now() - interval '1 hour'
      limit most_of_recipient) as recent) >= most_of_recipient then
    return 'recipient_limit';
  end if;
  if of_tenant is not null and (select count(*) from (select from mails m where m.tenant_id = of_tenant and m.created_at > now() - interval '1 hour'
      limit most_of_tenant) as recent) >= most_of_tenant then
    return 'tenant_limit';
  end if;
  insert into mails (id, tenant_id, recipient, sealed, expires_at) values (new_id, of_tenant, to_recipient, new_sealed, new_expires_at);
  insert into reconcile (kind, id, tenant_id, priority, due_at, wakes, ready) values ('mail', new_id, of_tenant, 1, now(), 1, true);
  perform pg_notify('cloud_wake', 'mail');
  return 'queued';
end
$$;
-- +goose StatementEnd
