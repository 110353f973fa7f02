-- Who takes an e-mail address after an invitation was sent there needs its token, as who registers with it later does.

-- +goose Up
-- +goose StatementBegin
create or replace function my_invitations(before uuid, most int, at timestamptz)
returns table (id uuid, tenant_id uuid, tenant_name text, role text, invited_by text, created_at timestamptz, expires_at timestamptz)
language plpgsql stable security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  caller users%rowtype;
begin
  select * into caller from users u where u.id = nullif(current_setting('cloud.user_id', true), '')::uuid;
  return query
    select i.id, i.tenant_id, t.name::text, i.role::text, inviter.email::text, i.created_at, i.expires_at
    from invitations i join tenants t on t.id = i.tenant_id join users inviter on inviter.id = i.invited_by
    where i.email = lower(caller.email) and i.sent_at >= coalesce(caller.email_changed_at, caller.created_at) and i.expires_at > at and i.id < before
    order by i.id desc limit most;
end
$$;
-- +goose StatementEnd
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

-- +goose Down
-- +goose StatementBegin
create or replace function my_invitations(before uuid, most int, at timestamptz)
returns table (id uuid, tenant_id uuid, tenant_name text, role text, invited_by text, created_at timestamptz, expires_at timestamptz)
language plpgsql stable security definer rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  caller users%rowtype;
begin
  select * into caller from users u where u.id = nullif(current_setting('cloud.user_id', true), '')::uuid;
  return query
    select i.id, i.tenant_id, t.name::text, i.role::text, inviter.email::text, i.created_at, i.expires_at
    from invitations i join tenants t on t.id = i.tenant_id join users inviter on inviter.id = i.invited_by
    where i.email = lower(caller.email) and i.sent_at >= caller.created_at and i.expires_at > at and i.id < before
    order by i.id desc limit most;
end
$$;
-- +goose StatementEnd
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
  elsif given_token_hash is null and caller.created_at > found_one.sent_at then
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
