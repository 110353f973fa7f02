-- A VPC shows what is in it, in the order of addresses, and how many there are: read and counted by the index alone.

-- +goose Up
create index idx_network_interfaces_tenant_vpc on network_interfaces(tenant_id, vpc_id, address);

-- +goose Down
drop index idx_network_interfaces_tenant_vpc;
