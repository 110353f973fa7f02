-- What the operator of the platform decides at run time: settings, suspended tenants, hosts that drain, who else is an operator.

-- +goose Up

-- One row for each setting that differs from its default; what there is and what is allowed says the code (PlatformSetting).
create table platform_settings (
    name varchar(100) primary key,
    value text not null,
    updated_at timestamptz not null default now(),
    updated_by uuid references users(id)
);
create index idx_platform_settings_updated_by on platform_settings(updated_by);
grant select on platform_settings to cloud_api, cloud_worker;
grant select, insert, update, delete on platform_settings to cloud_operator;

-- Why the status is what it is, in the operator's words, which the tenant reads.
alter table tenants add column status_reason varchar(500);
grant update (status_reason, plan) on tenants to cloud_operator;

-- Launches go to other hosts; what runs stays.
alter table hosts add column draining_since timestamptz;
-- What the operator lets instances have of it; null: all that the worker measures, and the overcommit of the worker's settings.
alter table hosts add column limit_vcpus int check (limit_vcpus >= 0);
alter table hosts add column limit_memory_mb int check (limit_memory_mb >= 0);
alter table hosts add column limit_disk_gb int check (limit_disk_gb >= 0);
alter table hosts add column set_overcommit_cpu double precision check (set_overcommit_cpu > 0);
alter table hosts add column set_overcommit_memory double precision check (set_overcommit_memory > 0);
alter table hosts add column set_overcommit_disk double precision check (set_overcommit_disk > 0);
grant update (draining_since, limit_vcpus, limit_memory_mb, limit_disk_gb, set_overcommit_cpu, set_overcommit_memory, set_overcommit_disk)
    on hosts to cloud_operator;

-- When a pass last ended well: of a sweep, its last run.
alter table reconcile add column settled_at timestamptz;
-- Deletions that no retry has finished for long; a failed pass is in idx_reconcile_stuck.
create index idx_instances_delete_stuck on instances(id) where reason_code = 'DELETE_STUCK';
create index idx_vpcs_delete_stuck on vpcs(id) where reason_code = 'DELETE_STUCK';
create index idx_reconcile_sweeps on reconcile(kind) where tenant_id is null and kind like 'sweep:%';

-- Operators list tenants by what they look for.
create index idx_tenants_status on tenants(status, id);
create index idx_tenants_plan on tenants(plan, id);

-- As before, and a host that drains takes no launch.
-- +goose StatementBegin
create or replace function pick_host(wanted_host uuid, wanted_vcpus int, wanted_memory_mb int, wanted_disk_gb int)
returns table (host_id uuid, code text, resource text, host_name text, host_state text, free bigint, reason text)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
declare
  best record;
begin
  loop
    select h.id into host_id from hosts h
    where h.state = 'up' and h.draining_since is null and (wanted_host is null or h.id = wanted_host)
      and h.free_vcpus >= wanted_vcpus and h.free_memory_mb >= wanted_memory_mb and h.free_disk_gb >= wanted_disk_gb
    order by h.free_memory_mb desc, h.id limit 1 for no key update skip locked;
    if not found then
      -- After the wait PostgreSQL looks at the row again, and passes over it when it is full by now.
      select h.id into host_id from hosts h
      where h.state = 'up' and h.draining_since is null and (wanted_host is null or h.id = wanted_host)
        and h.free_vcpus >= wanted_vcpus and h.free_memory_mb >= wanted_memory_mb and h.free_disk_gb >= wanted_disk_gb
      order by h.free_memory_mb desc, h.id limit 1 for no key update;
    end if;
    if found then
      code := 'ok';
      return next;
      return;
    end if;
    select h.name, case when h.state = 'up' and h.draining_since is not null then 'draining' else h.state end as state,
      case when h.state <> 'up' or h.draining_since is null then h.state_reason end as state_reason, h.free_vcpus, h.free_memory_mb, h.free_disk_gb
    into best from hosts h
    where wanted_host is null or h.id = wanted_host
    order by h.state = 'up' and h.draining_since is null desc, h.state = 'up' desc, h.free_memory_mb desc, h.id limit 1;
    if best.state is distinct from 'up' then
      code := 'unavailable';
    elsif best.free_vcpus < wanted_vcpus then
      code := 'capacity';
      resource := 'vcpus';
      free := greatest(best.free_vcpus, 0);
    elsif best.free_memory_mb < wanted_memory_mb then
      code := 'capacity';
      resource := 'memory_mb';
      free := greatest(best.free_memory_mb, 0);
    elsif best.free_disk_gb < wanted_disk_gb then
      code := 'capacity';
      resource := 'disk_gb';
      free := greatest(best.free_disk_gb, 0);
    end if;
    -- Without a code a place became free in between: look again.
    if code is not null then
      host_name := best.name;
      host_state := best.state;
      reason := best.state_reason;
      return next;
      return;
    end if;
  end loop;
