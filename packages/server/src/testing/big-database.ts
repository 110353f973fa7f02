import type pg from 'pg';
import type { Actor } from './test-api.ts';

/** Rows of each table, and how many of them are one tenant's; the rest are a thousand others'. */
export const ROWS = 100_000;
export const GREEDY_ROWS = 20_080;
const TENANTS = 1_000;
const HOSTS = 20;

/**
 * Fills every table that statements of the services read, in about ten seconds. `greedy` gets a fifth of the rows: in one VPC, on one host and
 * under one user as far as that is possible. A planner that knows the averages only takes a tenant for small.
 */
export async function fillBig(
  owner: pg.Pool,
  greedy: Pick<Actor, 'tenantId' | 'userId'>,
  hostId: string,
): Promise<void> {
  const client = await owner.connect();
  const run = (text: string, values: readonly unknown[] = []) => client.query(text, values as unknown[]);
  try {
    await run(`set synchronous_commit = off`);
    await run(`create function pg_temp.at(kind text, n int) returns uuid language sql immutable as $$
      -- as UUIDv7: in the order of creation, tenants mixed
      select (lpad(to_hex(1700000000000 + n::bigint * 7919 % 100003), 12, '0') || '70008' || left(md5(kind || n), 15))::uuid $$`);
    await run(`insert into users (id, email, password_hash, name)
      select pg_temp.at('user', n), 'crowd-' || n || '@example.com', '!', 'Crowd' from generate_series(1, ${ROWS}) as n`);
    await run(`insert into tenants (id, name, slug, owner_id, account_number)
      select pg_temp.at('tenant', n), 'crowd', 'crowd-' || n, pg_temp.at('user', n), lpad((700000000000 + n)::text, 12, '0')
      from generate_series(1, ${TENANTS}) as n`);
    await run(
      `insert into hosts (name, vcpus, memory_mb, disk_gb) select 'crowd-' || n, 1000000, 1000000000, 1000000 from generate_series(1, ${HOSTS}) as n`,
    );
    // Every other row names its tenant, its user and its host by this.
    await run(
      `create temp table crowd as
       select n, pg_temp.at('thing', n) as id, case when n <= ${GREEDY_ROWS} then pg_temp.at('thing', 1) else pg_temp.at('thing', n) end as vpc_id, case when n <= ${GREEDY_ROWS} then $1::uuid else pg_temp.at('tenant', n % ${TENANTS} + 1) end as tenant_id,
         case when n <= ${GREEDY_ROWS} then $2::uuid else pg_temp.at('user', n % ${TENANTS} + 1) end as user_id,
         case when n <= ${GREEDY_ROWS} then $3::uuid else h.ids[n % ${HOSTS} + 1] end as host_id
       from generate_series(1, ${ROWS}) as n, (select array_agg(id) as ids from hosts where name like 'crowd-%') as h`,
      [greedy.tenantId, greedy.userId, hostId],
    );
    await run(`insert into memberships (tenant_id, user_id, role)
      select tenant_id, pg_temp.at('user', n), 'developer' from crowd on conflict do nothing`);
    await run(`insert into memberships (tenant_id, user_id, role)
      select pg_temp.at('tenant', n), pg_temp.at('user', n), 'owner' from generate_series(1, ${TENANTS}) as n on conflict do nothing`);
    // Most of them past their hour, as in a tenant that invites much.
    await run(`insert into mails (id, tenant_id, recipient, outcome, created_at, expires_at)
      select id, tenant_id, md5(n::text) || md5(n::text), 'sent', now() - interval '2 hours', now() + interval '1 hour' from crowd`);
    await run(`insert into invitations (id, tenant_id, email, role, token_hash, invited_by, expires_at)
      select id, tenant_id, 'invited-' || n || '@example.com', 'viewer', md5('a' || n) || md5('b' || n), user_id, now() + interval '7 days' from crowd`);
    await run(`insert into quotas (tenant_id, resource, max)
      select pg_temp.at('tenant', n % ${TENANTS} + 1), 'crowd' || n, 5 from generate_series(1, ${ROWS}) as n`);
    // Of the greedy tenant, keys and sessions of one user: ended ones, and a few living ones, of which a user has at most fifty each (quota api_keys).
    await run(`insert into api_keys (id, user_id, tenant_id, key, name, kind, expires_at, revoked_at)
      select id, user_id, tenant_id, md5(n::text) || md5('key' || n), 'key-' || n, case n % 3 when 0 then 'api' else 'session' end,
        now() + interval '1 day', case when n % 3 = 1 or n % 401 <> 0 then now() end
      from crowd`);
    await run(`insert into tenant_roles (id, tenant_id, name) select id, tenant_id, 'role-' || n from crowd`);
    await run(`insert into tenant_role_permissions (tenant_id, role_id, permission)
      select tenant_id, id, permission from crowd cross join unnest('{vpc:read,instance:read}'::text[]) as permission`);
    await run(`insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id, arn, host_id, status, deleted_at)
      select id, user_id, tenant_id, 'vpc-' || n, '10.0.0.0/16', 'n', 'arn', host_id, 'pending', case n % 50 when 0 then now() end from crowd`);
    await run(`insert into instances (id, user_id, tenant_id, name, image, status, container_id, vpc_id, private_ip, mac, host_name, host_id, instance_type,
        labels, deleted_at)
      select id, user_id, tenant_id, 'vm-' || n, 'busybox', 'STARTING', 'c-' || n, vpc_id,
        '10.0.0.2'::inet + n, ('025a' || lpad(to_hex(n), 8, '0'))::macaddr, 'vm-' || n, host_id, 'basic-1',
        jsonb_build_object('tier', 'tier-' || n % 100, 'one', 'of-' || n) || case when n % 1000 = 0 then '{"rare": "yes"}' else '{}'::jsonb end,
        case n % 50 when 0 then now() end
      from crowd`);
    await run(`insert into network_interfaces (tenant_id, vpc_id, owner_kind, owner_id, host_id, name, host_name, address, mac)
      select tenant_id, vpc_id, 'instance', id, host_id, name, case when deleted_at is null then host_name end, private_ip, mac from instances`);
    await run(`insert into released_addresses (tenant_id, vpc_id, address)
      select tenant_id, vpc_id, '10.0.0.2'::inet + 25000 + n % 40000
      from crowd`);
    await run(`insert into reconcile (kind, id, tenant_id, host_id, ready, due_at, attempts)
      select case n % 2 when 0 then 'instance' else 'vpc' end, id, tenant_id, host_id, n % 1000 = 1,
        now() + case when n % 1000 = 1 then -1 else 1 end * interval '10 minutes', case when n % 1000 = 0 then 9 else 0 end
      from crowd`);
    await run(`insert into idempotency_keys (tenant_id, operation, key, request_hash, expires_at)
      select tenant_id, 'vpcs.create', 'key-' || n, repeat('0', 64), now() + interval '1 day' from crowd`);
    await run(`insert into stream_tickets (ticket_hash, tenant_id, user_id, key_id, permissions, operation, spec, expires_at)
      select md5(n::text) || md5('ticket' || n), tenant_id, user_id, user_id, '{}', 'instances.exec', '{}', now() + interval '1 day' from crowd`);
    await run(`insert into audit_logs (user_id, tenant_id, action, resource_type, resource_id)
      select user_id, tenant_id, 'vpc.create', 'vpc', n from crowd`);
    // Of each tenant, entries in a hundred checkpoints, which cover transactions from before there were any rows. Three are to be archived, and
    // three of the greedy tenant's to be pruned.
    await run(`insert into audit_keys (version, public_key) values (1, 'crowd')`);
    await run(`insert into audit_checkpoints (number, from_xid, to_xid, root, previous_hash, hash, key_version, signature, created_at, archived_at)
      select n, (n - 1)::text::xid8, n::text::xid8, 'r', 'p', 'h', 1, 's', now() - case when n <= 3 then interval '500 days' else interval '300 days' end,
        case when n <= 97 then now() end
      from generate_series(1, 100) as n`);
    await run('update tenants set audit_retention_days = 3650 where id <> $1', [greedy.tenantId]);
    await run(`insert into audit_entries (tenant_id, number, checkpoint_number, row_count, root, previous_hash, hash, path)
      select t.id, n, n, 1, 'r', 'p', 'h', '{}' from tenants t cross join generate_series(1, 100) as n`);
    await run(`insert into audit_leaves (tenant_id, number, checkpoint_number, leaves)
      select tenant_id, number, checkpoint_number, decode(repeat('00', 48), 'hex') from audit_entries`);
    await run(
      `insert into events (tenant_id, event_type, resource_id, resource_type) select tenant_id, 'VPC_CREATE', n, 'vpc' from crowd`,
    );
    // Of the greedy tenant, one standard queue with 18,000 messages and one FIFO queue with 2,000; the first is the dead-letter queue of a thousand.
    await run(`insert into queues (id, user_id, tenant_id, name, arn, fifo, dead_letter_queue_id, max_receive_count)
      select id, user_id, tenant_id, 'queue-' || n || case n % 10 when 0 then '.fifo' else '' end, 'arn', n % 10 = 0,
        case when n % 20 = 1 and n > 1 then vpc_id end, case when n % 20 = 1 and n > 1 then 3 end
      from crowd`);
    await run(`create temp table queued as
      select n, id, user_id, tenant_id, n % 10 = 0 as fifo,
        case when n > ${GREEDY_ROWS} then id when n % 10 = 0 then pg_temp.at('thing', 10) else pg_temp.at('thing', 1) end as queue_id
      from crowd`);
    await run(`insert into queue_messages (id, tenant_id, queue_id, body, size, visible_after, group_id, deduplication_id, sequence_number)
      select id, tenant_id, queue_id, 'hello', 5, now() - n * interval '1 ms', case when fifo then 'group-' || n end, case when fifo then n::text end,
        case when fifo then nextval('queue_message_sequence') end
      from queued`);
    await run(`insert into queue_groups (tenant_id, queue_id, group_id, head, available_at)
      select m.tenant_id, m.queue_id, m.group_id, m.sequence_number, m.visible_after from queue_messages m where m.sequence_number is not null`);
    // Of groups without messages.
    await run(`insert into queue_groups (tenant_id, queue_id, group_id, head, emptied_at)
      select tenant_id, queue_id, 'empty-' || n, n, now() from queued where not fifo`);
    await run(`insert into queue_deduplications (tenant_id, queue_id, deduplication_id, group_id, message_id, sequence_number, sent_at)
      select tenant_id, queue_id, n::text, '', id, n, now() from queued`);
    await run(`insert into queue_attempts (tenant_id, queue_id, attempt_id, receipt_handles, received_at)
      select tenant_id, queue_id, n::text, '{}', now() from queued`);
    await run(`insert into queue_move_tasks (id, user_id, tenant_id, source_queue_id, status)
      select id, user_id, tenant_id, queue_id, 'COMPLETED' from queued`);
    await run(`insert into cron_jobs (id, user_id, tenant_id, name, schedule, target_queue_id, next_run_at, due_at)
      select id, user_id, tenant_id, 'job-' || n, '@daily', queue_id, at, at
      from (select *, now() + case n when 1 then interval '0' else interval '1 day' end as at from queued) as timed`);
    await run(`insert into cron_job_runs (id, tenant_id, job_id, status, scheduled_at, started_at)
      select id, tenant_id, case when n > ${GREEDY_ROWS} then id else pg_temp.at('thing', 1) end, 'SUCCESS', now() - n * interval '1 minute', now() from queued`);
    await run(
      `insert into topics (id, user_id, tenant_id, name, arn) select id, user_id, tenant_id, 'topic-' || n, 'arn' from queued`,
    );
    // Of most topics one subscription, and of the greedy tenant's first two hundred.
    await run(`insert into subscriptions (id, user_id, tenant_id, topic_id, protocol, endpoint, target_queue_id)
      select id, user_id, tenant_id, case when n > 200 then id else pg_temp.at('thing', 1) end, 'queue', id, id from queued`);
    await run(`insert into secrets (id, user_id, tenant_id, name, encrypted_value, labels, rotates_at, deletes_at)
      select id, user_id, tenant_id, 'secret-' || n, 'x', jsonb_build_object('tier', 'tier-' || n % 100), now() + interval '30 days',
        case n % 50 when 0 then now() + interval '1 day' end from crowd`);
    // Of most one version, and of the greedy tenant's first a hundred.
    await run(`insert into secret_versions (tenant_id, secret_id, number, version_id, sealed, size, is_binary, user_id, stages, unstaged_at)
      select c.tenant_id, c.id, v, v::text, 'x', 1, false, c.user_id, case v when 1 then '{AWSCURRENT}'::text[] else '{}' end, case v when 1 then null else now() end
      from crowd c cross join lateral generate_series(1, case c.n when 1 then 100 else 1 end) as v`);
    await run('vacuum analyze');
  } finally {
    client.release(true);
  }
}
