-- What a status says, as codes that programs go by; and what is in a VPC, as the VPCs' own rows.

-- +goose Up
-- Why a thing is not as wanted, out of a closed set of its service; status_reason has the words. Null: nothing to say.
alter table instances add column reason_code varchar(50);
alter table vpcs add column reason_code varchar(50);
-- Until when reason_code may last.
alter table vpcs add column phase_deadline timestamptz;
-- `making`: there is no machine of it yet, or none any more. `made`: there is one; if it is missing, it was lost.
alter table instances add column phase varchar(20) not null default 'making' check (phase in ('making', 'made'));
-- The event INSTANCE_ERROR tells when.
alter table instances drop column failed_at;

update instances set phase = 'made' where status in ('RUNNING', 'STOPPED') or started_at is not null;
-- The next pass writes the true code; a reason without any would be taken for none.
update instances set reason_code = 'ENGINE_FAILED' where status_reason is not null;
update vpcs set reason_code = 'ENGINE_FAILED' where status_reason is not null;

-- A bulk look goes through a host's networks by id.
create index idx_vpcs_host on vpcs(host_id, id);

-- Whatever has an address in a VPC: instances, load balancers. An address is taken until what has it is gone from the world.
create table network_interfaces (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants(id),
    vpc_id uuid not null,
    -- whose it is: the kind as in reconcile, and the id
    owner_kind varchar(50) not null,
    owner_id uuid not null,
    host_id uuid references hosts(id),
    -- as people wrote it; the name server is told what follows from it
    name varchar(255) not null,
    address inet not null,
    mac macaddr not null,
    created_at timestamptz not null default now(),
    unique (tenant_id, id),
    unique (vpc_id, address),
    unique (vpc_id, mac),
    unique (owner_kind, owner_id),
    foreign key (tenant_id, vpc_id) references vpcs(tenant_id, id) on delete cascade
);
create index idx_network_interfaces_host_id on network_interfaces(host_id);

select secure_tenant_table('network_interfaces');
grant select, insert on network_interfaces to cloud_api;
grant select, insert, update, delete on network_interfaces to cloud_worker;

insert into network_interfaces (tenant_id, vpc_id, owner_kind, owner_id, host_id, name, address, mac, created_at)
select tenant_id, vpc_id, 'instance', id, host_id, name, private_ip, mac, created_at
from instances where tenant_id is not null and vpc_id is not null and private_ip is not null and mac is not null;

-- What is new, operators may read; what hides itself stays hidden.
select show_to_operator('instances', '{env,command}');

-- +goose Down
drop table network_interfaces;
drop index idx_vpcs_host;
alter table instances add column failed_at timestamptz;
alter table instances drop column phase;
alter table vpcs drop column phase_deadline, drop column reason_code;
alter table instances drop column reason_code;
select show_to_operator('instances', '{env,command}');
