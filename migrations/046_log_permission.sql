-- What instances print has a permission of its own: programs print secrets, and a viewer sees no contents.

-- +goose Up
insert into role_permissions (role_id, permission)
    select id, 'log:read' from roles where built_in and name in ('admin', 'developer', 'user');
-- Roles and keys that tenants made keep what they could do.
insert into tenant_role_permissions (role_id, tenant_id, permission)
    select role_id, tenant_id, 'log:read' from tenant_role_permissions where permission = 'instance:read'
    on conflict do nothing;
update api_keys set permissions = permissions || 'log:read'::varchar
where 'instance:read' = any (permissions) and not 'log:read' = any (permissions);

-- +goose Down
update api_keys set permissions = array_remove(permissions, 'log:read'::varchar) where permissions @> '{log:read}'::varchar[] and cardinality(permissions) > 1;
delete from tenant_role_permissions where permission = 'log:read';
delete from role_permissions where permission = 'log:read';
