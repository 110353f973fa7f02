-- VPCs, instances, disks, addresses, load balancers and auto-scaling.
--
-- Beside the guide's columns every table of a tenant has tenant_id, and every reference to another tenant's-own row a second key
-- (tenant_id, x_id): foreign keys do not see policies. What a reconciler keeps has a spec (written by the API, counted by version),
-- a status (written by the reconciler: status, status_reason, observed_version) and deleted_at, the wish to be gone: the row itself
-- goes when the world no longer has the thing, so numbers that the world uses (uplinks, addresses) stay taken until then.

-- +goose Up
create table instance_types (
    id text primary key,
    name text not null,
    vcpus int not null,
    memory_mb int not null,
    disk_gb int not null,
    network_mbps int not null default 1000,
    price_per_hour numeric(10,4) not null default 0.01,
    category text not null default 'general',
    created_at timestamptz not null default now(),
    -- most processes and threads at once
    processes int not null default 512
);
insert into instance_types (id, name, vcpus, memory_mb, disk_gb, price_per_hour, category, processes) values
    ('basic-1', 'Basic 1', 1, 512, 8, 0.005, 'basic', 512),
    ('basic-2', 'Basic 2', 1, 1024, 10, 0.01, 'basic', 512),
    ('standard-1', 'Standard 1', 2, 2048, 20, 0.02, 'standard', 1024),
    ('standard-2', 'Standard 2', 2, 4096, 40, 0.04, 'standard', 1024),
    ('standard-4', 'Standard 4', 4, 8192, 80, 0.08, 'standard', 2048),
    ('performance-1', 'Performance 1', 4, 16384, 160, 0.16, 'performance', 4096),
    ('performance-2', 'Performance 2', 8, 32768, 320, 0.32, 'performance', 4096);

create table vpcs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    name varchar(255) not null,
    cidr_block varchar(18) not null,
    network_id varchar(255) not null,
    gateway_id varchar(255),
    created_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    arn varchar(512),
    version int not null default 1,
    deleted_at timestamptz,
    host_id uuid references hosts(id),
    -- which /30 of the uplink range the network has on its host
    uplink_index int check (uplink_index between 0 and 16383),
    status varchar(50) not null default 'pending',
    status_reason text,
    observed_version int,
    updated_at timestamptz not null default now(),
    unique (tenant_id, id)
);
create index idx_vpcs_user_id on vpcs(user_id);
create index idx_vpcs_list on vpcs(tenant_id, created_at, id);
create unique index idx_vpcs_name on vpcs(tenant_id, name) where deleted_at is null;
create unique index idx_vpcs_uplink on vpcs(host_id, uplink_index);

create table instances (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    name varchar(255) not null,
    image varchar(255) not null,
    status varchar(50) not null,
    container_id varchar(255),
    ports text,
    vpc_id uuid references vpcs(id) on delete set null,
    instance_type text not null default 'basic-2',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version int not null default 1,
    tenant_id uuid references tenants(id),
    -- spec
    power varchar(20) not null default 'running' check (power in ('running', 'stopped')),
    -- counts the wishes to reboot
    restart_generation int not null default 0,
    env jsonb not null default '{}',
    command jsonb,
    labels jsonb not null default '{}',
    metadata jsonb not null default '{}',
    private_ip inet,
    mac macaddr,
    deleted_at timestamptz,
    -- status
    host_id uuid references hosts(id),
    status_reason text,
    observed_version int,
    observed_restart int not null default 0,
    started_at timestamptz,
    failed_at timestamptz,
    phase_deadline timestamptz,
    unique (tenant_id, id),
    foreign key (tenant_id, vpc_id) references vpcs(tenant_id, id) on delete set null (vpc_id)
);
create index idx_instances_user_id on instances(user_id);
create index idx_instances_status on instances(status);
create index idx_instances_vpc_id on instances(vpc_id, tenant_id);
create index idx_instances_host_id on instances(host_id);
create index idx_instances_list on instances(tenant_id, created_at, id);
create unique index idx_instances_name on instances(tenant_id, name) where deleted_at is null;
create unique index idx_instances_private_ip on instances(vpc_id, private_ip);
create unique index idx_instances_mac on instances(vpc_id, mac);
create index idx_instances_labels on instances using gin (labels jsonb_path_ops);

create table volumes (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    name varchar(255) not null,
    size_gb int not null,
    status varchar(50) not null,
    attached_to uuid references instances(id) on delete set null,
    mount_path varchar(512),
    created_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    version int not null default 1,
    deleted_at timestamptz,
    host_id uuid references hosts(id),
    status_reason text,
    observed_version int,
    updated_at timestamptz not null default now(),
    unique (tenant_id, id),
    foreign key (tenant_id, attached_to) references instances(tenant_id, id) on delete set null (attached_to)
);
create index idx_volumes_user_id on volumes(user_id);
create index idx_volumes_attached_to on volumes(attached_to);
create index idx_volumes_host_id on volumes(host_id);
create index idx_volumes_list on volumes(tenant_id, created_at, id);
create unique index idx_volumes_name on volumes(tenant_id, name) where deleted_at is null;

create table snapshots (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    volume_id uuid not null references volumes(id) on delete cascade,
    name varchar(255) not null,
    size_gb int not null,
    created_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    unique (tenant_id, id),
    foreign key (tenant_id, volume_id) references volumes(tenant_id, id) on delete cascade
);
create index idx_snapshots_user_id on snapshots(user_id);
create index idx_snapshots_volume_id on snapshots(volume_id, tenant_id);
create index idx_snapshots_list on snapshots(tenant_id, created_at, id);