end
$$;
-- +goose StatementEnd

-- Sessions of all users, newest first, without what would let anybody use them; of one user, where one is named.
create index idx_api_keys_live_sessions on api_keys(id) where kind = 'session' and revoked_at is null;
-- +goose StatementBegin
create function operator_sessions(wanted_user uuid, before uuid, how_many int, at timestamptz)
returns table (id uuid, user_id uuid, email text, tenant_id uuid, created_at timestamptz, last_used timestamptz, expires_at timestamptz)
language plpgsql stable security definer rows 50 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  if wanted_user is null then
    return query
      select k.id, k.user_id, u.email::text, k.tenant_id, k.created_at, k.last_used, k.expires_at
      from api_keys k join users u on u.id = k.user_id
      where k.kind = 'session' and k.revoked_at is null and k.id < before and k.expires_at > at
      order by k.id desc limit how_many;
  else
    return query
      select k.id, k.user_id, u.email::text, k.tenant_id, k.created_at, k.last_used, k.expires_at
      from api_keys k join users u on u.id = k.user_id
      where k.user_id = wanted_user and k.kind = 'session' and k.revoked_at is null and k.id < before and k.expires_at > at
      order by k.id desc limit how_many;
  end if;
end
$$;
-- +goose StatementEnd

-- Ends one session, or all of a user. Returns the sessions that it ended, with their users.
-- +goose StatementBegin
create function operator_end_sessions(wanted_session uuid, wanted_user uuid, at timestamptz)
returns table (id uuid, user_id uuid)
language plpgsql security definer rows 50 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  if wanted_session is not null then
    return query
      update api_keys k set revoked_at = at
      where k.id = wanted_session and k.kind = 'session' and k.revoked_at is null and k.expires_at > at returning k.id, k.user_id;
  else
    return query
      update api_keys k set revoked_at = at
      where k.user_id = wanted_user and k.kind = 'session' and k.revoked_at is null and k.expires_at > at returning k.id, k.user_id;
  end if;
end
$$;
-- +goose StatementEnd

-- To lift a lockout. It also lets a write lock the user that it is about.
grant update (failed_logins, locked_until, updated_at) on users to cloud_operator;
create index idx_users_people on users(id) where kind = 'person';
create index idx_users_role on users(role, id) where kind = 'person';
create index idx_users_locked on users(id) where locked_until is not null;
create index idx_users_closed on users(id) where closed_at is not null;

-- Makes a user an operator, or no longer one. The lock on the platform's row keeps two operators from unmaking each other at the same moment.
-- Outcome: done, unchanged, closed (no such person any more), last (nobody else could run the platform).
-- +goose StatementBegin
create function set_operator(who uuid, wanted boolean, at timestamptz) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  present record;
begin
  perform from platform p for update;
  select u.role, u.closed_at into present from users u where u.id = who and u.kind = 'person' for update;
  if not found or present.closed_at is not null then
    return 'closed';
  end if;
  if (present.role = 'admin') = wanted then
    return 'unchanged';
  end if;
  if not wanted and not exists (
      select from users u where u.role = 'admin' and u.kind = 'person' and u.closed_at is null and u.id <> who) then
    return 'last';
  end if;
  update users u set role = case when wanted then 'admin' else 'developer' end, updated_at = at where u.id = who;
  return 'done';
end
$$;
-- +goose StatementEnd

-- Stops all instances of a tenant, as if each was stopped, and wakes their hosts. Returns how many.
-- +goose StatementBegin
create function operator_stop_instances(of_tenant uuid, at timestamptz) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  stopped int;
begin
  with changed as (
    update instances i set power = 'stopped', version = i.version + 1, updated_at = at
    where i.tenant_id = of_tenant and i.deleted_at is null and i.power = 'running' returning i.id, i.host_id),
  woken as (
    insert into reconcile as r (kind, id, tenant_id, host_id, priority, due_at, wakes, ready)
    select 'instance', c.id, of_tenant, c.host_id, 1, now(), 1, true from changed c
    on conflict (kind, id) do update
      set wakes = r.wakes + 1, due_at = least(r.due_at, now()), priority = 1, ready = r.leased_until is null,
          attempts = 0, failing_since = null, host_id = coalesce(excluded.host_id, r.host_id))
  select count(*) into stopped from changed;
  perform pg_notify('cloud_wake', 'instance');
  return stopped;
