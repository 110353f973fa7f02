import { withClient } from '../../packages/testkit/src/index.ts';

/** One row in every table of a new tenant, with the slug `rls-<name>`, made by the owner. Answers the tenant's id. */
export function fill(ownerUrl: string, name: 'a' | 'b'): Promise<string> {
  return withClient(ownerUrl, async (client) => {
    const one = async (text: string, values: unknown[] = []) =>
      String(Object.values((await client.query(text, values)).rows[0] ?? {})[0]);
    const user = await one('insert into users (email, password_hash, name) values ($1, $2, $2) returning id', [
      `rls-${name}@example.com`,
      'x',
    ]);
    const account = name === 'a' ? '400000000001' : '400000000002';
    const tenant = await one(
      'insert into tenants (name, slug, owner_id, account_number) values ($1, $2, $3, $4) returning id',
      [name, `rls-${name}`, user, account],
    );
    const own = (table: string, columns: string, values: string, rest: unknown[] = []) =>
      one(`insert into ${table} (tenant_id, ${columns}) values ($1, ${values}) returning *`, [tenant, ...rest]);
    const idOf = async (table: string) => one(`select id from ${table} where tenant_id = $1`, [tenant]);
    await own('memberships', 'user_id, role', `$2, 'owner'`, [user]);
    await own('api_keys', 'user_id, key', '$2, $3', [user, name.repeat(64)]);
    await own('tenant_roles', 'name', `'auditor'`);
    await own('tenant_role_permissions', 'role_id, permission', `$2, 'audit:read'`, [await idOf('tenant_roles')]);
    await own('quotas', 'resource, max', `'vpcs', 2`);
    await own('reconcile', 'kind, id', `'vpc', gen_random_uuid()`);
    await own(
      'idempotency_keys',
      'operation, key, request_hash, expires_at',
      `'vpcs.create', 'k', repeat('0', 64), now()`,
    );
    await own(
      'stream_tickets',
      'ticket_hash, user_id, key_id, permissions, operation, spec, expires_at',
      `repeat($2, 64), $3, $3, '{}', 'instances.exec', '{}', now()`,
      [name, user],
    );
    await own('audit_logs', 'user_id, action, resource_type', `$2, 'vpc.create', 'vpc'`, [user]);
    const checkpoint = name === 'a' ? 1 : 2;
    await one(`insert into audit_keys (version, public_key) values (1, 'key') on conflict do nothing`);
    await one(
      `insert into audit_checkpoints (number, from_xid, to_xid, root, previous_hash, hash, key_version, signature, created_at)
       values ($1::bigint, ($1::bigint - 1)::text::xid8, $1::bigint::text::xid8, 'r', 'p', 'h', 1, 's', now())`,
      [checkpoint],
    );
    await own(
      'audit_entries',
      'number, checkpoint_number, row_count, root, previous_hash, hash, path',
      `1, $2, 1, 'r', 'p', 'h', '{}'`,
      [checkpoint],
    );
    await own('audit_leaves', 'number, checkpoint_number, leaves', `1, $2, ''`, [checkpoint]);
    await own('events', 'event_type, resource_id, resource_type', `'VPC_CREATE', 'x', 'vpc'`);
    await own(
      'invitations',
      'id, email, role, token_hash, invited_by, expires_at',
      `gen_random_uuid(), $2, 'viewer', repeat('0', 64), $3, now()`,
      [`invited-${name}@example.com`, user],
    );
    await own('mails', 'id, recipient, sealed, expires_at', `gen_random_uuid(), $2, 'x', now()`, [name]);
    await own('vpcs', 'user_id, name, cidr_block, network_id', `$2, 'v', '10.0.0.0/16', 'n'`, [user]);
    // Its label is a row of instance_labels.
    await own(
      'instances',
      'user_id, name, image, status, vpc_id, labels',
      `$2, 'i', 'busybox', 'STARTING', $3, '{"a": "b"}'`,
      [user, await idOf('vpcs')],
    );
    const instance = await idOf('instances');
    await own(
      'network_interfaces',
      'vpc_id, owner_kind, owner_id, name, address, mac',
      `$2, 'instance', $3, 'i', '10.0.0.2', '02:00:00:00:00:01'`,
      [await idOf('vpcs'), instance],
    );
    await own('released_addresses', 'vpc_id, address', `$2, '10.0.0.3'`, [await idOf('vpcs')]);
    await own('volumes', 'user_id, name, size_gb, status, attached_to', `$2, 'v', 1, 'IN-USE', $3`, [user, instance]);
    await own('snapshots', 'user_id, volume_id, name, size_gb', `$2, $3, 's', 1`, [user, await idOf('volumes')]);
    await own('elastic_ips', 'user_id, public_ip, arn, instance_id', '$2, $3, $3, $4', [user, `ip-${name}`, instance]);
    await own('load_balancers', 'user_id, name, status, listener_port', `$2, 'l', 'CREATING', 80`, [user]);
    await own('lb_targets', 'lb_id, instance_id, port', '$2, $3, 80', [await idOf('load_balancers'), instance]);
    await own(
      'scaling_groups',
      'user_id, name, min_instances, max_instances, desired_count, image',
      `$2, 'g', 0, 1, 0, 'busybox'`,
      [user],
    );
    const group = await idOf('scaling_groups');
    await own(
      'scaling_policies',
      'group_id, name, metric_name, threshold, comparison_operator, adjustment_type, adjustment_value',
      `$2, 'p', 'cpu', 70, '>', 'change', 1`,
      [group],
    );
    await own('scaling_group_instances', 'group_id, instance_id', '$2, $3', [group, instance]);
    await own('databases', 'user_id, name, engine, version, status', `$2, 'd', 'postgres', '16', 'CREATING'`, [user]);
    await own('caches', 'user_id, name, status', `$2, 'c', 'CREATING'`, [user]);
    await own(
      'functions',
      'user_id, name, runtime, handler, code_path, status',
      `$2, 'f', 'nodejs20', 'h', 'p', 'ACTIVE'`,
      [user],
    );
    await own('invocations', 'function_id, status, started_at', `$2, 'SUCCESS', now()`, [await idOf('functions')]);
    await own('cron_jobs', 'user_id, name, schedule', `$2, 'c', '* * * * *'`, [user]);
    await own('cron_job_runs', 'job_id, status, started_at', `$2, 'SUCCESS', now()`, [await idOf('cron_jobs')]);
    await own('secrets', 'user_id, name, encrypted_value', `$2, 's', 'x'`, [user]);
    await own(
      'secret_versions',
      'secret_id, number, version_id, sealed, size, is_binary, user_id',
      `$2, 1, 'v', 'x', 1, false, $3`,
      [await idOf('secrets'), user],
    );
    await own('queues', 'user_id, name, arn', `$2, 'q', 'arn'`, [user]);
    await own('queue_messages', 'queue_id, body', `$2, 'm'`, [await idOf('queues')]);
    await own('queue_move_tasks', 'id, user_id, source_queue_id', 'gen_random_uuid(), $2, $3', [
      user,
      await idOf('queues'),
    ]);
    await own('queue_groups', 'queue_id, group_id, head, available_at', `$2, 'g', 1, now()`, [await idOf('queues')]);
    await own(
      'queue_deduplications',
      'queue_id, deduplication_id, group_id, message_id, sequence_number, sent_at',
      `$2, 'd', '', gen_random_uuid(), 1, now()`,
      [await idOf('queues')],
    );
    await own('queue_attempts', 'queue_id, attempt_id, receipt_handles, received_at', `$2, 'a', '{}', now()`, [
      await idOf('queues'),
    ]);
    await own('topics', 'user_id, name, arn', `$2, 't', 'arn'`, [user]);
    await own('subscriptions', 'user_id, topic_id, protocol, endpoint', `$2, $3, 'queue', 'x'`, [
      user,
      await idOf('topics'),
    ]);
    await own('objects', 'user_id, arn, bucket, key, size_bytes', `$2, $3, $3, 'k', 1`, [user, `bucket-${name}`]);
    await own('object_versions', 'object_id, version_id, size_bytes', `$2, '1', 1`, [await idOf('objects')]);
    return tenant;
  });
}
