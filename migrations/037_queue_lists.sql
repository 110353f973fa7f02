-- Lists of queues by the beginning of a name and by dead-letter queue, and tasks that move messages end at once when they are cancelled.

-- +goose Up
drop index idx_queues_name, idx_queues_dead_letter, idx_queue_move_tasks_active;
-- The order of patterns.
create unique index idx_queues_name on queues(tenant_id, name varchar_pattern_ops) where deleted_at is null;
create index idx_queues_dead_letter on queues(tenant_id, dead_letter_queue_id, id) where dead_letter_queue_id is not null;
alter table queue_move_tasks
    drop constraint queue_move_tasks_status_check,
    add constraint queue_move_tasks_status_check check (status in ('RUNNING', 'COMPLETED', 'CANCELLED', 'FAILED'));
-- One at a time from a queue.
create unique index idx_queue_move_tasks_active on queue_move_tasks(source_queue_id) where status = 'RUNNING';

-- +goose Down
drop index idx_queues_name, idx_queues_dead_letter, idx_queue_move_tasks_active;
create unique index idx_queues_name on queues(tenant_id, name) where deleted_at is null;
create index idx_queues_dead_letter on queues(tenant_id, dead_letter_queue_id) where dead_letter_queue_id is not null;
alter table queue_move_tasks
    drop constraint queue_move_tasks_status_check,
    add constraint queue_move_tasks_status_check check (status in ('RUNNING', 'COMPLETED', 'CANCELLING', 'CANCELLED', 'FAILED'));
create unique index idx_queue_move_tasks_active on queue_move_tasks(source_queue_id) where status in ('RUNNING', 'CANCELLING');
