-- What the world tells (an engine's event, a look at it) is another thing than a wish: it asks for a pass and shortens no back-off.

-- +goose Up
alter table reconcile add column nudges bigint not null default 0;
alter table reconcile add column claimed_nudges bigint;
-- Since when one pass after the other has failed: what has failed for good is decided by time and not by tries alone.
alter table reconcile add column failing_since timestamptz;
-- A wish begins the count again.
grant update (attempts, failing_since) on reconcile to cloud_api, cloud_operator;

-- +goose Down
revoke update (attempts, failing_since) on reconcile from cloud_api, cloud_operator;
alter table reconcile drop column failing_since, drop column claimed_nudges, drop column nudges;
