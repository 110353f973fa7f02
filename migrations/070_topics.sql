-- Topics and their subscriptions: what the guide's tables lack.

-- +goose Up
alter table topics
    -- Never set: the row is the topic.
    add column deleted_at timestamptz,
    add column search_name text generated always as (lower(name)) stored,
    -- What tells ids of one minute apart.
    add column id_tail text generated always as (right(replace(id::text, '-', ''), 17)) stored;
create unique index idx_topics_id_tail on topics(tenant_id, id_tail);
create index idx_topics_search on topics(tenant_id, search_name text_pattern_ops) where deleted_at is null;

alter table subscriptions
    -- The queue that gets what is published; the subscription goes with it.
    add column target_queue_id uuid,
    -- The message as it is, not in an envelope.
    add column raw_delivery boolean not null default false,
    -- Null: all messages.
    add column filter_policy jsonb,
    add column filter_scope text not null default 'attributes' check (filter_scope in ('attributes', 'body')),
    add constraint subscriptions_target_queue_fkey foreign key (tenant_id, target_queue_id) references queues(tenant_id, id) on delete cascade,
    add constraint subscriptions_target_key unique (tenant_id, topic_id, target_queue_id);
create index idx_subscriptions_target_queue on subscriptions(tenant_id, target_queue_id);
create index idx_subscriptions_of_topic on subscriptions(tenant_id, topic_id, id);
-- A filter may name what its receiver looks for and nobody else.
select show_to_operator('subscriptions', '{endpoint,filter_policy}');

-- +goose Down
drop index idx_subscriptions_of_topic, idx_subscriptions_target_queue;
alter table subscriptions
    drop constraint subscriptions_target_key, drop constraint subscriptions_target_queue_fkey, drop column filter_scope, drop column filter_policy,
    drop column raw_delivery, drop column target_queue_id;
drop index idx_topics_search, idx_topics_id_tail;
alter table topics drop column id_tail, drop column search_name, drop column deleted_at;
select show_to_operator('subscriptions', '{endpoint}');
