-- Events: what changed, and how readers find them.

-- +goose Up

-- {"status": {"from": "STARTING", "to": "RUNNING"}}: members as the wire shows them.
alter table events add column changes jsonb;

-- Who follows a tenant's events looks for those of transactions that were open when it looked before, and for what came since (by tenant_id, seq).
create index idx_events_tenant_xid on events(tenant_id, xid, seq);
-- The events of one resource, and where a time begins.
create index idx_events_tenant_resource on events(tenant_id, resource_id, seq);
create index idx_events_tenant_created_at on events(tenant_id, created_at);

insert into role_permissions (role_id, permission)
    select id, 'event:read' from roles where built_in and name in ('admin', 'developer', 'viewer', 'user');

-- +goose Down
delete from role_permissions where permission = 'event:read';
drop index idx_events_tenant_created_at, idx_events_tenant_resource, idx_events_tenant_xid;
alter table events drop column changes;
