-- Queues: their attributes, what a message carries beside the guide's columns, and tasks that move messages back from a dead-letter queue.

-- +goose Up
alter table queues
    add column deleted_at timestamptz,
    add column search_name text generated always as (lower(name)) stored,
    -- What tells ids of one minute apart.
    add column id_tail text generated always as (right(replace(id::text, '-', ''), 17)) stored,
    add column fifo boolean not null default false,
    add column delay_seconds int not null default 0,
    add column receive_wait_seconds int not null default 0,
    -- Null: retention_days.
    add column retention_seconds int,
    add column dead_letter_queue_id uuid,
    add column max_receive_count int,
    -- Which queues may name this one as their dead-letter queue: null for any, else {"permission": …, "source_queue_ids": […]}.
    add column redrive_allow jsonb,
    add column content_based_deduplication boolean not null default false,
    add column deduplication_scope text not null default 'queue' check (deduplication_scope in ('queue', 'message_group')),
    add column fifo_throughput text not null default 'per_queue' check (fifo_throughput in ('per_queue', 'per_message_group')),
    -- What AddPermission and the attribute Policy of SQS keep: a JSON text.
    add column access_policy text,
    add column labels jsonb not null default '{}',
    -- Messages that were sent by then are never delivered: the last purge.
    add column purged_before timestamptz,
    add constraint queues_dead_letter_fkey foreign key (tenant_id, dead_letter_queue_id) references queues(tenant_id, id),
    add constraint queues_max_receive_count_check check ((dead_letter_queue_id is null) = (max_receive_count is null));
alter table queues drop constraint queues_tenant_id_name_key;
create unique index idx_queues_name on queues(tenant_id, name) where deleted_at is null;
create unique index idx_queues_id_tail on queues(tenant_id, id_tail);
create index idx_queues_search on queues(tenant_id, search_name text_pattern_ops) where deleted_at is null;
create index idx_queues_dead_letter on queues(tenant_id, dead_letter_queue_id) where dead_letter_queue_id is not null;

create sequence queue_message_sequence;
alter table queue_messages
    -- Of a FIFO queue: the order of its messages.
    add column sequence_number bigint,
    add column group_id varchar(128),
    add column deduplication_id varchar(128),
    -- Message attributes by name: {"Name": {"type": "String", "value": "…"}}. Text, because the database never looks into it.
    add column attributes text,
    add column trace_header text,
    -- Bytes of the body and of the attributes' names, types and values, as SQS counts.
    add column size int not null default 0,
    -- Id of the user who sent it.
    add column sender uuid,
    add column received_count int not null default 0,
    add column first_received_at timestamptz,
    -- The queue from which it came into this dead-letter queue.
    add column dead_letter_source uuid;
-- A queue's messages in the order in which they become visible; what statistics read is in it, so that they read the index alone.
create index idx_queue_messages_next on queue_messages(queue_id, visible_after) include (created_at, received_count, size);

create table queue_move_tasks (
    id uuid primary key,
    user_id uuid not null references users(id),
    tenant_id uuid not null references tenants(id),
    source_queue_id uuid not null,
    -- Null: each message goes back to the queue from which it came.
    destination_queue_id uuid,
    status text not null default 'RUNNING' check (status in ('RUNNING', 'COMPLETED', 'CANCELLING', 'CANCELLED', 'FAILED')),
    moved bigint not null default 0,
    to_move bigint not null default 0,
    max_per_second int,
    failure_reason text,
    version int not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (tenant_id, id),
    foreign key (tenant_id, source_queue_id) references queues(tenant_id, id) on delete cascade,
    foreign key (tenant_id, destination_queue_id) references queues(tenant_id, id) on delete cascade
);
create index idx_queue_move_tasks_user_id on queue_move_tasks(user_id);
create index idx_queue_move_tasks_source on queue_move_tasks(tenant_id, source_queue_id, id);
create index idx_queue_move_tasks_destination on queue_move_tasks(tenant_id, destination_queue_id);
-- One at a time from a queue.
create unique index idx_queue_move_tasks_active on queue_move_tasks(source_queue_id) where status in ('RUNNING', 'CANCELLING');

select secure_tenant_table('queue_move_tasks');
select show_to_operator('queues');
grant select, insert, update, delete on queue_move_tasks to cloud_api, cloud_worker;
grant usage on sequence queue_message_sequence to cloud_api, cloud_worker, cloud_data;

-- +goose Down
drop table queue_move_tasks;
drop index idx_queue_messages_next;
alter table queue_messages
    drop column dead_letter_source, drop column first_received_at, drop column received_count, drop column sender, drop column size,
    drop column trace_header, drop column attributes, drop column deduplication_id, drop column group_id, drop column sequence_number;
drop sequence queue_message_sequence;
drop index idx_queues_dead_letter, idx_queues_search, idx_queues_name;
alter table queues
    drop constraint queues_max_receive_count_check, drop constraint queues_dead_letter_fkey,
    drop column purged_before, drop column labels, drop column access_policy, drop column fifo_throughput, drop column deduplication_scope,
    drop column content_based_deduplication, drop column redrive_allow, drop column max_receive_count, drop column dead_letter_queue_id,
    drop column retention_seconds, drop column receive_wait_seconds, drop column delay_seconds, drop column fifo, drop column id_tail, drop column search_name,
    drop column deleted_at,
    add constraint queues_tenant_id_name_key unique (tenant_id, name);
select show_to_operator('queues');
