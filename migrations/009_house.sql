-- What the coming services need: the indexes that lists use, one name for a spec's generation, database roles for the operator and the data
-- plane, what pruning needs, announcements of changed authority, and placement by counters.

-- +goose Up

-- Lists -------------------------------------------------------------------------------------------------------------------------------------

-- Ids sort by creation time, so lists go by (tenant_id, id), which has its index by being unique. No query uses these.
drop index idx_vpcs_list, idx_instances_list, idx_volumes_list, idx_snapshots_list, idx_elastic_ips_list, idx_load_balancers_list,
    idx_scaling_groups_list, idx_databases_list, idx_caches_list, idx_functions_list, idx_cron_jobs_list, idx_secrets_list, idx_queues_list,
    idx_topics_list, idx_subscriptions_list, idx_objects_list;
-- Two resources lacked it. Rows of a parent (targets, policies, runs, messages …) are listed by their parent.
alter table elastic_ips add unique (tenant_id, id);
alter table secrets add unique (tenant_id, id);

-- The generation of a spec ------------------------------------------------------------------------------------------------------------------

-- It is called version, and what was seen of it observed_version. The one exception is databases.spec_version: version is the engine's there.
alter table caches rename column spec_version to version;
-- Unused: a final error is kept on the resource, with observed_version.
alter table reconcile drop column generation;

-- Roles -------------------------------------------------------------------------------------------------------------------------------------

-- cloud_operator runs the operator's operations, over all tenants. cloud_data runs the data plane, whose statements carry the tenant or the
-- authorised parent in their predicate. Both are made the way the first migration makes its two.
-- +goose StatementBegin
do $$
declare
  wanted constant text[] := array['statement_timeout=10s', 'lock_timeout=2s', 'idle_in_transaction_session_timeout=10s'];
  role_name text;
  setting text;
  attempt int := 0;
begin
  loop
    attempt := attempt + 1;
    begin
      foreach role_name in array array['cloud_operator', 'cloud_data'] loop
        if not exists (select from pg_roles where rolname = role_name) then
          execute format('create role %I login', role_name);
        end if;
        foreach setting in array wanted loop
          if not exists (
            select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
            where r.rolname = role_name and s.setdatabase = 0 and setting = any (s.setconfig)
          ) then
            execute format('alter role %I set %I = %L', role_name, split_part(setting, '=', 1), split_part(setting, '=', 2));
          end if;
        end loop;
      end loop;
      exit;
    exception
      when insufficient_privilege then
        raise exception 'the database user % may not create roles; run as a superuser: alter role %I createrole; or: create role cloud_operator login; create role cloud_data login; alter role cloud_operator set statement_timeout = ''10s''; alter role cloud_operator set lock_timeout = ''2s''; alter role cloud_operator set idle_in_transaction_session_timeout = ''10s''; alter role cloud_data set statement_timeout = ''10s''; alter role cloud_data set lock_timeout = ''2s''; alter role cloud_data set idle_in_transaction_session_timeout = ''10s''; then start again',
          current_user, current_user using errcode = 'insufficient_privilege';
      -- duplicate role, or "tuple concurrently updated" from another database's migration
      when duplicate_object or unique_violation or internal_error then
        if attempt >= 20 then
          raise;
        end if;
        perform pg_sleep(0.05);
    end;
  end loop;
end
$$;
-- +goose StatementEnd
grant usage on schema public to cloud_operator, cloud_data;

-- Lets operators read a table of tenants, over all tenants, except the hidden columns: passwords, keys, sealed values, tenants' contents.
-- With hidden columns the grant names the others, so call this again after adding a column.
-- +goose StatementBegin
create function show_to_operator(target regclass, hidden text[] default '{}') returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  shown text;
  unknown text;
