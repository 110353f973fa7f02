-- Rotating the master key: which columns hold sealed values, and the two functions by which the worker, which may not read or write most of them,
-- replaces each by one under the new key.

-- +goose Up
create table sealed_columns (
    place int generated always as identity primary key,
    table_name text not null,
    column_name text not null,
    -- SQL over a row: for whom and for what its value was sealed, as the sealer was told.
    scope text not null,
    purpose text not null,
    unique (table_name, column_name)
);

-- Each migration that adds a sealed column says so. A column that is missing here could not be read after a rotation.
-- +goose StatementBegin
create function register_sealed(of_table regclass, of_column text, new_scope text, new_purpose text) returns void
language plpgsql set search_path = public, pg_temp as $$
begin
  insert into sealed_columns (table_name, column_name, scope, purpose) values (of_table::text, of_column, new_scope, new_purpose);
  execute format('select (%s)::text, (%s)::text from %s limit 0', new_scope, new_purpose, of_table);
end
$$;
-- +goose StatementEnd
revoke execute on function register_sealed(regclass, text, text, text) from public;

select register_sealed('api_keys', 'aws_secret_sealed', 'tenant_id', $$case kind when 'temporary' then 'aws-session' else 'aws-secret' end$$);
select register_sealed('second_factors', 'secret_sealed', 'user_id', $$'second-factor'$$);
select register_sealed('mails', 'sealed', $$'mail'$$, 'id');
select register_sealed('secrets', 'encrypted_value', 'tenant_id', $$'secret ' || id$$);
select register_sealed('secret_versions', 'sealed', 'tenant_id', $$'secret ' || secret_id$$);

-- Values behind a place in a table that are sealed, and not under this version: in the order of the table's pages.
-- +goose StatementBegin
create function sealed_batch(of_place int, after text, newest int, most int)
    returns table (row_at text, scope text, purpose text, sealed text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  found sealed_columns%rowtype;
begin
  select * into found from sealed_columns c where c.place = of_place;
  return query execute format(
    'select ctid::text, (%s)::text, (%s)::text, %I::text from %s where ctid > $1::tid and %I ~ ''^v[0-9]+\.'' and not starts_with(%I, $2) limit $3',
    found.scope, found.purpose, found.column_name, found.table_name, found.column_name, found.column_name)
    using after, 'v' || newest || '.', most;
end
$$;
-- +goose StatementEnd

-- Puts new values in the place of old ones. A row that has changed since keeps what it has now.
-- +goose StatementBegin
create function reseal(of_place int, rows_at text[], old_values text[], new_values text[]) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  found sealed_columns%rowtype;
  written int;
  all_written int := 0;
begin
  select * into found from sealed_columns c where c.place = of_place;
  for n in 1 .. coalesce(array_length(rows_at, 1), 0) loop
    if new_values[n] !~ '^v[0-9]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$' then
      raise exception 'not a sealed value' using errcode = 'invalid_parameter_value';
    end if;
    execute format('update %s set %I = $3 where ctid = $1::tid and %I = $2', found.table_name, found.column_name, found.column_name)
      using rows_at[n], old_values[n], new_values[n];
    get diagnostics written = row_count;
    all_written := all_written + written;
  end loop;
  return all_written;
end
$$;
-- +goose StatementEnd

-- Whether something is sealed under another version still.
-- +goose StatementBegin
create function is_sealed_otherwise(newest int) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  found sealed_columns%rowtype;
  is_there boolean;
begin
  for found in select * from sealed_columns loop
    execute format('select exists (select from %s where %I ~ ''^v[0-9]+\.'' and not starts_with(%I, $1))',
      found.table_name, found.column_name, found.column_name) into is_there using 'v' || newest || '.';
    if is_there then
      return true;
    end if;
  end loop;
  return false;
end
$$;
-- +goose StatementEnd
revoke execute on function sealed_batch(int, text, int, int), reseal(int, text[], text[], text[]), is_sealed_otherwise(int) from public;
grant execute on function sealed_batch(int, text, int, int), reseal(int, text[], text[], text[]), is_sealed_otherwise(int) to cloud_worker;

create table master_key_rotations (
    id uuid primary key,
    status text not null default 'WAITING' check (status in ('WAITING', 'RESEALING', 'DONE', 'FAILED')),
    -- Of the new key. Null: the worker has not chosen it yet.
    key_version int unique,
    -- Where the worker is.
    at_place int not null default 1,
    at_row text not null default '(0,0)',
    written bigint not null default 0,
    reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    ended_at timestamptz
);
-- One at a time.
create unique index idx_master_key_rotations_running on master_key_rotations((true)) where ended_at is null;
grant select, insert on master_key_rotations to cloud_operator;
grant select, update on master_key_rotations to cloud_worker;
grant select on sealed_columns to cloud_worker;

-- +goose Down
drop table master_key_rotations;
drop function is_sealed_otherwise(int);
drop function reseal(int, text[], text[], text[]);
drop function sealed_batch(int, text, int, int);
drop function register_sealed(regclass, text, text, text);
drop table sealed_columns;
