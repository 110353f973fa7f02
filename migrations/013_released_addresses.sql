-- Addresses of a VPC that were given back. One that was never used is given out first, then the one that has rested longest: neighbours,
-- connections and name caches may still take it for the one that had it.

-- +goose Up
create table released_addresses (
    tenant_id uuid not null references tenants(id),
    vpc_id uuid not null,
    address inet not null,
    -- An address keeps its MAC for as long as its VPC lives, so that what neighbours remember of it stays true. Null: the one that follows from it.
    mac macaddr,
    released_at timestamptz not null default clock_timestamp(),
    primary key (vpc_id, address),
    foreign key (tenant_id, vpc_id) references vpcs(tenant_id, id) on delete cascade
);
create index idx_released_addresses_vpc_id on released_addresses(tenant_id, vpc_id);
create index idx_released_addresses_rest on released_addresses(vpc_id, released_at, address);
select secure_tenant_table('released_addresses');
grant select, delete on released_addresses to cloud_api;
grant select, insert, delete on released_addresses to cloud_worker;

-- Below the highest address in use, what is free was given back.
insert into released_addresses (tenant_id, vpc_id, address)
select v.tenant_id, v.id, host(v.cidr_block::cidr)::inet + place
from vpcs v
join (select vpc_id, max(address) as highest from network_interfaces group by vpc_id) used on used.vpc_id = v.id
cross join generate_series(2, used.highest - host(v.cidr_block::cidr)::inet) as place
where not exists (
    select from network_interfaces n where n.vpc_id = v.id and n.address = host(v.cidr_block::cidr)::inet + place);

-- +goose Down
drop table released_addresses;
