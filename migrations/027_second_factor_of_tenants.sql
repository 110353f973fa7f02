-- Whether its members need a second factor is a tenant's own to say.

-- +goose Up
grant update (require_second_factor) on tenants to cloud_api;

-- +goose Down
revoke update (require_second_factor) on tenants from cloud_api;
