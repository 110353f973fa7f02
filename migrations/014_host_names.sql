-- Host names: what an instance is called inside and in its VPC's DNS, derived from its name. Two names can derive the same one, `Web` and `web`
-- or `a_b` and `a-b`, so the host name is unique in its VPC.

-- +goose Up
-- Null in a row that a process of the version before wrote: the host name follows from the name alone.
alter table instances add column host_name varchar(63);
-- Null once its owner is being deleted: the name is free then, the address is not.
alter table network_interfaces add column host_name varchar(63);
grant update (host_name) on network_interfaces to cloud_api;

-- As hostNameOf() derives it: accents and other marks go, lower case, every run of other characters becomes one hyphen.
update instances set host_name = coalesce(nullif(case
    when name ~ '^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$' then lower(name)
    else trim(trailing '-' from left(trim(leading '-' from regexp_replace(
        lower(regexp_replace(normalize(name, nfkd), '[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g')),
        '[^a-z0-9]+', '-', 'g')), 63)) end, ''), 'i-' || right(replace(id::text, '-', ''), 12));
update instances set host_name = left('i-' || host_name, 63) where host_name ~ '^([0-9]+|0x[0-9a-f]+)$';

-- The oldest keeps it; those that share it with an older one, and those with a reserved one, get their id behind it.
update network_interfaces n
set host_name = case when ranked.place = 1 and ranked.host_name not in ('gateway', 'localhost', 'router') then ranked.host_name
    else left(ranked.host_name, 50) || '-' || right(replace(n.owner_id::text, '-', ''), 12) end
from (select f.id, i.host_name, row_number() over (partition by f.vpc_id, i.host_name order by f.created_at, f.id) as place
      from network_interfaces f join instances i on f.owner_kind = 'instance' and i.id = f.owner_id
      where i.deleted_at is null) as ranked
where ranked.id = n.id;
update instances i set host_name = n.host_name
from network_interfaces n where n.owner_kind = 'instance' and n.owner_id = i.id and n.host_name is not null and n.host_name <> i.host_name;

create unique index idx_network_interfaces_host_name on network_interfaces(vpc_id, host_name);
select show_to_operator('instances', '{env,command}');

-- +goose Down
revoke update (host_name) on network_interfaces from cloud_api;
alter table network_interfaces drop column host_name;
alter table instances drop column host_name;
select show_to_operator('instances', '{env,command}');
