-- More of what changes only by proof of a key: see docs/decisions/0010-authority-by-proof.md.

-- +goose Up

-- Who decides about a tenant. An owner who leaves makes another one the first, whichever tenant their key acts in.
-- +goose StatementBegin
create function guard_tenant() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  p constant proofs := proven();
  is_here constant boolean := p.of_tenant = new.id and not p.by_signature;
begin
  if new.require_second_factor <> old.require_second_factor then
    perform require_proof(is_here and p.permissions && '{*,full_access,tenant:update}'
      and exists (select from memberships m where m.tenant_id = new.id and m.user_id = p.user_id and m.role = 'owner'), 'a second factor of all members');
  end if;
  if new.owner_id <> old.owner_id then
    perform require_proof((is_here and p.permissions && '{*,full_access,tenant:update}') or (p.user_id = old.owner_id and p.key_permissions is null), 'another owner');
  end if;
  if new.closed_at is distinct from old.closed_at then
    perform require_proof(is_here and p.permissions && '{*,full_access,tenant:delete}', 'the end of a tenant');
  end if;
  if new.audit_retention_days is distinct from old.audit_retention_days then
    perform require_proof(is_here and p.permissions && '{*,full_access,audit:update}', 'another retention of the audit trail');
  end if;
  return new;
end
$$;
-- +goose StatementEnd
create trigger guard_tenant before update of require_second_factor, owner_id, closed_at, audit_retention_days on tenants for each row
    when (current_user = 'cloud_api') execute function guard_tenant();
revoke execute on function guard_tenant() from public;

-- Members leave by their own key, others end by the key of somebody who may. A key of one tenant takes nobody to another, and a signature makes no key wider.
-- +goose StatementBegin
do $$
declare
  change text[];
  source text;
begin
  foreach change slice 1 in array array[
  array['end_memberships(uuid)', E'\nbegin\n',
    E'\nbegin\n  perform require_proof(coalesce((proven()).user_id = who and (proven()).key_permissions is null, false)\n'
    || E'    or ((proven()).of_tenant = here and not (proven()).by_signature and (proven()).permissions\n'
    || E'      && case when who is null then ''{*,full_access,tenant:delete}'' else ''{*,full_access,tenant:update}'' end::varchar[]), ''the end of a membership'');\n'],
  array['enter_tenant(uuid)', 'and not (proven()).by_signature,',
    E'and not (proven()).by_signature\n    and (wanted is null or (proven()).key_kind = ''session'' or (proven()).key_all_tenants or (proven()).of_tenant = wanted),'],
  array['guard_key()', E'old.kind = ''api'' and p.of_tenant', E'old.kind = ''api'' and not p.by_signature and p.of_tenant']
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
-- Nobody calls it.
drop function renew_scope_key();

-- +goose Down
-- +goose StatementBegin
create function renew_scope_key() returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  -- Four times 122 bits of the server's strong random numbers.
  secret constant bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  inner_block bytea := decode(repeat('36', 64), 'hex');
  outer_block bytea := decode(repeat('5c', 64), 'hex');
begin
  for place in 0..31 loop
    inner_block := set_byte(inner_block, place, get_byte(inner_block, place) # get_byte(secret, place));
    outer_block := set_byte(outer_block, place, get_byte(outer_block, place) # get_byte(secret, place));
  end loop;
  insert into scope_key (inner_pad, outer_pad) values (inner_block, outer_block)
    on conflict (id) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad, made_at = now();
end
$$;
-- +goose StatementEnd
revoke execute on function renew_scope_key() from public;
-- +goose StatementBegin
do $$
declare
  change text[];
  source text;
begin
  foreach change slice 1 in array array[
  array['end_memberships(uuid)', E'\nbegin\n',
    E'\nbegin\n  perform require_proof(coalesce((proven()).user_id = who and (proven()).key_permissions is null, false)\n'
    || E'    or ((proven()).of_tenant = here and not (proven()).by_signature and (proven()).permissions\n'
    || E'      && case when who is null then ''{*,full_access,tenant:delete}'' else ''{*,full_access,tenant:update}'' end::varchar[]), ''the end of a membership'');\n'],
  array['enter_tenant(uuid)', 'and not (proven()).by_signature,',
    E'and not (proven()).by_signature\n    and (wanted is null or (proven()).key_kind = ''session'' or (proven()).key_all_tenants or (proven()).of_tenant = wanted),'],
  array['guard_key()', E'old.kind = ''api'' and p.of_tenant', E'old.kind = ''api'' and not p.by_signature and p.of_tenant']
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
drop trigger guard_tenant on tenants;
drop function guard_tenant();
