-- Resources are searched by the beginning of their names in lower case. Stored, and not an index over the expression: under row-level security
-- PostgreSQL takes only leakproof functions into an index condition, and lower() is none; the operators of text_pattern_ops are.

-- +goose Up
alter table vpcs add column search_name text generated always as (lower(name)) stored;
alter table instances add column search_name text generated always as (lower(name)) stored;
create index idx_vpcs_search on vpcs(tenant_id, search_name text_pattern_ops) where deleted_at is null;
create index idx_instances_search on instances(tenant_id, search_name text_pattern_ops) where deleted_at is null;
select show_to_operator('instances', '{env,command}');

-- +goose Down
alter table instances drop column search_name;
alter table vpcs drop column search_name;
select show_to_operator('instances', '{env,command}');
