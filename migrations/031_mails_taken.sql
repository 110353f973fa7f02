-- A mail that no mail server takes is passed on by the operator.

-- +goose Up
alter table mails drop constraint mails_outcome_check;
alter table mails add constraint mails_outcome_check check (outcome in ('waiting', 'sent', 'refused', 'expired', 'taken'));
create index idx_mails_waiting on mails(id) where outcome = 'waiting';

-- Takes a mail that waits out of the queue, and returns its sealed content, once. No row: it does not wait.
-- +goose StatementBegin
create function take_mail(wanted uuid, at timestamptz) returns table (sealed text, tenant_id uuid)
language plpgsql security definer rows 1 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  select m.sealed, m.tenant_id into sealed, tenant_id from mails m
    where m.id = wanted and m.outcome = 'waiting' and m.expires_at > at for update;
  if not found then
    return;
  end if;
  update mails set outcome = 'taken', sealed = null, expires_at = created_at + interval '1 hour' where id = wanted;
  return next;
end
$$;
-- +goose StatementEnd
revoke execute on function take_mail(uuid, timestamptz) from public;
grant execute on function take_mail(uuid, timestamptz) to cloud_operator;

-- +goose Down
drop function take_mail(uuid, timestamptz);
drop index idx_mails_waiting;
delete from mails where outcome = 'taken';
alter table mails drop constraint mails_outcome_check;
alter table mails add constraint mails_outcome_check check (outcome in ('waiting', 'sent', 'refused', 'expired'));
