-- What the API's word on the time still decided: how long a login counts, and whether what has ended is still good.

-- +goose Up

-- A session ends by the longest time that an operator may set (session_hours). What has ended, and how much was asked for within an hour, is so by the
-- clock of the database.
-- +goose StatementBegin
do $$
declare
  change text[];
  source text;
begin
  foreach change slice 1 in array array[
    array['open_session(uuid, text, uuid, text, text, timestamptz, text, text, timestamptz)', 'new_hash, new_prefix, ends_at, address',
      'new_hash, new_prefix, least(ends_at, clock_timestamp() + interval ''30 days''), address'],
    array['reset_password(text, text, text, timestamptz)', 'r.used_at is null and r.expires_at > at;', 'r.used_at is null and r.expires_at > clock_timestamp();'],
    array['request_password_reset(text, uuid, text, uuid, timestamptz)', E'\nbegin\n', E'\nbegin\n  at := clock_timestamp();\n'],
    array['answer_invitation(uuid, text, boolean, bigint, timestamptz)', 'found_one.expires_at <= at then', 'found_one.expires_at <= clock_timestamp() then'],
    array['my_invitations(uuid, integer, timestamptz)', 'and i.expires_at > at', 'and i.expires_at > clock_timestamp()']
  ]
  loop
    source := pg_get_functiondef(change[1]::regprocedure);
    if position(change[2] in source) = 0 then
      raise exception '% has another text', change[1];
    end if;
    execute replace(source, change[2], change[3]);
  end loop;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
do $$
declare
  change text[];
  source text;
begin
  foreach change slice 1 in array array[
    array['open_session(uuid, text, uuid, text, text, timestamptz, text, text, timestamptz)', 'new_hash, new_prefix, ends_at, address',
      'new_hash, new_prefix, least(ends_at, clock_timestamp() + interval ''30 days''), address'],
    array['reset_password(text, text, text, timestamptz)', 'r.used_at is null and r.expires_at > at;', 'r.used_at is null and r.expires_at > clock_timestamp();'],
    array['request_password_reset(text, uuid, text, uuid, timestamptz)', E'\nbegin\n', E'\nbegin\n  at := clock_timestamp();\n'],
    array['answer_invitation(uuid, text, boolean, bigint, timestamptz)', 'found_one.expires_at <= at then', 'found_one.expires_at <= clock_timestamp() then'],
    array['my_invitations(uuid, integer, timestamptz)', 'and i.expires_at > at', 'and i.expires_at > clock_timestamp()']
  ]
  loop
    source := pg_get_functiondef(change[1]::regprocedure);
    if position(change[3] in source) = 0 then
      raise exception '% has another text', change[1];
    end if;
    execute replace(source, change[3], change[2]);
  end loop;
end
$$;
-- +goose StatementEnd
