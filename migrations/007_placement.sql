-- Where a new instance goes, and what the hosts have left: asked by the API, which sees one tenant only, over all tenants.

-- +goose Up
-- Why instances cannot be launched on a host that is not up, in words for people.
alter table hosts add column state_reason text;
-- How much may be promised for each real one.
alter table hosts add column overcommit_cpu double precision not null default 1;
alter table hosts add column overcommit_memory double precision not null default 1;
alter table hosts add column overcommit_disk double precision not null default 1;

-- An event of the engine names a machine by its name outside; a bulk look goes through a host's machines by id.
create index idx_instances_container_id on instances(container_id);
create index idx_instances_host on instances(host_id, id);

-- The host for a machine of this size, or why there is none. What is promised on a host is what its instances' types say, to be
-- deleted ones included: they are still there. Calls wait for each other, so that two cannot take the same last place.
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

-- +goose Down
drop function place_instance(uuid, int, int, int);
drop index idx_instances_host, idx_instances_container_id;
alter table hosts drop column overcommit_disk, drop column overcommit_memory, drop column overcommit_cpu, drop column state_reason;
