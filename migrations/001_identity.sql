-- Who may come in: users, tenants, memberships, keys, roles, and the two database roles that our processes connect as.

-- +goose Up

-- +goose StatementBegin
do $$
begin
  if current_setting('server_version_num')::int < 150000 then
    raise exception 'PostgreSQL 15 or later is needed, this server is %', current_setting('server_version');
  end if;
end
$$;
-- +goose StatementEnd

-- The processes connect as roles that own nothing and cannot bypass row-level security. Roles belong to the whole cluster, so several
-- databases may create them at the same moment: whoever loses the race finds them there. Passwords are set elsewhere.
-- +goose StatementBegin
do $$
declare
  wanted constant text[] := array[
    'statement_timeout=10s', 'lock_timeout=2s', 'idle_in_transaction_session_timeout=10s',
    'statement_timeout=30s', 'lock_timeout=5s', 'idle_in_transaction_session_timeout=30s'];
  role_name text;
  setting text;
  attempt int := 0;
begin
  loop
    attempt := attempt + 1;
    begin
      foreach role_name in array array['cloud_api', 'cloud_worker'] loop
        if not exists (select from pg_roles where rolname = role_name) then
          execute format('create role %I login', role_name);
        end if;
        foreach setting in array case role_name when 'cloud_api' then wanted[1:3] else wanted[4:6] end loop
          if not exists (
            select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
            where r.rolname = role_name and s.setdatabase = 0 and setting = any (s.setconfig)
          ) then
            execute format('alter role %I set %I = %L', role_name, split_part(setting, '=', 1), split_part(setting, '=', 2));
          end if;
        end loop;
      end loop;
      exit;
    exception
      when insufficient_privilege then
        raise exception 'the database user % may not create roles; run as a superuser: alter role %I createrole; or: create role cloud_api login; create role cloud_worker login; alter role cloud_api set statement_timeout = ''10s''; alter role cloud_api set lock_timeout = ''2s''; alter role cloud_api set idle_in_transaction_session_timeout = ''10s''; alter role cloud_worker set statement_timeout = ''30s''; alter role cloud_worker set lock_timeout = ''5s''; alter role cloud_worker set idle_in_transaction_session_timeout = ''30s''; then start again',
          current_user, current_user using errcode = 'insufficient_privilege';
      -- duplicate role, or "tuple concurrently updated" from another database's migration
      when duplicate_object or unique_violation or internal_error then
        if attempt >= 20 then
          raise;
        end if;
        perform pg_sleep(0.05);
    end;
  end loop;
end
$$;
-- +goose StatementEnd

revoke create on schema public from public;
grant usage on schema public to cloud_api, cloud_worker;

