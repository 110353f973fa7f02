-- Managed databases and caches, functions, cron jobs, secrets.

-- +goose Up
create table databases (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    vpc_id uuid references vpcs(id) on delete set null,
    name varchar(255) not null,
    engine varchar(50) not null,
    -- the engine's version, not the spec's
    version varchar(50) not null,
    status varchar(50) not null,
    host varchar(255),
    port int,
    username varchar(255),
    password text,
    container_id varchar(255),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    spec_version int not null default 1,
    deleted_at timestamptz,
    host_id uuid references hosts(id),
    status_reason text,
    observed_version int,
    unique (tenant_id, id),
    foreign key (tenant_id, vpc_id) references vpcs(tenant_id, id) on delete set null (vpc_id)
);
create index idx_databases_user_id on databases(user_id);
create index idx_databases_vpc_id on databases(vpc_id, tenant_id);
create index idx_databases_host_id on databases(host_id);
create index idx_databases_list on databases(tenant_id, created_at, id);
create unique index idx_databases_name on databases(tenant_id, name) where deleted_at is null;

create table caches (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    vpc_id uuid references vpcs(id) on delete set null,
    name varchar(255) not null,
    status varchar(50) not null,
    host varchar(255),
    port int,
    password text,
    container_id varchar(255),
    created_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    spec_version int not null default 1,
    deleted_at timestamptz,
    host_id uuid references hosts(id),
    status_reason text,
    observed_version int,
    updated_at timestamptz not null default now(),
    unique (tenant_id, id),
    foreign key (tenant_id, vpc_id) references vpcs(tenant_id, id) on delete set null (vpc_id)
);
create index idx_caches_user_id on caches(user_id);
create index idx_caches_vpc_id on caches(vpc_id, tenant_id);
create index idx_caches_host_id on caches(host_id);
create index idx_caches_list on caches(tenant_id, created_at, id);
create unique index idx_caches_name on caches(tenant_id, name) where deleted_at is null;

create table functions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    name varchar(255) not null,
    runtime varchar(50) not null,
    handler varchar(255) not null,
    code_path varchar(512) not null,
    timeout_seconds int default 30,
    memory_mb int default 256,
    status varchar(50) not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    version int not null default 1,
    deleted_at timestamptz,
    status_reason text,
    observed_version int,
    unique (tenant_id, id)
);
create index idx_functions_user_id on functions(user_id);
create index idx_functions_list on functions(tenant_id, created_at, id);
create unique index idx_functions_name on functions(tenant_id, name) where deleted_at is null;

create table invocations (
    id uuid primary key default gen_random_uuid(),
    function_id uuid not null references functions(id) on delete cascade,
    status varchar(50) not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    duration_ms bigint,
    status_code int,
    logs text,
    tenant_id uuid,
    foreign key (tenant_id, function_id) references functions(tenant_id, id) on delete cascade
);
create index idx_invocations_function_id on invocations(function_id);
create index idx_invocations_recent on invocations(function_id, started_at desc, id);

create table cron_jobs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    name varchar(255) not null,
    schedule varchar(100) not null,
    function_id uuid references functions(id) on delete set null,
    http_endpoint text,
    status varchar(50) default 'ACTIVE',
    last_run_at timestamptz,
    next_run_at timestamptz,
    created_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    version int not null default 1,
    updated_at timestamptz not null default now(),
    unique (tenant_id, id),
    unique (tenant_id, name),
    foreign key (tenant_id, function_id) references functions(tenant_id, id) on delete set null (function_id)
);
create index idx_cron_jobs_user_id on cron_jobs(user_id);
create index idx_cron_jobs_function_id on cron_jobs(function_id, tenant_id);
create index idx_cron_jobs_list on cron_jobs(tenant_id, created_at, id);
create index idx_cron_jobs_next_run_at on cron_jobs(next_run_at) where next_run_at is not null;

create table cron_job_runs (
    id uuid primary key default gen_random_uuid(),
    job_id uuid not null references cron_jobs(id) on delete cascade,
    status varchar(50) not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    output text,
    error text,
    tenant_id uuid,
    foreign key (tenant_id, job_id) references cron_jobs(tenant_id, id) on delete cascade
);
create index idx_cron_job_runs_recent on cron_job_runs(job_id, started_at desc, id);

create table secrets (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    name varchar(255) not null,
    encrypted_value text not null,
    description text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    last_accessed_at timestamptz,
    tenant_id uuid references tenants(id),
    version int not null default 1,
    constraint secrets_name_user_key unique (name, user_id),
    unique (tenant_id, name)
);
create index idx_secrets_user_id on secrets(user_id);
create index idx_secrets_list on secrets(tenant_id, created_at, id);

select secure_tenant_table(name::regclass) from unnest(array['databases', 'caches', 'functions', 'invocations', 'cron_jobs', 'cron_job_runs',
    'secrets']) as name;

grant select, insert, update on databases, caches, functions to cloud_api;
grant select, insert, update, delete on invocations, cron_jobs, secrets to cloud_api;
grant select on cron_job_runs to cloud_api;
grant select, insert, update, delete on databases, caches, functions, invocations, cron_jobs, cron_job_runs, secrets to cloud_worker;

-- +goose Down
drop table secrets, cron_job_runs, cron_jobs, invocations, functions, caches, databases;
