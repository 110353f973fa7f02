-- Work that holds a lane for long and gets nowhere is retried apart from other work.

-- +goose Up
-- Since when; null: it is not parked.
alter table reconcile add column parked_at timestamptz;
create index idx_reconcile_parked on reconcile(due_at) where parked_at is not null;

-- +goose Down
drop index idx_reconcile_parked;
alter table reconcile drop column parked_at;
