-- A person who opens the console of a new platform is told that the first user becomes its operator.

-- +goose Up
-- What strangers may know of who may register: first_user (nobody has), open or closed. As register_user decides it.
-- +goose StatementBegin
create function registration_state() returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select case
    when not exists (select from users u where u.kind = 'person') then 'first_user'
    when p.registration_open then 'open'
    else 'closed'
  end
  from platform p
$$;
-- +goose StatementEnd
revoke execute on function registration_state() from public;
grant execute on function registration_state() to cloud_api;

-- +goose Down
drop function registration_state();
