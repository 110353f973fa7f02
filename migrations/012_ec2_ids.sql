-- EC2's form of an id, by which AWS clients name VPCs and instances: a prefix and the last 17 hex digits of ours. Stored, and not an index
-- over the expression: under row-level security PostgreSQL takes only leakproof functions into an index condition, and replace() is none.

-- +goose Up
alter table vpcs add column ec2_id varchar(32) generated always as ('vpc-' || right(replace(id::text, '-', ''), 17)) stored;
alter table instances add column ec2_id varchar(32) generated always as ('i-' || right(replace(id::text, '-', ''), 17)) stored;
create unique index idx_vpcs_ec2_id on vpcs(tenant_id, ec2_id);
create unique index idx_instances_ec2_id on instances(tenant_id, ec2_id);
select show_to_operator('instances', '{env,command}');

-- +goose Down
alter table instances drop column ec2_id;
alter table vpcs drop column ec2_id;
select show_to_operator('instances', '{env,command}');
