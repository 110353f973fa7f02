-- Secrets: what the guide's table lacks, and the versions of their values.

-- +goose Up
alter table secrets
    -- A user may have secrets of one name in several tenants.
    drop constraint secrets_name_user_key,
    add constraint secrets_name_user_key unique (name, user_id, tenant_id),
    -- Never set: the row is the secret.
    add column deleted_at timestamptz,
    -- When the row goes. Until then the deletion can be taken back, and the name is taken.
    add column deletes_at timestamptz,
    add column labels jsonb not null default '{}',
    add column search_name text generated always as (lower(name)) stored,
    -- What tells ids of one minute apart.
    add column id_tail text generated always as (right(replace(id::text, '-', ''), 17)) stored;
create unique index idx_secrets_id_tail on secrets(tenant_id, id_tail);
create index idx_secrets_search on secrets(tenant_id, search_name text_pattern_ops) where deleted_at is null;
create index idx_secrets_deletes_at on secrets(deletes_at) where deletes_at is not null;
select show_to_operator('secrets', '{encrypted_value}');

create table secret_versions (
    tenant_id uuid not null references tenants(id),
    secret_id uuid not null,
    -- The first one of a secret is 1.
    number int not null,
    -- Chosen by who stores the value, if they like, so that storing it again does nothing.
    version_id varchar(64) not null,
    -- AES-256-GCM under the tenant's key, with the secret's id as associated data. secrets.encrypted_value is the current one.
    sealed text not null,
    -- Bytes of the value, and whether it is base64 within.
    size int not null,
    is_binary boolean not null,
    user_id uuid not null references users(id),
    -- AWSCURRENT, AWSPREVIOUS, AWSPENDING or names of the tenant's choice; each is at one version of the secret at most.
    stages text[] not null default '{}',
    created_at timestamptz not null default now(),
    -- Since when it has had no stage.
    unstaged_at timestamptz,
    primary key (secret_id, number),
    unique (secret_id, version_id),
    foreign key (tenant_id, secret_id) references secrets(tenant_id, id) on delete cascade
);
create index idx_secret_versions_secret on secret_versions(tenant_id, secret_id, number);
create index idx_secret_versions_user_id on secret_versions(user_id);
create index idx_secret_versions_unstaged on secret_versions(unstaged_at) where unstaged_at is not null;
select secure_tenant_table('secret_versions', '{sealed}');
grant select, insert, update, delete on secret_versions to cloud_api, cloud_worker;

-- +goose Down
drop table secret_versions;
drop index idx_secrets_deletes_at, idx_secrets_search, idx_secrets_id_tail;
alter table secrets
    drop column id_tail, drop column search_name, drop column labels, drop column deletes_at, drop column deleted_at,
    drop constraint secrets_name_user_key,
    add constraint secrets_name_user_key unique (name, user_id);
select show_to_operator('secrets', '{encrypted_value}');
