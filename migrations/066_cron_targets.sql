-- Cron jobs: HTTP targets, runs that are under way, a beginning and an end, windows, overlap.

-- +goose Up
alter table cron_jobs
    -- Beside http_endpoint. The headers often hold a key: they are sealed, as JSON.
    add column target_method text,
    add column target_headers_sealed text,
    add column target_header_names text[] not null default '{}',
    add column starts_at timestamptz,
    add column ends_at timestamptz,
    -- A run comes at any time within so many minutes of its tick.
    add column window_minutes int not null default 0,
    -- What becomes of a tick while a run before it is under way.
    add column overlap text not null default 'allow' check (overlap in ('skip', 'allow')),
    -- When the next tick runs: at next_run_at, or within the window behind it.
    add column due_at timestamptz;
update cron_jobs set due_at = next_run_at where next_run_at is not null;
update cron_jobs set status = 'COMPLETED' where next_run_at is null and coalesce(status, 'ACTIVE') = 'ACTIVE';
drop index idx_cron_jobs_next_run_at;
create index idx_cron_jobs_due_at on cron_jobs(due_at) where due_at is not null;
select register_sealed('cron_jobs', 'target_headers_sealed', 'tenant_id', $$'cron job ' || id$$);
select show_to_operator('cron_jobs', '{http_endpoint,target_payload,target_headers_sealed}');

alter table cron_job_runs
    add column status_code int,
    -- Of the last attempt.
    add column duration_ms int,
    add column attempts int not null default 0,
    -- When the target is called next. Null: the run is over.
    add column next_attempt_at timestamptz;
create index idx_cron_job_runs_next_attempt_at on cron_job_runs(next_attempt_at) where next_attempt_at is not null;
create index idx_cron_job_runs_open on cron_job_runs(job_id) where next_attempt_at is not null;

-- The API's process makes the calls, since it is the one that may parse what strangers answer.
select open_to_data_plane('cron_jobs', 'select (id, tenant_id, http_endpoint, target_method, target_headers_sealed, target_payload)');
select open_to_data_plane('cron_job_runs', 'select, update (status, ended_at, output, error, status_code, duration_ms, attempts, next_attempt_at)');

-- +goose Down
revoke all on cron_job_runs, cron_jobs from cloud_data;
revoke select (id, tenant_id, http_endpoint, target_method, target_headers_sealed, target_payload) on cron_jobs from cloud_data;
revoke update (status, ended_at, output, error, status_code, duration_ms, attempts, next_attempt_at) on cron_job_runs from cloud_data;
drop policy data_plane on cron_job_runs;
drop policy data_plane on cron_jobs;
drop index idx_cron_job_runs_open, idx_cron_job_runs_next_attempt_at;
alter table cron_job_runs drop column next_attempt_at, drop column attempts, drop column duration_ms, drop column status_code;
delete from sealed_columns where table_name = 'cron_jobs';
drop index idx_cron_jobs_due_at;
create index idx_cron_jobs_next_run_at on cron_jobs(next_run_at) where next_run_at is not null;
update cron_jobs set status = 'ACTIVE' where status = 'COMPLETED';
alter table cron_jobs
    drop column due_at, drop column overlap, drop column window_minutes, drop column ends_at, drop column starts_at, drop column target_header_names,
    drop column target_headers_sealed, drop column target_method;
select show_to_operator('cron_jobs', '{http_endpoint,target_payload}');