create table elastic_ips (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    tenant_id uuid not null references tenants(id) on delete cascade,
    instance_id uuid references instances(id) on delete set null,
    vpc_id uuid references vpcs(id) on delete set null,
    public_ip varchar(45) not null unique,
    status varchar(50) not null default 'allocated',
    arn varchar(255) not null unique,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version int not null default 1,
    deleted_at timestamptz,
    status_reason text,
    observed_version int,
    foreign key (tenant_id, instance_id) references instances(tenant_id, id) on delete set null (instance_id),
    foreign key (tenant_id, vpc_id) references vpcs(tenant_id, id) on delete set null (vpc_id)
);
create unique index idx_elastic_ips_instance_id_unique on elastic_ips(instance_id) where instance_id is not null;
create index idx_elastic_ips_tenant_id on elastic_ips(tenant_id);
create index idx_elastic_ips_user_id on elastic_ips(user_id);
create index idx_elastic_ips_vpc_id on elastic_ips(vpc_id, tenant_id);
create index idx_elastic_ips_list on elastic_ips(tenant_id, created_at, id);

create table load_balancers (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    vpc_id uuid references vpcs(id) on delete set null,
    name varchar(255) not null,
    type varchar(50) default 'HTTP',
    status varchar(50) not null,
    listener_port int not null,
    container_id varchar(255),
    created_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    version int not null default 1,
    deleted_at timestamptz,
    host_id uuid references hosts(id),
    status_reason text,
    observed_version int,
    updated_at timestamptz not null default now(),
    unique (tenant_id, id),
    foreign key (tenant_id, vpc_id) references vpcs(tenant_id, id) on delete set null (vpc_id)
);
create index idx_load_balancers_user_id on load_balancers(user_id);
create index idx_load_balancers_vpc_id on load_balancers(vpc_id, tenant_id);
create index idx_load_balancers_host_id on load_balancers(host_id);
create index idx_load_balancers_list on load_balancers(tenant_id, created_at, id);
create unique index idx_load_balancers_name on load_balancers(tenant_id, name) where deleted_at is null;

create table lb_targets (
    id uuid primary key default gen_random_uuid(),
    lb_id uuid not null references load_balancers(id) on delete cascade,
    instance_id uuid not null references instances(id) on delete cascade,
    port int not null,
    health_status varchar(50) default 'healthy',
    last_health_check timestamptz,
    tenant_id uuid,
    foreign key (tenant_id, lb_id) references load_balancers(tenant_id, id) on delete cascade,
    foreign key (tenant_id, instance_id) references instances(tenant_id, id) on delete cascade
);
create index idx_lb_targets_lb_id on lb_targets(lb_id, tenant_id);
create index idx_lb_targets_instance_id on lb_targets(instance_id, tenant_id);

create table scaling_groups (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    name varchar(255) not null,
    vpc_id uuid references vpcs(id) on delete set null,
    min_instances int not null,
    max_instances int not null,
    desired_count int not null,
    current_count int not null default 0,
    status varchar(50) default 'ACTIVE',
    image varchar(255) not null,
    failure_count int default 0,
    last_failure_at timestamptz,
    created_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    version int not null default 1,
    deleted_at timestamptz,
    status_reason text,
    observed_version int,
    updated_at timestamptz not null default now(),
    unique (tenant_id, id),
    foreign key (tenant_id, vpc_id) references vpcs(tenant_id, id) on delete set null (vpc_id)
);
create index idx_scaling_groups_user_id on scaling_groups(user_id);
create index idx_scaling_groups_vpc_id on scaling_groups(vpc_id, tenant_id);
create index idx_scaling_groups_list on scaling_groups(tenant_id, created_at, id);
create unique index idx_scaling_groups_name on scaling_groups(tenant_id, name) where deleted_at is null;

create table scaling_policies (
    id uuid primary key default gen_random_uuid(),
    group_id uuid not null references scaling_groups(id) on delete cascade,
    name varchar(255) not null,
    metric_name varchar(100) not null,
    threshold double precision not null,
    comparison_operator varchar(20) not null,
    adjustment_type varchar(50) not null,
    adjustment_value int not null,
    cooldown_seconds int default 300,
    tenant_id uuid,
    foreign key (tenant_id, group_id) references scaling_groups(tenant_id, id) on delete cascade
);
create index idx_scaling_policies_group_id on scaling_policies(group_id, tenant_id);

create table scaling_group_instances (
    group_id uuid not null references scaling_groups(id) on delete cascade,
    instance_id uuid not null references instances(id) on delete cascade,
    tenant_id uuid,
    primary key (group_id, instance_id),
    foreign key (tenant_id, group_id) references scaling_groups(tenant_id, id) on delete cascade,
    foreign key (tenant_id, instance_id) references instances(tenant_id, id) on delete cascade
);
create index idx_scaling_group_instances_instance_id on scaling_group_instances(instance_id, tenant_id);

select secure_tenant_table(name::regclass) from unnest(array['vpcs', 'instances', 'volumes', 'snapshots', 'elastic_ips', 'load_balancers',
    'lb_targets', 'scaling_groups', 'scaling_policies', 'scaling_group_instances']) as name;

grant select on instance_types to cloud_api, cloud_worker;
-- The API marks for deletion; only a worker, which has seen that the thing is gone, removes the row.
grant select, insert, update on vpcs, instances, volumes, elastic_ips, load_balancers, scaling_groups to cloud_api;
grant select, insert, update, delete on snapshots, lb_targets, scaling_policies, scaling_group_instances to cloud_api;
grant select, insert, update, delete on vpcs, instances, volumes, snapshots, elastic_ips, load_balancers, lb_targets, scaling_groups,
    scaling_policies, scaling_group_instances to cloud_worker;

-- +goose Down
drop table scaling_group_instances, scaling_policies, scaling_groups, lb_targets, load_balancers, elastic_ips, snapshots, volumes, instances,
    vpcs, instance_types;
