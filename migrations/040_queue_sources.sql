-- The index of dead-letter queues has the column first that tells rows apart, as the index of a key must.

-- +goose Up
drop index idx_queues_dead_letter;
create index idx_queues_dead_letter on queues(dead_letter_queue_id, tenant_id, id) where dead_letter_queue_id is not null;

-- +goose Down
drop index idx_queues_dead_letter;
create index idx_queues_dead_letter on queues(tenant_id, dead_letter_queue_id, id) where dead_letter_queue_id is not null;
