-- Teams: invitations, leaving and closing a tenant.

-- +goose Up
grant update (slug, owner_id) on tenants to cloud_api;
-- The session that switches takes its key along.
grant update (tenant_id) on api_keys to cloud_api;
-- A tenant's owners are counted, and locked in one order.
create index idx_memberships_user_tenant on memberships(user_id, tenant_id);
create index idx_memberships_owners on memberships(tenant_id, created_at, user_id) where role = 'owner';

-- Outstanding ones: an answered or revoked invitation has no row, only its trail.
create table invitations (
    id uuid primary key,
    tenant_id uuid not null references tenants(id),
    email varchar(255) not null check (email = lower(email)),
    role varchar(100) not null,
    -- SHA-256 in hex of the token that the mail holds
    token_hash char(64) not null,
    invited_by uuid not null references users(id),
    created_at timestamptz not null default now(),
    -- the last mail; only an account that was there by then can answer without the token
    sent_at timestamptz not null default now(),
    expires_at timestamptz not null,
    unique (tenant_id, id),
    unique (tenant_id, email)
);
create index idx_invitations_email on invitations(email, id);
create index idx_invitations_invited_by on invitations(invited_by);
create index idx_invitations_expires_at on invitations(expires_at);
select secure_tenant_table('invitations', '{token_hash}');
grant select (id, tenant_id, email, role, invited_by, created_at, sent_at, expires_at), insert, delete on invitations to cloud_api;
grant update (role, token_hash, invited_by, sent_at, expires_at) on invitations to cloud_api;
grant select, delete on invitations to cloud_worker;

-- Another tenant for the user of this transaction, who becomes its owner. Returns created, slug_taken, account_taken, or too_many where the user
-- owns as many as one may. The lock on the user makes the count exact.
drop function create_tenant(uuid, text, text, text, timestamptz);
-- +goose StatementBegin
create function create_tenant(new_tenant_id uuid, new_name text, new_slug text, new_account_number text, at timestamptz, most int)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  owner constant uuid := nullif(current_setting('cloud.user_id', true), '')::uuid;
  broken text;
begin
  perform from users u where u.id = owner for no key update;
  if not found then
    raise exception 'create_tenant needs cloud.user_id' using errcode = 'insufficient_privilege';
  end if;
  if (select count(*) from memberships m where m.user_id = owner and m.role = 'owner') >= most then
    return 'too_many';
  end if;
  insert into tenants (id, name, slug, owner_id, account_number, created_at, updated_at)
    values (new_tenant_id, new_name, new_slug, owner, new_account_number, at, at);
  insert into memberships (tenant_id, user_id, role, created_at) values (new_tenant_id, owner, 'owner', at);
  update users u set default_tenant_id = new_tenant_id where u.id = owner and u.default_tenant_id is null;
  return 'created';
exception when unique_violation then
  get stacked diagnostics broken = constraint_name;
  case broken
    when 'tenants_slug_key' then return 'slug_taken';
    when 'tenants_account_number_key' then return 'account_taken';
    else raise;
  end case;
end
$$;
-- +goose StatementEnd

-- Ends the membership of one user, or of all (null), in the tenant of this transaction. The keys to the tenant go with it; a session lives on
-- without a tenant. Who had the tenant as the default gets another one: one of their own, or the oldest.
-- +goose StatementBegin
create function end_memberships(who uuid) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  here constant uuid := nullif(current_setting('cloud.tenant_id', true), '')::uuid;
  gone uuid[] := array[who];
begin
  if who is null then
    gone := array(select m.user_id from memberships m where m.tenant_id = here);
  end if;
  update api_keys k set tenant_id = null where k.tenant_id = here and k.user_id = any (gone) and k.kind = 'session';
  delete from memberships m where m.tenant_id = here and m.user_id = any (gone);
  update users u set default_tenant_id = (
    select m.tenant_id from memberships m where m.user_id = u.id order by m.role = 'owner' desc, m.created_at, m.tenant_id limit 1)
  where u.id = any (gone) and u.default_tenant_id is null;
  return cardinality(gone);
end
$$;
-- +goose StatementEnd

-- The invitations of the user of this transaction that need no token, newest first.
-- +goose StatementBegin
create function my_invitations(before uuid, most int, at timestamptz)
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

-- Accepts or declines an invitation for the user of this transaction, who holds its token or has the invited address since before it was sent. The
-- rest of the transaction acts in the tenant. Locks as every change of a tenant's members does: the tenant first.
-- Outcome: accepted, declined, missing, token_needed, expired, member, role_gone, full, suspended.
-- +goose StatementBegin
create function answer_invitation(invitation_id uuid, given_token_hash text, accepts boolean, most_members bigint, at timestamptz)
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
revoke execute on function create_tenant(uuid, text, text, text, timestamptz, int), end_memberships(uuid),
    my_invitations(uuid, int, timestamptz), answer_invitation(uuid, text, boolean, bigint, timestamptz) from public;
grant execute on function create_tenant(uuid, text, text, text, timestamptz, int), end_memberships(uuid),
    my_invitations(uuid, int, timestamptz), answer_invitation(uuid, text, boolean, bigint, timestamptz) to cloud_api;

-- +goose Down
drop function answer_invitation(uuid, text, boolean, bigint, timestamptz);
drop function my_invitations(uuid, int, timestamptz);
drop function end_memberships(uuid);
drop function create_tenant(uuid, text, text, text, timestamptz, int);
-- +goose StatementBegin
create function create_tenant(new_tenant_id uuid, new_name text, new_slug text, new_account_number text, at timestamptz)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  owner constant uuid := nullif(current_setting('cloud.user_id', true), '')::uuid;
  broken text;
begin
  if owner is null then
    raise exception 'create_tenant needs cloud.user_id' using errcode = 'insufficient_privilege';
  end if;
  insert into tenants (id, name, slug, owner_id, account_number, created_at, updated_at)
    values (new_tenant_id, new_name, new_slug, owner, new_account_number, at, at);
  insert into memberships (tenant_id, user_id, role, created_at) values (new_tenant_id, owner, 'owner', at);
  return 'created';
exception when unique_violation then
  get stacked diagnostics broken = constraint_name;
  case broken
    when 'tenants_slug_key' then return 'slug_taken';
    when 'tenants_account_number_key' then return 'account_taken';
    else raise;
  end case;
end
$$;
-- +goose StatementEnd
revoke execute on function create_tenant(uuid, text, text, text, timestamptz) from public;
grant execute on function create_tenant(uuid, text, text, text, timestamptz) to cloud_api, cloud_worker;
drop table invitations;
drop index idx_memberships_owners, idx_memberships_user_tenant;
revoke update (tenant_id) on api_keys from cloud_api;
revoke update (slug, owner_id) on tenants from cloud_api;