begin
  select name into unknown from unnest(hidden) as name
  where not exists (select from pg_attribute a where a.attrelid = target and a.attname = name and a.attnum > 0 and not a.attisdropped);
  if found then
    raise exception '% has no column % to hide', target, unknown;
  end if;
  execute format('revoke select on %s from cloud_operator', target);
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into shown from pg_attribute a
  where a.attrelid = target and a.attnum > 0 and not a.attisdropped and a.attname <> all (hidden);
  execute format('grant select %s on %s to cloud_operator', case when hidden = '{}' then '' else '(' || shown || ')' end, target);
  if not exists (select from pg_policy p where p.polrelid = target and p.polname = 'operator_all') then
    execute format('create policy operator_all on %s to cloud_operator using (true)', target);
  end if;
end
$$;
-- +goose StatementEnd

-- As in the first migration, and operators read all columns except the hidden ones. '{*}' hides the whole table.
drop function secure_tenant_table(regclass);
-- +goose StatementBegin
create function secure_tenant_table(target regclass, hidden_from_operator text[] default '{}') returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format($f$
    create policy api_tenant on %s to cloud_api
      using (tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid))$f$, target);
  execute format($f$
    create policy worker_tenant on %s to cloud_worker
      using ((select current_setting('cloud.tenant_id', true)) = '*'
        or tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid))$f$, target);
  if hidden_from_operator <> '{*}' then
    perform public.show_to_operator(target, hidden_from_operator);
  end if;
end
$$;
-- +goose StatementEnd

