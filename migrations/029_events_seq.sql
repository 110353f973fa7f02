-- Without this index the planner reads a tenant's events by (tenant_id, seq). With it, it read all tenants' events in the order of seq. The
-- numbers are unique as they are: they come from a sequence.

-- +goose Up
alter table events drop constraint events_seq_key;

-- +goose Down
alter table events add constraint events_seq_key unique (seq);
