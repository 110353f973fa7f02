-- FIFO queues: the groups that give messages in order, what was sent within five minutes, and the functions that work on them.

-- +goose Up

-- One row for each group that has messages, or has had some lately. Rows are found from the highest head down, because a session elsewhere that
-- holds an old snapshot keeps every version of a busy row, and the live one is the last of them.
create table queue_groups (
    tenant_id uuid not null,
    queue_id uuid not null,
    group_id varchar(128) not null,
    -- No message of the group has a lower sequence number. It only grows.
    head bigint not null,
    -- When the group gives messages: when its first one is visible or, while some are in flight, when the last of these is visible again.
    -- Null: it has none.
    available_at timestamptz,
    -- Since when it has had none.
    emptied_at timestamptz,
    primary key (queue_id, group_id, head),
    foreign key (tenant_id, queue_id) references queues(tenant_id, id) on delete cascade,
    check ((available_at is null) = (emptied_at is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index idx_queue_groups_line on queue_groups(queue_id, available_at, head) where available_at is not null;
create index idx_queue_groups_emptied on queue_groups(emptied_at) where emptied_at is not null;

-- Which message was sent with a deduplication id in the last five minutes. group_id is empty unless the id is unique in its group only.
create table queue_deduplications (
    tenant_id uuid not null,
    queue_id uuid not null,
    deduplication_id varchar(128) not null,
    group_id varchar(128) not null,
    message_id uuid not null,
    sequence_number bigint not null,
    sent_at timestamptz not null,
    primary key (queue_id, deduplication_id, group_id),
    foreign key (tenant_id, queue_id) references queues(tenant_id, id) on delete cascade
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index idx_queue_deduplications_sent_at on queue_deduplications(sent_at);

-- What a receive call with an attempt id got: a repeated call gets the same.
create table queue_attempts (
    tenant_id uuid not null,
    queue_id uuid not null,
    attempt_id varchar(128) not null,
    receipt_handles text[] not null,
    received_at timestamptz not null,
    primary key (queue_id, attempt_id),
    foreign key (tenant_id, queue_id) references queues(tenant_id, id) on delete cascade
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index idx_queue_attempts_received_at on queue_attempts(received_at);

create index idx_queue_messages_group on queue_messages(queue_id, group_id, sequence_number) where sequence_number is not null;
-- For fifo_expire alone: no other statement says that the number is above 0, so that none takes this index for a group's messages.
create index idx_queue_messages_sequence on queue_messages(queue_id, sequence_number) where sequence_number > 0;

select secure_tenant_table(name::regclass, '{*}') from unnest(array['queue_groups', 'queue_deduplications', 'queue_attempts']) as name;
select open_to_data_plane(name::regclass, 'select, insert, update, delete') from unnest(array['queue_groups', 'queue_deduplications', 'queue_attempts']) as name;
grant select, insert, update, delete on queue_groups, queue_deduplications, queue_attempts to cloud_worker;

-- The functions below run with the rights of who calls them. Each takes the queue's lock first: every statement after it sees all that was
-- committed before, so that a queue's messages are numbered in the order in which they become visible to others, and no group is given twice.
-- They do nothing if the queue is not a FIFO queue of the tenant.
-- A statement's plan is made once, perhaps while the table is nearly empty, when every index looks as good as another. So a row that has an id is
-- found by that alone, and the rest is compared: a deletion by the queue's index took 25 ms at 10,000 messages.

-- A FIFO queue of the tenant; no row if it is none. over_by: a message that came by then has expired or was purged.
-- +goose StatementBegin
create function fifo_queue(in_tenant uuid, in_queue uuid, at timestamptz)
returns table (deduplication_scope text, dead_letter_queue_id uuid, max_receive_count int, over_by timestamptz)
language plpgsql set search_path = public, pg_temp as $$
declare
  q queues;
begin
  select * into q from queues where id = in_queue;
  if q.tenant_id = in_tenant and q.fifo and q.deleted_at is null then
    return query select q.deduplication_scope, q.dead_letter_queue_id, q.max_receive_count,
      greatest(at - coalesce(q.retention_seconds, q.retention_days * 86400, 345600) * interval '1 second', q.purged_before);
  end if;
end
$$;
-- +goose StatementEnd

-- A group has a new last message.
-- +goose StatementBegin
create function fifo_enter(in_tenant uuid, in_queue uuid, in_group text, in_sequence bigint, in_visible_after timestamptz) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  g queue_groups;
begin
  select * into g from queue_groups where queue_id = in_queue and group_id = in_group order by head desc limit 1;
  if found then
    if g.available_at is not null then
      return;
    end if;
    update queue_groups set head = in_sequence, available_at = in_visible_after, emptied_at = null
    where queue_id = in_queue and group_id = in_group and head = g.head;
    -- A row that is empty may be pruned at the same time.
    if found then
      return;
    end if;
  end if;
  insert into queue_groups (tenant_id, queue_id, group_id, head, available_at)
  values (in_tenant, in_queue, in_group, in_sequence, in_visible_after);
end
$$;
-- +goose StatementEnd

-- Writes down when a group gives messages, after some were deleted or their visibility has changed; returns that time. At most ten are in
-- flight, which one call received, and they are the group's first.
-- +goose StatementBegin
create function fifo_settle(in_queue uuid, in_group text, at timestamptz) returns timestamptz
language plpgsql set search_path = public, pg_temp as $$
declare
  g queue_groups;
  m record;
  first_number bigint;
  opens timestamptz;
  busy timestamptz;
begin
  select * into g from queue_groups where queue_id = in_queue and group_id = in_group order by head desc limit 1;
  if not found then
    return null;
  end if;
  for m in
    select sequence_number, visible_after, receipt_handle from queue_messages
    where queue_id = in_queue and group_id = in_group and sequence_number >= g.head order by sequence_number limit 10
  loop
    first_number := coalesce(first_number, m.sequence_number);
    opens := coalesce(opens, m.visible_after);
    if m.receipt_handle is not null and m.visible_after > at then
      busy := greatest(busy, m.visible_after);
    end if;
  end loop;
  opens := coalesce(busy, opens);
  update queue_groups set head = coalesce(first_number, head), available_at = opens, emptied_at = case when opens is null then at end
  where queue_id = in_queue and group_id = in_group and head = g.head;
  return opens;
end
$$;
-- +goose StatementEnd

-- Puts a message at the end of another queue, whose lock the caller holds. As in SQS its time begins again.
-- +goose StatementBegin
create function fifo_transfer(in_message uuid, in_queue uuid, in_source uuid, at timestamptz) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  m record;
begin
  update queue_messages set queue_id = in_queue, sequence_number = nextval('queue_message_sequence'), receipt_handle = null, visible_after = at,
    created_at = at, received_count = 0, first_received_at = null, dead_letter_source = in_source
  where id = in_message
  returning tenant_id, group_id, sequence_number into m;
  perform fifo_enter(m.tenant_id, in_queue, m.group_id, m.sequence_number, at);
end
$$;
-- +goose StatementEnd

-- Stores messages in the order given, except those whose deduplication id was sent within five minutes: for these it returns the message that
-- was stored then. No row: the queue is gone.
-- +goose StatementBegin
create function fifo_send(in_tenant uuid, in_queue uuid, in_ids uuid[], in_bodies text[], in_attributes text[], in_trace_headers text[],
  in_sizes int[], in_senders uuid[], in_delays int[], in_groups text[], in_deduplication_ids text[])
returns table (id uuid, sequence_number bigint, created_at timestamptz)
language plpgsql set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  at timestamptz;
  scope text;
  sent record;
  scope_group text;
begin
  perform pg_advisory_xact_lock(hashtextextended('queue:' || in_queue, 0));
  at := clock_timestamp();
  select q.deduplication_scope into scope from fifo_queue(in_tenant, in_queue, at) q;
  if not found then
    return;
  end if;
  for sent in
    select * from unnest(in_ids, in_bodies, in_attributes, in_trace_headers, in_sizes, in_senders, in_delays, in_groups, in_deduplication_ids)
      as t(id, body, attributes, trace_header, size, sender, delay, group_id, deduplication_id)
  loop
    scope_group := case scope when 'message_group' then sent.group_id else '' end;
    id := sent.id;
    created_at := at;
    insert into queue_deduplications as d (tenant_id, queue_id, deduplication_id, group_id, message_id, sequence_number, sent_at)
    values (in_tenant, in_queue, sent.deduplication_id, scope_group, id, nextval('queue_message_sequence'), at)
    on conflict (queue_id, deduplication_id, group_id) do update
      set message_id = excluded.message_id, sequence_number = excluded.sequence_number, sent_at = excluded.sent_at
      where d.sent_at <= at - interval '5 minutes'
    returning d.sequence_number into sequence_number;
    if found then
      insert into queue_messages (id, tenant_id, queue_id, body, attributes, trace_header, size, sender, visible_after, created_at, group_id,
        deduplication_id, sequence_number)
      values (id, in_tenant, in_queue, sent.body, sent.attributes, sent.trace_header, sent.size, sent.sender,
        at + sent.delay * interval '1 second', at, sent.group_id, sent.deduplication_id, sequence_number);
      perform fifo_enter(in_tenant, in_queue, sent.group_id, sequence_number, at + sent.delay * interval '1 second');
    else
      select d.message_id, d.sequence_number, d.sent_at into id, sequence_number, created_at from queue_deduplications d
      where d.queue_id = in_queue and d.deduplication_id = sent.deduplication_id and d.group_id = scope_group;
    end if;
    return next;
  end loop;
end
$$;
-- +goose StatementEnd

-- The messages that an earlier call with the same attempt id got, hidden for so long again, while all of them are in flight; else none.
-- +goose StatementBegin
create function fifo_repeat(in_queue uuid, in_attempt text, in_visibility int, over_by timestamptz, at timestamptz) returns setof queue_messages
language plpgsql set search_path = public, pg_temp as $$
declare
  handles text[];
  handle text;
  m queue_messages;
  given queue_messages[] := '{}';
  name text;
begin
  select receipt_handles into handles from queue_attempts
  where queue_id = in_queue and attempt_id = in_attempt and received_at > at - interval '5 minutes';
  if not found then
    return;
  end if;
  foreach handle in array handles loop
    select * into m from queue_messages where receipt_handle = handle;
    if not found or m.queue_id <> in_queue or m.visible_after <= at or m.created_at <= over_by then
      return;
    end if;
    m.visible_after := at + in_visibility * interval '1 second';
    given := given || m;
  end loop;
  foreach m in array given loop
    update queue_messages set visible_after = m.visible_after where id = m.id;
  end loop;
  for name in select distinct t.group_id from unnest(given) as t loop
    perform fifo_settle(in_queue, name, at);
  end loop;
  return query select * from unnest(given);
end
$$;
-- +goose StatementEnd

-- Gives messages to calls that wait, in the order of the calls: each gets as many as it asked for of the groups that have been available for
-- longest, and a group whose messages one call got gives none to another. A row for each message, with the place of its call; then one with
-- what the scan found: its time, how many messages it deleted or moved to the dead-letter queue, the first group's time of availability,
-- the next group's if in_wants_next, and the dead-letter queue that got messages. No row: the queue is gone.
-- A handle is the message's id, in_nonce and a number. A scan begins with groups available at in_floor, and comes to
-- earlier ones only if these were not enough.
-- +goose StatementBegin
create function fifo_take(in_tenant uuid, in_queue uuid, in_maxes int[], in_visibilities int[], in_attempts text[], in_nonce text,
  in_floor timestamptz, in_wants_next boolean)
returns table (call int, message queue_messages, scanned_at timestamptz, settled int, first_at timestamptz, next_at timestamptz, filled uuid)
language plpgsql set search_path = public, pg_temp as $$
declare
  -- Messages that one scan deletes or moves at most.
  most constant int := 500;
  q record;
  dead_letters uuid;
  holds_dead_letters boolean;
  line cursor (from_time timestamptz, to_time timestamptz) for
    select * from queue_groups where queue_id = in_queue and available_at >= from_time and available_at <= to_time order by available_at, head;
  is_done boolean := false;
  is_contended boolean := false;
  g queue_groups;
  m queue_messages;
  -- What the calls before asked for.
  used int := 0;
  given int;
  handles text[];
  given_of_group int;
  new_head bigint;
  opens timestamptz;
begin
  perform pg_advisory_xact_lock(hashtextextended('queue:' || in_queue, 0));
  scanned_at := clock_timestamp();
  settled := 0;
  select * into q from fifo_queue(in_tenant, in_queue, scanned_at);
  if not found then
    return;
  end if;
  if exists (select from fifo_queue(in_tenant, q.dead_letter_queue_id, scanned_at)) then
    dead_letters := q.dead_letter_queue_id;
  end if;
  open line(coalesce(in_floor, '-infinity'), scanned_at);

  for place in 1..cardinality(in_maxes) loop
    call := place;
    given := 0;
    handles := '{}';
    if in_attempts[place] is not null then
      for m in select * from fifo_repeat(in_queue, in_attempts[place], in_visibilities[place], q.over_by, scanned_at) loop
        message := m;
        given := given + 1;
        return next;
      end loop;
      if given > 0 then
        used := used + in_maxes[place];
        continue;
      end if;
    end if;

    while given < in_maxes[place] and not is_done loop
      fetch line into g;
      if not found then
        close line;
        if in_floor is null then
          is_done := true;
        else
          open line('-infinity', in_floor - interval '1 microsecond');
          in_floor := null;
        end if;
        continue;
      end if;
      first_at := least(first_at, g.available_at);

      -- The first messages of the group, as many as fit.
      given_of_group := 0;
      new_head := null;
      opens := null;
      for m in
        select * from queue_messages where queue_id = in_queue and group_id = g.group_id and sequence_number >= g.head order by sequence_number
      loop
        if m.created_at <= q.over_by then
          if settled >= most then
            new_head := coalesce(new_head, m.sequence_number);
            opens := coalesce(opens, g.available_at);
            is_done := true;
            exit;
          end if;
          delete from queue_messages where id = m.id;
          settled := settled + 1;
          continue;
        end if;
        new_head := coalesce(new_head, m.sequence_number);
        if m.visible_after > scanned_at then
          opens := coalesce(opens, m.visible_after);
          exit;
        end if;
        if m.received_count >= q.max_receive_count and dead_letters is not null then
          -- Who works on the dead-letter queue may want this one's lock: nobody waits with one in hand.
          if holds_dead_letters is null then
            holds_dead_letters := pg_try_advisory_xact_lock(hashtextextended('queue:' || dead_letters, 0));
          end if;
          if settled >= most or not holds_dead_letters then
            opens := coalesce(opens, g.available_at);
            is_contended := is_contended or not holds_dead_letters;
            is_done := settled >= most;
            exit;
          end if;
          perform fifo_transfer(m.id, dead_letters, in_queue, scanned_at);
          settled := settled + 1;
          filled := dead_letters;
          if given_of_group = 0 then
            new_head := null;
          end if;
          continue;
        end if;
        given := given + 1;
        given_of_group := given_of_group + 1;
        update queue_messages set receipt_handle = replace(id::text, '-', '') || in_nonce || lpad(to_hex(used + given), 4, '0'),
          visible_after = scanned_at + in_visibilities[place] * interval '1 second', received_count = received_count + 1,
          first_received_at = coalesce(first_received_at, scanned_at)
        where id = m.id returning * into message;
        handles := handles || message.receipt_handle::text;
        opens := message.visible_after;
        return next;
        exit when given = in_maxes[place];
      end loop;
      -- A group whose messages others deleted.
      if new_head is null then
        settled := settled + 1;
      end if;
      update queue_groups set head = coalesce(new_head, head), available_at = opens, emptied_at = case when opens is null then scanned_at end
      where queue_id = in_queue and group_id = g.group_id and head = g.head;
    end loop;

    used := used + in_maxes[place];
    if in_attempts[place] is not null and given > 0 then
      insert into queue_attempts (tenant_id, queue_id, attempt_id, receipt_handles, received_at)
      values (in_tenant, in_queue, in_attempts[place], handles, scanned_at)
      on conflict (queue_id, attempt_id) do update set receipt_handles = excluded.receipt_handles, received_at = excluded.received_at;
    end if;
  end loop;

  if in_wants_next then
    select available_at into next_at from queue_groups
    where queue_id = in_queue and available_at >= coalesce(in_floor, '-infinity') order by available_at limit 1;
    if is_contended then
      next_at := scanned_at + interval '20 milliseconds';
    end if;
  end if;
  call := null;
  message := null;
  return next;
end
$$;
-- +goose StatementEnd

-- Deletes messages whose handles are good: the latest ones, of messages in flight. A row for each that it deleted, with its place; opens_at is
-- when its group gives messages, null if it has no more.
-- +goose StatementBegin
create function fifo_delete(in_tenant uuid, in_queue uuid, in_ids uuid[], in_handles text[])
returns table (place int, opens_at timestamptz)
language plpgsql set search_path = public, pg_temp as $$
declare
  at timestamptz;
  places int[] := '{}';
  groups text[] := '{}';
  m record;
begin
  perform pg_advisory_xact_lock(hashtextextended('queue:' || in_queue, 0));
  at := clock_timestamp();
  if not exists (select from fifo_queue(in_tenant, in_queue, at)) then
    return;
  end if;
  for n in 1..cardinality(in_ids) loop
    select id, queue_id, group_id, receipt_handle, visible_after into m from queue_messages where id = in_ids[n];
    if m.queue_id = in_queue and m.receipt_handle = in_handles[n] and m.visible_after > at then
      delete from queue_messages where id = m.id;
      places := places || n;
      groups := groups || m.group_id::text;
    end if;
  end loop;
  for m in select t.name, array_agg(t.n) as places from unnest(groups, places) as t(name, n) group by t.name loop
    opens_at := fifo_settle(in_queue, m.name, at);
    foreach place in array m.places loop
      return next;
    end loop;
  end loop;
end
$$;
-- +goose StatementEnd

-- Hides messages in flight for so many seconds from now. A row for each whose handle is good, with its place and until when it is hidden;
-- opens_at is when its group gives messages.
-- +goose StatementBegin
create function fifo_extend(in_tenant uuid, in_queue uuid, in_ids uuid[], in_handles text[], in_seconds int[])
returns table (place int, until timestamptz, opens_at timestamptz)
language plpgsql set search_path = public, pg_temp as $$
declare
  at timestamptz;
  m record;
begin
  perform pg_advisory_xact_lock(hashtextextended('queue:' || in_queue, 0));
  at := clock_timestamp();
  if not exists (select from fifo_queue(in_tenant, in_queue, at)) then
    return;
  end if;
  for n in 1..cardinality(in_ids) loop
    select id, queue_id, group_id, receipt_handle, visible_after into m from queue_messages where id = in_ids[n];
    if m.queue_id = in_queue and m.receipt_handle = in_handles[n] and m.visible_after > at then
      place := n;
      until := at + in_seconds[n] * interval '1 second';
      update queue_messages set visible_after = until where id = m.id;
      opens_at := fifo_settle(in_queue, m.group_id, at);
      return next;
    end if;
  end loop;
end
$$;
-- +goose StatementEnd

-- Moves messages that are visible and came by in_by out of a dead-letter queue, group by group in order: to in_destination or, if that is null,
-- each to the queue from which it came. At most in_most of them. moved: how many; busy: some could not be moved now, because their queue was
-- locked: call again; filled: the queues that got messages.
-- +goose StatementBegin
create function fifo_move(in_tenant uuid, in_source uuid, in_destination uuid, in_by timestamptz, in_most int)
returns table (moved int, busy boolean, filled uuid[])
language plpgsql set search_path = public, pg_temp as $$
declare
  at timestamptz;
  over_by timestamptz;
  g queue_groups;
  m record;
  destination uuid;
  touched boolean;
begin
  perform pg_advisory_xact_lock(hashtextextended('queue:' || in_source, 0));
  at := clock_timestamp();
  moved := 0;
  busy := false;
  filled := '{}';
  select q.over_by into over_by from fifo_queue(in_tenant, in_source, at) q;
  if not found then
    return next;
    return;
  end if;
  for g in select * from queue_groups where queue_id = in_source and available_at <= at order by available_at, head loop
    exit when moved >= in_most;
    touched := false;
    for m in
      select id, created_at, visible_after, dead_letter_source from queue_messages
      where queue_id = in_source and group_id = g.group_id and sequence_number >= g.head order by sequence_number
    loop
      exit when m.visible_after > at or m.created_at > in_by or m.created_at <= over_by or moved >= in_most;
      destination := coalesce(in_destination, m.dead_letter_source);
      exit when destination is null or destination = in_source;
      if destination <> all (filled) then
        exit when not exists (select from fifo_queue(in_tenant, destination, at));
        if not pg_try_advisory_xact_lock(hashtextextended('queue:' || destination, 0)) then
          busy := true;
          exit;
        end if;
        filled := filled || destination;
      end if;
      perform fifo_transfer(m.id, destination, null, at);
      moved := moved + 1;
      touched := true;
    end loop;
    if touched then
      perform fifo_settle(in_source, g.group_id, at);
    end if;
  end loop;
  return next;
end
$$;
-- +goose StatementEnd

-- Deletes up to in_most messages that expired or were purged, whether in flight or not, and frees their groups. Returns how many.
-- +goose StatementBegin
create function fifo_expire(in_tenant uuid, in_queue uuid, in_most int) returns int
language plpgsql set search_path = public, pg_temp as $$
declare
  at timestamptz;
  over_by timestamptz;
  m record;
  removed int := 0;
  groups text[] := '{}';
  name text;
begin
  perform pg_advisory_xact_lock(hashtextextended('queue:' || in_queue, 0));
  at := clock_timestamp();
  select q.over_by into over_by from fifo_queue(in_tenant, in_queue, at) q;
  if not found then
    return 0;
  end if;
  for m in
    select id, group_id, created_at from queue_messages where queue_id = in_queue and sequence_number > 0 order by sequence_number limit in_most
  loop
    -- Messages are numbered in the order of their times.
    exit when m.created_at > over_by;
    delete from queue_messages where id = m.id;
    removed := removed + 1;
    groups := groups || m.group_id::text;
  end loop;
  for name in select distinct unnest(groups) loop
    perform fifo_settle(in_queue, name, at);
  end loop;
  return removed;
end
$$;
-- +goose StatementEnd

revoke execute on function fifo_queue(uuid, uuid, timestamptz), fifo_enter(uuid, uuid, text, bigint, timestamptz), fifo_settle(uuid, text, timestamptz),
    fifo_transfer(uuid, uuid, uuid, timestamptz), fifo_repeat(uuid, text, int, timestamptz, timestamptz),
    fifo_send(uuid, uuid, uuid[], text[], text[], text[], int[], uuid[], int[], text[], text[]),
    fifo_take(uuid, uuid, int[], int[], text[], text, timestamptz, boolean), fifo_delete(uuid, uuid, uuid[], text[]),
    fifo_extend(uuid, uuid, uuid[], text[], int[]), fifo_move(uuid, uuid, uuid, timestamptz, int), fifo_expire(uuid, uuid, int) from public;
grant execute on function fifo_queue(uuid, uuid, timestamptz), fifo_enter(uuid, uuid, text, bigint, timestamptz), fifo_settle(uuid, text, timestamptz),
    fifo_transfer(uuid, uuid, uuid, timestamptz), fifo_repeat(uuid, text, int, timestamptz, timestamptz),
    fifo_send(uuid, uuid, uuid[], text[], text[], text[], int[], uuid[], int[], text[], text[]),
    fifo_take(uuid, uuid, int[], int[], text[], text, timestamptz, boolean), fifo_delete(uuid, uuid, uuid[], text[]),
    fifo_extend(uuid, uuid, uuid[], text[], int[]) to cloud_data;
grant execute on function fifo_queue(uuid, uuid, timestamptz), fifo_enter(uuid, uuid, text, bigint, timestamptz), fifo_settle(uuid, text, timestamptz),
    fifo_transfer(uuid, uuid, uuid, timestamptz), fifo_move(uuid, uuid, uuid, timestamptz, int), fifo_expire(uuid, uuid, int) to cloud_worker;

-- +goose Down
drop function fifo_expire(uuid, uuid, int), fifo_move(uuid, uuid, uuid, timestamptz, int), fifo_extend(uuid, uuid, uuid[], text[], int[]),
    fifo_delete(uuid, uuid, uuid[], text[]), fifo_take(uuid, uuid, int[], int[], text[], text, timestamptz, boolean),
    fifo_send(uuid, uuid, uuid[], text[], text[], text[], int[], uuid[], int[], text[], text[]),
    fifo_repeat(uuid, text, int, timestamptz, timestamptz), fifo_transfer(uuid, uuid, uuid, timestamptz),
    fifo_settle(uuid, text, timestamptz), fifo_enter(uuid, uuid, text, bigint, timestamptz), fifo_queue(uuid, uuid, timestamptz);
drop index idx_queue_messages_sequence, idx_queue_messages_group;
drop table queue_attempts, queue_deduplications, queue_groups;