-- Opens a secured table to the data plane. Its policy does not ask for the tenant, so that calls of many tenants can share a connection and a
-- statement. For tables that data-plane operations touch, with no more rights than those need.
-- +goose StatementBegin
create function open_to_data_plane(target regclass, rights text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('create policy data_plane on %s to cloud_data using (true)', target);
  execute format('grant %s on %s to cloud_data', rights, target);
end
$$;
-- +goose StatementEnd
revoke execute on function show_to_operator(regclass, text[]), secure_tenant_table(regclass, text[]), open_to_data_plane(regclass, text) from public;

select show_to_operator(name::regclass) from unnest(array['tenants', 'memberships', 'tenant_roles', 'tenant_role_permissions', 'quotas', 'reconcile',
    'idempotency_keys', 'audit_logs', 'events', 'vpcs', 'volumes', 'snapshots', 'elastic_ips', 'load_balancers', 'lb_targets', 'scaling_groups',
    'scaling_policies', 'scaling_group_instances', 'functions', 'queues', 'topics', 'objects', 'object_versions']) as name;
select show_to_operator('users', '{password_hash}');
-- Environment and command often hold credentials, and so do the addresses that tenants give us to call.
select show_to_operator('instances', '{env,command}');
select show_to_operator('databases', '{password}');
select show_to_operator('caches', '{password}');
select show_to_operator('secrets', '{encrypted_value}');
select show_to_operator('cron_jobs', '{http_endpoint}');
select show_to_operator('subscriptions', '{endpoint}');
grant select on roles, role_permissions, hosts, instance_types, audit_checkpoints to cloud_operator;
grant select (id, platform_id, region, registration_open, created_at), update (registration_open) on platform to cloud_operator;
grant insert, update, delete on quotas to cloud_operator;
-- To suspend a tenant. It also lets a write lock the tenant that it is about: "for update" needs the right to update some column.
grant update (status, updated_at) on tenants to cloud_operator;
grant insert (kind, id, tenant_id, host_id, priority, due_at, wakes), update (host_id, priority, due_at, wakes) on reconcile to cloud_operator;
grant insert, update on idempotency_keys to cloud_operator;
grant insert on audit_logs, events to cloud_operator;

select open_to_data_plane(name::regclass, 'select') from unnest(array['queues', 'topics', 'subscriptions', 'functions']) as name;
select open_to_data_plane('invocations', 'select, insert, update');
select open_to_data_plane(name::regclass, 'select, insert, update, delete') from unnest(array['queue_messages', 'objects', 'object_versions']) as name;

-- Retention ---------------------------------------------------------------------------------------------------------------------------------

-- Keys by when they ended: revoked or expired, whichever came first. Events, audit rows, idempotency keys and tickets have an index already.
create index idx_api_keys_ended on api_keys(least(revoked_at, expires_at)) where least(revoked_at, expires_at) is not null;
-- An audit row stays until the checkpoint that covers it is archived, whatever a pruning statement says.
create policy worker_prunes_archived on audit_logs as restrictive for delete to cloud_worker
    using (exists (select from audit_checkpoints c where c.to_seq >= seq and c.from_seq <= seq and c.archived_at is not null));

-- Changes of authority ----------------------------------------------------------------------------------------------------------------------

-- API processes cache what keys may do, and drop it when they hear this. PostgreSQL sends one notification a transaction, however many
-- statements asked for it. A new key, or the last use of one, changes nothing that is cached.
-- +goose StatementBegin
create function announce_authority() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_notify('cloud_authority', '');
  return null;
end
$$;
-- +goose StatementEnd
revoke execute on function announce_authority() from public;
create trigger announce_authority after update of revoked_at, expires_at or delete on api_keys execute function announce_authority();
create trigger announce_authority after insert or update or delete on memberships execute function announce_authority();
create trigger announce_authority after insert or update or delete on tenant_roles execute function announce_authority();
create trigger announce_authority after insert or update or delete on tenant_role_permissions execute function announce_authority();
-- A key without a tenant of its own acts in its user's default one.
create trigger announce_authority after update of role, closed_at, default_tenant_id on users execute function announce_authority();
create trigger announce_authority after update of status, closed_at on tenants execute function announce_authority();

-- Placement ---------------------------------------------------------------------------------------------------------------------------------

-- What the types of the instances on a host promise, kept by the triggers below. Instances marked for deletion count: they are still there.
-- The size of a type never changes; another size is another type.
alter table hosts add column promised_vcpus bigint not null default 0;
alter table hosts add column promised_memory_mb bigint not null default 0;
alter table hosts add column promised_disk_gb bigint not null default 0;
alter table hosts add column free_vcpus bigint not null generated always as (floor(vcpus * overcommit_cpu)::bigint - promised_vcpus) stored;
alter table hosts add column free_memory_mb bigint not null generated always as (floor(memory_mb * overcommit_memory)::bigint - promised_memory_mb) stored;
alter table hosts add column free_disk_gb bigint not null generated always as (floor(disk_gb * overcommit_disk)::bigint - promised_disk_gb) stored;

-- Instances made or removed, summed over the statement: a row trigger would make a version of the host's row for each of 100,000 instances, and
-- read through all of them each time. Hosts are locked in the order of their ids, so that two statements cannot deadlock.
-- +goose StatementBegin
create function count_promises() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  direction constant int := case tg_op when 'INSERT' then 1 else -1 end;
begin
  with held as materialized (
    select id from hosts where id in (select host_id from changed) order by id for no key update)
  update hosts h
  set promised_vcpus = h.promised_vcpus + direction * d.vcpus, promised_memory_mb = h.promised_memory_mb + direction * d.memory_mb,
      promised_disk_gb = h.promised_disk_gb + direction * d.disk_gb
  from held join (
    select i.host_id, sum(t.vcpus)::bigint as vcpus, sum(t.memory_mb)::bigint as memory_mb, sum(t.disk_gb)::bigint as disk_gb
    from changed i join instance_types t on t.id = i.instance_type group by i.host_id) d on d.host_id = held.id
  where h.id = held.id;
  return null;
end
$$;
-- +goose StatementEnd

-- By row, because a statement trigger would also run each time a status is written.
-- +goose StatementBegin
create function move_promise() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  with held as materialized (
    select id from hosts where id in (old.host_id, new.host_id) order by id for no key update)
  update hosts h
  set promised_vcpus = h.promised_vcpus + d.vcpus, promised_memory_mb = h.promised_memory_mb + d.memory_mb,
      promised_disk_gb = h.promised_disk_gb + d.disk_gb
  from held join (
    select host_id, sum(sign * t.vcpus)::bigint as vcpus, sum(sign * t.memory_mb)::bigint as memory_mb, sum(sign * t.disk_gb)::bigint as disk_gb
    from (values (old.host_id, old.instance_type, -1), (new.host_id, new.instance_type, 1)) as i(host_id, type, sign)
    join instance_types t on t.id = i.type group by host_id) d on d.host_id = held.id
  where h.id = held.id;
  return null;
end
$$;
-- +goose StatementEnd
revoke execute on function count_promises(), move_promise() from public;

-- Creating the triggers locks instances against writes until the commit, so the sums below are where the triggers take over.
create trigger count_promises_made after insert on instances referencing new table as changed for each statement execute function count_promises();
create trigger count_promises_ended after delete on instances referencing old table as changed for each statement execute function count_promises();
create trigger move_promise after update of host_id, instance_type on instances for each row
    when (old.host_id is distinct from new.host_id or old.instance_type is distinct from new.instance_type) execute function move_promise();
update hosts h set promised_vcpus = d.vcpus, promised_memory_mb = d.memory_mb, promised_disk_gb = d.disk_gb
from (select i.host_id, sum(t.vcpus) as vcpus, sum(t.memory_mb) as memory_mb, sum(t.disk_gb) as disk_gb
      from instances i join instance_types t on t.id = i.instance_type group by i.host_id) d
where d.host_id = h.id;

-- Picks the host with the most free memory among those with room for a machine of this size, and locks its row until the end of the
-- transaction, so that two launches cannot take the same last place. A host that another launch has locked is waited for only when no other has
-- room. Codes: ok; capacity, with the resource that is short on the roomiest host and how much of it is free; unavailable, with the host's state
-- and reason, or without a host when there is none.
drop function place_instance(uuid, int, int, int);
-- +goose StatementBegin
create function pick_host(wanted_host uuid, wanted_vcpus int, wanted_memory_mb int, wanted_disk_gb int)
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
revoke execute on function pick_host(uuid, int, int, int) from public;
grant execute on function pick_host(uuid, int, int, int) to cloud_api, cloud_worker;

-- +goose Down
drop function pick_host(uuid, int, int, int);
drop trigger move_promise on instances;
drop trigger count_promises_ended on instances;
drop trigger count_promises_made on instances;
drop function move_promise(), count_promises();
alter table hosts drop column free_disk_gb, drop column free_memory_mb, drop column free_vcpus, drop column promised_disk_gb,
    drop column promised_memory_mb, drop column promised_vcpus;
-- +goose StatementBegin
create function place_instance(wanted_host uuid, wanted_vcpus int, wanted_memory_mb int, wanted_disk_gb int)
returns table (host_id uuid, refusal text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  found record;
  reason text;
begin
  perform pg_advisory_xact_lock(hashtextextended('placement', 0));
  for found in
    select h.id, h.name, h.state, h.state_reason, h.last_seen_at,
           floor(h.vcpus * h.overcommit_cpu)::bigint - used.vcpus as free_vcpus,
           floor(h.memory_mb * h.overcommit_memory)::bigint - used.memory_mb as free_memory_mb,
           floor(h.disk_gb * h.overcommit_disk)::bigint - used.disk_gb as free_disk_gb
    from hosts h cross join lateral (
      select coalesce(sum(t.vcpus), 0)::bigint as vcpus, coalesce(sum(t.memory_mb), 0)::bigint as memory_mb,
             coalesce(sum(t.disk_gb), 0)::bigint as disk_gb
      from instances i join instance_types t on t.id = i.instance_type where i.host_id = h.id) used
    where wanted_host is null or h.id = wanted_host
    order by h.state = 'up' desc, free_memory_mb desc, h.id
  loop
    if found.state <> 'up' then
      reason := coalesce(reason, 'unavailable:' || coalesce(found.state_reason, 'the host ' || found.name || ' is ' || found.state));
    elsif found.free_vcpus < wanted_vcpus then
      reason := format('capacity:the host %s has %s vCPUs left to promise, and this type needs %s', found.name, greatest(found.free_vcpus, 0), wanted_vcpus);
    elsif found.free_memory_mb < wanted_memory_mb then
      reason := format('capacity:the host %s has %s MB of memory left to promise, and this type needs %s', found.name, greatest(found.free_memory_mb, 0), wanted_memory_mb);
    elsif found.free_disk_gb < wanted_disk_gb then
      reason := format('capacity:the host %s has %s GB of disk left to promise, and this type needs %s', found.name, greatest(found.free_disk_gb, 0), wanted_disk_gb);
    else
      host_id := found.id;
      refusal := null;
      return next;
      return;
    end if;
  end loop;
  host_id := null;
  refusal := coalesce(reason, 'unavailable:no worker has registered a host yet; is the worker running?');
  return next;
end
$$;
-- +goose StatementEnd
revoke execute on function place_instance(uuid, int, int, int) from public;
grant execute on function place_instance(uuid, int, int, int) to cloud_api, cloud_worker;

drop trigger announce_authority on tenants;
drop trigger announce_authority on users;
drop trigger announce_authority on tenant_role_permissions;
drop trigger announce_authority on tenant_roles;
drop trigger announce_authority on memberships;
drop trigger announce_authority on api_keys;
drop function announce_authority();
drop policy worker_prunes_archived on audit_logs;
drop index idx_api_keys_ended;

-- Revoked table by table: "drop owned by" needs membership in the role. What is revoked from a table is revoked from its columns too.
-- +goose StatementBegin
do $$
declare
  found record;
begin
  for found in select tablename, policyname from pg_policies where schemaname = 'public' and policyname in ('operator_all', 'data_plane') loop
    execute format('drop policy %I on %I', found.policyname, found.tablename);
  end loop;
  for found in select oid::regclass as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_has_role(relowner, 'usage') loop
    execute format('revoke all on %s from cloud_operator, cloud_data', found.name);
  end loop;
end
$$;
-- +goose StatementEnd
revoke usage on schema public from cloud_operator, cloud_data;
drop function open_to_data_plane(regclass, text);
drop function secure_tenant_table(regclass, text[]);
drop function show_to_operator(regclass, text[]);
-- +goose StatementBegin
create function secure_tenant_table(target regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format($f$
    create policy api_tenant on %s to cloud_api
      using (tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid))$f$, target);
  execute format($f$
    create policy worker_tenant on %s to cloud_worker
      using ((select current_setting('cloud.tenant_id', true)) = '*'
        or tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid))$f$, target);
end
$$;
-- +goose StatementEnd
revoke execute on function secure_tenant_table(regclass) from public;

-- The roles stay while another database of the cluster uses them, or when this user may not drop them.
-- +goose StatementBegin
do $$
declare
  role_name text;
begin
  foreach role_name in array array['cloud_operator', 'cloud_data'] loop
    begin
      execute format('drop role if exists %I', role_name);
    exception
      when dependent_objects_still_exist or insufficient_privilege then
        raise notice 'role % stays: %', role_name, sqlerrm;
    end;
  end loop;
end
$$;
-- +goose StatementEnd

alter table reconcile add column generation bigint;
alter table caches rename column version to spec_version;
alter table secrets drop constraint secrets_tenant_id_id_key;
alter table elastic_ips drop constraint elastic_ips_tenant_id_id_key;
create index idx_vpcs_list on vpcs(tenant_id, created_at, id);
create index idx_instances_list on instances(tenant_id, created_at, id);
create index idx_volumes_list on volumes(tenant_id, created_at, id);
create index idx_snapshots_list on snapshots(tenant_id, created_at, id);
create index idx_elastic_ips_list on elastic_ips(tenant_id, created_at, id);
create index idx_load_balancers_list on load_balancers(tenant_id, created_at, id);
create index idx_scaling_groups_list on scaling_groups(tenant_id, created_at, id);
create index idx_databases_list on databases(tenant_id, created_at, id);
create index idx_caches_list on caches(tenant_id, created_at, id);
create index idx_functions_list on functions(tenant_id, created_at, id);
create index idx_cron_jobs_list on cron_jobs(tenant_id, created_at, id);
create index idx_secrets_list on secrets(tenant_id, created_at, id);
create index idx_queues_list on queues(tenant_id, created_at, id);
create index idx_topics_list on topics(tenant_id, created_at, id);
create index idx_subscriptions_list on subscriptions(tenant_id, created_at, id);
create index idx_objects_list on objects(tenant_id, created_at, id);
