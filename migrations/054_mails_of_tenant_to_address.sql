-- What one tenant sends to an address leaves room for the invitations of others to it.

-- +goose Up
drop function queue_mail(uuid, text, text, timestamptz, int, int);
-- Adds a mail in the tenant of the transaction, or in none, and wakes the reconciler that sends it. Outcome: queued; own_limit, where the tenant sent
-- this recipient as many in the last hour as it may; recipient_limit, where all tenants together did; tenant_limit. Mails of no tenant, which bring a
-- new password, are counted by themselves. The lock makes the counts of a recipient exact; a tenant's count may be passed by as many as its
-- calls run at one moment. An API that was started before this migration leaves the last argument out, and hears of no own_limit.
-- +goose StatementBegin
create function queue_mail(
    new_id uuid, to_recipient text, new_sealed text, new_expires_at timestamptz, most_of_tenant int, most_of_recipient int, most_of_both int default null)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  of_tenant constant uuid := scope_tenant();
begin
  perform pg_advisory_xact_lock(hashtextextended('mail:' || to_recipient, 0));
  if of_tenant is not null and (select count(*) from (select from mails m where m.recipient = to_recipient and m.tenant_id = of_tenant
      and m.created_at > now() - interval '1 hour'
      limit most_of_both) as recent) >= most_of_both then
    return 'own_limit';
  end if;
  if (select count(*) from (select from mails m where m.recipient = to_recipient and (m.tenant_id is null) = (of_tenant is null)
      and m.created_at > now() - interval '1 hour'
      limit most_of_recipient) as recent) >= most_of_recipient then
    return 'recipient_limit';
  end if;
  if of_tenant is not null and (select count(*) from (select from mails m where m.tenant_id = of_tenant and m.created_at > now() - interval '1 hour'
      limit most_of_tenant) as recent) >= most_of_tenant then
    return 'tenant_limit';
  end if;
  insert into mails (id, tenant_id, recipient, sealed, expires_at) values (new_id, of_tenant, to_recipient, new_sealed, new_expires_at);
  insert into reconcile (kind, id, tenant_id, priority, due_at, wakes, ready) values ('mail', new_id, of_tenant, 1, now(), 1, true);
  perform pg_notify('cloud_wake', 'mail');
  return 'queued';
end
$$;
-- +goose StatementEnd
revoke execute on function queue_mail(uuid, text, text, timestamptz, int, int, int) from public;
grant execute on function queue_mail(uuid, text, text, timestamptz, int, int, int) to cloud_api;

-- +goose Down
drop function queue_mail(uuid, text, text, timestamptz, int, int, int);
-- +goose StatementBegin
create function queue_mail(
    new_id uuid, to_recipient text, new_sealed text, new_expires_at timestamptz, most_of_tenant int, most_of_recipient int)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  of_tenant constant uuid := scope_tenant();
begin
  perform pg_advisory_xact_lock(hashtextextended('mail:' || to_recipient, 0));
  if (select count(*) from (select from mails m where m.recipient = to_recipient and (m.tenant_id is null) = (of_tenant is null)
      and m.created_at > now() - interval '1 hour'
      limit most_of_recipient) as recent) >= most_of_recipient then
    return 'recipient_limit';
  end if;
  if of_tenant is not null and (select count(*) from (select from mails m where m.tenant_id = of_tenant and m.created_at > now() - interval '1 hour'
      limit most_of_tenant) as recent) >= most_of_tenant then
    return 'tenant_limit';
  end if;
  insert into mails (id, tenant_id, recipient, sealed, expires_at) values (new_id, of_tenant, to_recipient, new_sealed, new_expires_at);
  insert into reconcile (kind, id, tenant_id, priority, due_at, wakes, ready) values ('mail', new_id, of_tenant, 1, now(), 1, true);
  perform pg_notify('cloud_wake', 'mail');
  return 'queued';
end
$$;
-- +goose StatementEnd
revoke execute on function queue_mail(uuid, text, text, timestamptz, int, int) from public;
grant execute on function queue_mail(uuid, text, text, timestamptz, int, int) to cloud_api;