-- Locks a tenant's table: the API sees the tenant of its transaction; a worker the same, or every tenant when it says '*'.
-- Without a setting both see nothing. The sub-selects run once a statement, not once a row.
-- +goose StatementBegin
create function secure_tenant_table(target regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format($f$
    create policy api_tenant on %s to cloud_api
      using (tenant_id = (select nullif(current_setting('cloud.tenant_id', true), '')::uuid))$f$, target);
  execute format($f$
    create policy worker_tenant on %s to cloud_worker
      using ((select current_setting('cloud.tenant_id', true)) = '*'
        or tenant_id = (select nullif(nullif(current_setting('cloud.tenant_id', true), ''), '*')::uuid))$f$, target);
end
$$;
-- +goose StatementEnd
revoke execute on function secure_tenant_table(regclass) from public;

create table users (
    id uuid primary key default gen_random_uuid(),
    email varchar(255) not null unique,
    password_hash varchar(255) not null,
    name varchar(255) not null,
    role varchar(50) not null default 'user',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- 'builtin' rows stand for the system and for nobody; they cannot log in
    kind varchar(20) not null default 'person' check (kind in ('person', 'builtin')),
    default_tenant_id uuid,
    failed_logins int not null default 0,
    locked_until timestamptz,
    closed_at timestamptz
);
create index idx_users_email on users(email);
create unique index idx_users_email_folded on users(lower(email));

create table tenants (
    id uuid primary key default gen_random_uuid(),
    name varchar(255) not null,
    slug varchar(100) not null unique,
    owner_id uuid not null references users(id),
    plan varchar(50) not null default 'free',
    status varchar(50) not null default 'active',
    account_number char(12) not null unique check (account_number ~ '^[0-9]{12}$'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    closed_at timestamptz
);
create index idx_tenants_owner_id on tenants(owner_id);

create table memberships (
    tenant_id uuid not null references tenants(id),
    user_id uuid not null references users(id) on delete cascade,
    role varchar(100) not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, user_id)
);
create index idx_memberships_user_id on memberships(user_id);

-- A default tenant is always one the user is a member of.
alter table users add foreign key (default_tenant_id) references tenants(id);
alter table users add foreign key (default_tenant_id, id) references memberships(tenant_id, user_id) on delete set null (default_tenant_id);
create index idx_users_default_tenant_id on users(default_tenant_id, id);

create table api_keys (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    -- SHA-256 of the key in hex; the key itself is shown once and kept nowhere
    key varchar(64) not null unique,
    name varchar(255),
    created_at timestamptz not null default now(),
    last_used timestamptz,
    tenant_id uuid references tenants(id),
    kind varchar(20) not null default 'api' check (kind in ('api', 'session')),
    prefix varchar(32),
    expires_at timestamptz,
    revoked_at timestamptz,
    aws_access_key_id varchar(128) unique,
    aws_secret_sealed text,
    -- who leaves a tenant loses the keys to it at once
    foreign key (tenant_id, user_id) references memberships(tenant_id, user_id) on delete cascade
);
create index idx_api_keys_key on api_keys(key);
create index idx_api_keys_user_id on api_keys(user_id);
create index idx_api_keys_tenant_id on api_keys(tenant_id, user_id);

-- The built-in roles and the platform's own; tenants' roles are in tenant_roles.
create table roles (
    id uuid primary key default gen_random_uuid(),
    name varchar(100) not null unique,
    description text,
    built_in boolean not null default false
);

create table role_permissions (
    role_id uuid not null references roles(id) on delete cascade,
    permission varchar(100) not null,
    primary key (role_id, permission)
);

create table tenant_roles (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants(id),
    name varchar(100) not null check (name not in ('owner', 'admin', 'developer', 'viewer', 'user')),
    description text,
    version int not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (tenant_id, name),
    unique (tenant_id, id)
);

create table tenant_role_permissions (
    role_id uuid not null references tenant_roles(id) on delete cascade,
    tenant_id uuid not null,
    permission varchar(100) not null,
    primary key (role_id, permission),
    foreign key (tenant_id, role_id) references tenant_roles(tenant_id, id) on delete cascade
);

-- What this platform is: one row. master_key_check is a sealed constant that tells a wrong master key at start.
create table platform (
    id smallint primary key default 1 check (id = 1),
    platform_id uuid not null default gen_random_uuid(),
    region varchar(64) not null default 'us-east-1',
    master_key_check text,
    registration_open boolean not null default true,
    created_at timestamptz not null default now()
);
insert into platform default values;

-- Limits of a tenant; a resource without a row has the platform's default.
create table quotas (
    tenant_id uuid not null references tenants(id),
    resource varchar(100) not null,
    max bigint not null check (max >= 0),
    primary key (tenant_id, resource)
);

-- '!' is no bcrypt hash, so no password fits.
insert into users (id, email, password_hash, name, kind) values
    ('00000000-0000-7000-8000-000000000001', 'system@localhost', '!', 'system', 'builtin'),
    ('00000000-0000-7000-8000-000000000002', 'anonymous@localhost', '!', 'anonymous', 'builtin');

insert into roles (id, name, description, built_in) values
    ('00000000-0000-0000-0000-000000000001', 'admin', 'Everything in the tenant but closing it', true),
    ('00000000-0000-0000-0000-000000000002', 'developer', 'Makes, changes and removes resources; no members, roles, audit or billing', true),
    ('00000000-0000-0000-0000-000000000003', 'viewer', 'Sees resources, but no contents, credentials or messages', true),
    ('00000000-0000-0000-0000-000000000004', 'owner', 'Everything in the tenant', true),
    ('00000000-0000-0000-0000-000000000005', 'user', 'Reads the resources of the tenant', true);

insert into role_permissions (role_id, permission) values ('00000000-0000-0000-0000-000000000004', '*');

-- One table says who may what: each line a resource, its actions, and the roles that have them.
insert into role_permissions (role_id, permission)
select roles.id, granted.resource || ':' || action
from (values
    ('instance', 'read', 'admin developer viewer user'),
    ('instance', 'launch terminate update resize', 'admin developer'),
    ('ssh_key', 'read', 'admin developer viewer user'),
    ('ssh_key', 'create delete', 'admin developer'),
    ('vpc', 'read', 'admin developer viewer user'),
    ('vpc', 'create delete update', 'admin developer'),
    ('sg', 'read', 'admin developer viewer user'),
    ('sg', 'create delete update', 'admin developer'),
    ('vpc_peering', 'read', 'admin developer viewer user'),
    ('vpc_peering', 'create accept delete', 'admin developer'),
    ('eip', 'read', 'admin developer viewer user'),
    ('eip', 'allocate release associate', 'admin developer'),
    ('volume', 'read', 'admin developer viewer user'),
    ('volume', 'create delete update', 'admin developer'),
    ('snapshot', 'read', 'admin developer viewer user'),
    ('snapshot', 'create delete restore', 'admin developer'),
    ('storage', 'read', 'admin developer user'),
    ('storage', 'write delete', 'admin developer'),
    ('lb', 'read', 'admin developer viewer user'),
    ('lb', 'create delete update', 'admin developer'),
    -- reading a database or a cache shows how to log in to it
    ('db', 'read', 'admin developer user'),
    ('db', 'create delete update', 'admin developer'),
    ('cache', 'read', 'admin developer user'),
    ('cache', 'create delete update', 'admin developer'),
    -- reading a secret shows its value
    ('secret', 'create write delete read', 'admin developer'),
    ('function', 'read', 'admin developer viewer user'),
    ('function', 'invoke create delete update', 'admin developer'),
    ('function_schedule', 'read', 'admin developer viewer user'),
    ('function_schedule', 'create delete update', 'admin developer'),
    -- reading a queue takes messages from it
    ('queue', 'read', 'admin developer user'),
    ('queue', 'create delete write', 'admin developer'),
    ('notify', 'read', 'admin developer viewer user'),
    ('notify', 'create delete publish', 'admin developer'),
    ('cron', 'read', 'admin developer viewer user'),
    ('cron', 'create delete update', 'admin developer'),
    ('gateway', 'read', 'admin developer viewer user'),
    ('gateway', 'create delete', 'admin developer'),
    ('stack', 'read', 'admin developer viewer user'),
    ('stack', 'create delete', 'admin developer'),
    ('asg', 'read', 'admin developer viewer user'),
    ('asg', 'create delete update', 'admin developer'),
    ('container', 'read', 'admin developer viewer user'),
    ('container', 'create delete scale', 'admin developer'),
    ('pipeline', 'read', 'admin developer viewer user'),
    ('pipeline', 'create delete update run webhook', 'admin developer'),
    ('image', 'read', 'admin developer viewer user'),
    ('image', 'create delete', 'admin developer'),
    ('image', 'read_all', 'admin'),
    ('cluster', 'read', 'admin developer viewer user'),
    ('cluster', 'create delete update', 'admin developer'),
    ('dns', 'read', 'admin developer viewer user'),
    ('dns', 'create delete update', 'admin developer'),
    ('dashboard', 'read', 'admin developer viewer user'),
    ('tenant', 'read', 'admin developer viewer user'),
    ('tenant', 'create update', 'admin'),
    -- one's own keys
    ('identity', 'create read delete', 'admin developer viewer user'),
    ('identity', 'read_all', 'admin'),
    ('service_account', 'create read update delete', 'admin'),
    ('accounting', 'read', 'admin'),
    ('audit', 'read', 'admin')
) as granted(resource, actions, role_names)
cross join unnest(string_to_array(granted.actions, ' ')) as action
join roles on roles.built_in and roles.name = any (string_to_array(granted.role_names, ' '));

-- +goose Down
drop table quotas, platform, tenant_role_permissions, tenant_roles, role_permissions, roles, api_keys;
alter table users drop column default_tenant_id;
drop table memberships, tenants, users;
drop function secure_tenant_table(regclass);
revoke usage on schema public from cloud_api, cloud_worker;

-- The roles stay while another database of the cluster uses them, or when this user may not drop them.
-- +goose StatementBegin
do $$
declare
  role_name text;
begin
  foreach role_name in array array['cloud_api', 'cloud_worker'] loop
    begin
      execute format('drop role if exists %I', role_name);
    exception
      when dependent_objects_still_exist or insufficient_privilege then
        raise notice 'role % stays: %', role_name, sqlerrm;
    end;
  end loop;
end
$$;
-- +goose StatementEnd
