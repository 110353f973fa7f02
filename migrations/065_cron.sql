-- Cron jobs: what the guide's tables lack.

-- +goose Up
alter table cron_jobs
    -- Never set: the row is the job.
    add column deleted_at timestamptz,
    add column timezone text not null default 'UTC',
    -- Where a rate begins to count.
    add column counts_from timestamptz not null default now(),
    -- The queue that gets the payload. Null: it is gone.
    add column target_queue_id uuid,
    add column target_payload text not null default '{}',
    -- What becomes of ticks that nobody was there for.
    add column missed text not null default 'once' check (missed in ('skip', 'once', 'all')),
    add column search_name text generated always as (lower(name)) stored,
    -- What tells ids of one minute apart.
    add column id_tail text generated always as (right(replace(id::text, '-', ''), 17)) stored,
    add constraint cron_jobs_target_queue_fkey foreign key (tenant_id, target_queue_id) references queues(tenant_id, id) on delete set null (target_queue_id);
create unique index idx_cron_jobs_id_tail on cron_jobs(tenant_id, id_tail);
create index idx_cron_jobs_search on cron_jobs(tenant_id, search_name text_pattern_ops) where deleted_at is null;
create index idx_cron_jobs_target_queue on cron_jobs(tenant_id, target_queue_id);
-- A payload may hold what its receiver needs to know and nobody else.
select show_to_operator('cron_jobs', '{http_endpoint,target_payload}');

alter table cron_job_runs
    -- The tick. Null: somebody asked for the run.
    add column scheduled_at timestamptz,
    add constraint cron_job_runs_tick_key unique (job_id, scheduled_at);
create index idx_cron_job_runs_list on cron_job_runs(tenant_id, job_id, id);
create index idx_cron_job_runs_started_at on cron_job_runs(started_at);
grant insert on cron_job_runs to cloud_api;

-- +goose Down
revoke insert on cron_job_runs from cloud_api;
drop index idx_cron_job_runs_started_at, idx_cron_job_runs_list;
alter table cron_job_runs drop constraint cron_job_runs_tick_key, drop column scheduled_at;
drop index idx_cron_jobs_target_queue, idx_cron_jobs_search, idx_cron_jobs_id_tail;
alter table cron_jobs
    drop constraint cron_jobs_target_queue_fkey, drop column id_tail, drop column search_name, drop column missed, drop column target_payload,
    drop column target_queue_id, drop column counts_from, drop column timezone, drop column deleted_at;
select show_to_operator('cron_jobs', '{http_endpoint}');
