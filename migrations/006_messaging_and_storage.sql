-- Queues, topics, objects.

-- +goose Up
create table queues (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    name varchar(255) not null,
    arn varchar(512) not null,
    visibility_timeout int default 30,
    retention_days int default 4,
    max_message_size int default 262144,
    status varchar(50) default 'ACTIVE',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    version int not null default 1,
    unique (tenant_id, id),
    unique (tenant_id, name)
);
create index idx_queues_user_id on queues(user_id);
create index idx_queues_list on queues(tenant_id, created_at, id);

-- Many short-lived rows: vacuum comes early and does not pause.
create table queue_messages (
    id uuid primary key default gen_random_uuid(),
    queue_id uuid not null references queues(id) on delete cascade,
    body text not null,
    receipt_handle varchar(255) unique,
    visible_after timestamptz,
    created_at timestamptz not null default now(),
    tenant_id uuid,
    foreign key (tenant_id, queue_id) references queues(tenant_id, id) on delete cascade
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index idx_queue_messages_queue_id on queue_messages(queue_id);
create index idx_queue_messages_visible_after on queue_messages(visible_after);

create table topics (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    name varchar(255) not null,
    arn varchar(512) not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    version int not null default 1,
    unique (tenant_id, id),
    unique (tenant_id, name)
);
create index idx_topics_user_id on topics(user_id);
create index idx_topics_list on topics(tenant_id, created_at, id);

create table subscriptions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    topic_id uuid not null references topics(id) on delete cascade,
    protocol varchar(50) not null,
    endpoint text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    tenant_id uuid references tenants(id),
    version int not null default 1,
    unique (tenant_id, id),
    foreign key (tenant_id, topic_id) references topics(tenant_id, id) on delete cascade
);
create index idx_subscriptions_user_id on subscriptions(user_id);
create index idx_subscriptions_topic_id on subscriptions(topic_id, tenant_id);
create index idx_subscriptions_list on subscriptions(tenant_id, created_at, id);

-- The current version of each key; keys compare by their bytes, whatever the database's language.
create table objects (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    arn varchar(512) not null unique,
    bucket varchar(255) not null,
    key varchar(512) collate "C" not null check (octet_length(key) <= 1024),
    size_bytes bigint not null,
    content_type varchar(255),
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    tenant_id uuid references tenants(id),
    unique (tenant_id, id),
    unique (bucket, key)
);
create index idx_objects_bucket on objects(bucket);
create index idx_objects_user_id on objects(user_id);
create index idx_objects_list on objects(tenant_id, created_at, id);

create table object_versions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants(id),
    object_id uuid not null references objects(id) on delete cascade,
    version_id varchar(255) not null,
    size_bytes bigint not null,
    content_type varchar(255),
    checksum char(64),
    delete_marker boolean not null default false,
    created_at timestamptz not null default now(),
    unique (object_id, version_id),
    foreign key (tenant_id, object_id) references objects(tenant_id, id) on delete cascade
);
create index idx_object_versions_tenant_id on object_versions(tenant_id, object_id);

select secure_tenant_table(name::regclass) from unnest(array['queues', 'queue_messages', 'topics', 'subscriptions', 'objects',
    'object_versions']) as name;

grant select, insert, update, delete on queues, queue_messages, topics, subscriptions, objects, object_versions to cloud_api, cloud_worker;

-- +goose Down
drop table object_versions, objects, subscriptions, topics, queue_messages, queues;