end
$$;
-- +goose StatementEnd

revoke execute on function operator_sessions(uuid, uuid, int, timestamptz), operator_end_sessions(uuid, uuid, timestamptz),
    set_operator(uuid, boolean, timestamptz), operator_stop_instances(uuid, timestamptz) from public;
grant execute on function operator_sessions(uuid, uuid, int, timestamptz), operator_end_sessions(uuid, uuid, timestamptz),
    set_operator(uuid, boolean, timestamptz), operator_stop_instances(uuid, timestamptz) to cloud_operator;

-- +goose Down
drop function operator_stop_instances(uuid, timestamptz);
drop function set_operator(uuid, boolean, timestamptz);
drop index idx_users_closed, idx_users_locked, idx_users_role, idx_users_people;
revoke update (failed_logins, locked_until, updated_at) on users from cloud_operator;
drop function operator_end_sessions(uuid, uuid, timestamptz);
drop function operator_sessions(uuid, uuid, int, timestamptz);
drop index idx_api_keys_live_sessions;
-- +goose StatementBegin
create or replace function pick_host(wanted_host uuid, wanted_vcpus int, wanted_memory_mb int, wanted_disk_gb int)
returns table (host_id uuid, code text, resource text, host_name text, host_state text, free bigint, reason text)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
declare
  best record;
begin
  loop
    select h.id into host_id from hosts h
    where h.state = 'up' and (wanted_host is null or h.id = wanted_host)
      and h.free_vcpus >= wanted_vcpus and h.free_memory_mb >= wanted_memory_mb and h.free_disk_gb >= wanted_disk_gb
    order by h.free_memory_mb desc, h.id limit 1 for no key update skip locked;
    if not found then
      -- After the wait PostgreSQL looks at the row again, and passes over it when it is full by now.
      select h.id into host_id from hosts h
      where h.state = 'up' and (wanted_host is null or h.id = wanted_host)
        and h.free_vcpus >= wanted_vcpus and h.free_memory_mb >= wanted_memory_mb and h.free_disk_gb >= wanted_disk_gb
      order by h.free_memory_mb desc, h.id limit 1 for no key update;
    end if;
    if found then
      code := 'ok';
      return next;
      return;
    end if;
    select h.name, h.state, h.state_reason, h.free_vcpus, h.free_memory_mb, h.free_disk_gb into best from hosts h
    where wanted_host is null or h.id = wanted_host order by h.state = 'up' desc, h.free_memory_mb desc, h.id limit 1;
    if best.state is distinct from 'up' then
      code := 'unavailable';
    elsif best.free_vcpus < wanted_vcpus then
      code := 'capacity';
      resource := 'vcpus';
      free := greatest(best.free_vcpus, 0);
    elsif best.free_memory_mb < wanted_memory_mb then
      code := 'capacity';
      resource := 'memory_mb';
      free := greatest(best.free_memory_mb, 0);
    elsif best.free_disk_gb < wanted_disk_gb then
      code := 'capacity';
      resource := 'disk_gb';
      free := greatest(best.free_disk_gb, 0);
    end if;
    -- Without a code a place became free in between: look again.
    if code is not null then
      host_name := best.name;
      host_state := best.state;
      reason := best.state_reason;
      return next;
      return;
    end if;
  end loop;
end
$$;
-- +goose StatementEnd
drop index idx_tenants_plan, idx_tenants_status, idx_reconcile_sweeps, idx_vpcs_delete_stuck, idx_instances_delete_stuck;
alter table reconcile drop column settled_at;
revoke update (draining_since, limit_vcpus, limit_memory_mb, limit_disk_gb, set_overcommit_cpu, set_overcommit_memory, set_overcommit_disk)
    on hosts from cloud_operator;
alter table hosts drop column set_overcommit_disk, drop column set_overcommit_memory, drop column set_overcommit_cpu, drop column limit_disk_gb,
    drop column limit_memory_mb, drop column limit_vcpus, drop column draining_since;
revoke update (status_reason, plan) on tenants from cloud_operator;
alter table tenants drop column status_reason;
drop table platform_settings;
