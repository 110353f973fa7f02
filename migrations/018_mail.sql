-- Mails that wait for the mail server. Whoever queues one cannot read it again.

-- +goose Up
create table mails (
    id uuid primary key,
    -- null: nothing to do with a tenant (a password reset)
    tenant_id uuid references tenants(id),
    -- a keyed hash of the address, which limits what one person gets
    recipient char(64) not null,
    -- recipient, subject and text; null once the mail was sent or given up
    sealed text,
    outcome varchar(20) not null default 'waiting' check (outcome in ('waiting', 'sent', 'refused', 'expired')),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    check ((outcome = 'waiting') = (sealed is not null))
);
create index idx_mails_tenant_id on mails(tenant_id, created_at);
create index idx_mails_recipient on mails(recipient, created_at);
create index idx_mails_expires_at on mails(expires_at);
select secure_tenant_table('mails', '{sealed}');
grant select, update, delete on mails to cloud_worker;

-- Adds a mail in the tenant of the transaction, or in none, and wakes the reconciler that sends it. Outcome: queued; tenant_limit or
-- recipient_limit, where the last hour has as many as are allowed. The lock makes the count of a recipient exact; a tenant's count may be passed
-- by as many as its calls run at one moment.
-- +goose StatementBegin
create function queue_mail(
    new_id uuid, to_recipient text, new_sealed text, new_expires_at timestamptz, most_of_tenant int, most_of_recipient int)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  of_tenant constant uuid := nullif(current_setting('cloud.tenant_id', true), '')::uuid;
begin
  perform pg_advisory_xact_lock(hashtextextended('mail:' || to_recipient, 0));
  if (select count(*) from (select from mails m where m.recipient = to_recipient and m.created_at > now() - interval '1 hour'
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

-- +goose Down
drop function queue_mail(uuid, text, text, timestamptz, int, int);
drop table mails;
delete from reconcile where kind = 'mail';
