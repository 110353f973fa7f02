-- Since when a user has their e-mail address, where it is not the one that they registered with: who took an address later than something was sent
-- there has not shown that it is theirs.

-- +goose Up
alter table users add column email_changed_at timestamptz;
grant select (email_changed_at), update (email_changed_at) on users to cloud_api;
grant select (email_changed_at) on users to cloud_operator;
-- Counted by login_sources since 021.
alter table users drop column failed_logins;

-- +goose Down
alter table users add column failed_logins int not null default 0;
grant select (failed_logins) on users to cloud_api, cloud_worker, cloud_operator;
grant update (failed_logins) on users to cloud_worker, cloud_operator;
alter table users drop column email_changed_at;
