-- +goose Up
-- A tenant's disks count until their instances' rows are gone, so the count also reads those that are being deleted.
drop index idx_instances_usage;
create index idx_instances_usage on instances(tenant_id, instance_type, deleted_at);

-- +goose Down
drop index idx_instances_usage;
create index idx_instances_usage on instances(tenant_id, instance_type) where deleted_at is null;
