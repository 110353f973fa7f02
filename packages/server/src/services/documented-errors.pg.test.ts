import { newId } from '../kernel/ids.ts';
import { describe, expect, it } from 'vitest';
import { buildOpenApi } from '../front/rest/openapi.ts';
import { type Answer, PASSWORD, uniqueWord } from '../testing/test-api.ts';
import { insertRecoveryCode } from './identity/account-examples.ts';
import { insertInstance } from './instances/examples.ts';
import { insertQueue } from './queues/message-examples.ts';
import { insertFollowedTopic } from './topics/examples.ts';
import { insertSecret } from './secrets/examples.ts';
import { insertVpc } from './vpcs/examples.ts';
import { eventually } from '../testing/seed.ts';
import { setUpApi } from '../testing/set-up-api.ts';

// Each error that a descriptor names can be had, and each that can be had is in the OpenAPI document of its operation. What every
// operation may answer (no key, no permission, a bad input, a stale version) is in the generated negative tests.

const { api, owner, engine } = await setUpApi();
const operator = await api.makeActor({ platformRole: 'admin' });

type Provoke = () => Promise<Answer>;

const launch = (more: object = {}, actor = owner) =>
  api.call('instances.launch', { name: `vm-${uniqueWord()}`, image: 'busybox', ...more }, actor);

async function withHost(state: string, vcpus: number, call: Provoke): Promise<Answer> {
  const set = (values: unknown[]) =>
    api.owner.query('update hosts set state = $2, vcpus = $3 where id = $1', [api.hostId, ...values]);
  await set([state, vcpus]);
  try {
    return await call();
  } finally {
    await set(['up', 100_000]);
  }
}

/** A call of a machine that is there; the engine fails at it. */
const failing =
  (verb: 'exec' | 'logs' | 'stats' | 'terminal', kind: 'timeout' | 'unavailable' | 'failed'): Provoke =>
  async () => {
    const id = await insertInstance(api.worldOf(owner));
    const methods = { exec: 'exec', logs: 'logs', stats: 'usage', terminal: 'openTerminal' } as const;
    engine.failNext(methods[verb], kind, 'the engine says no');
    const isCommand = verb === 'exec' || verb === 'terminal';
    return api.call(`instances.${verb}`, { id, ...(isCommand ? { command: ['true'] } : {}) }, owner);
  };

const withSecondFactor = async () => {
  const actor = await api.makeActor();
  await insertRecoveryCode(api.worldOf(actor));
  return actor;
};

const stopped =
  (verb: string, more: object = {}): Provoke =>
  async () =>
    api.call(`instances.${verb}`, { id: await insertInstance(api.worldOf(owner), 'stopped'), ...more }, owner);

const twice =
  (operation: string, input: () => object): Provoke =>
  async () => {
    const same = input() as Record<string, unknown>;
    await api.call(operation, same, owner);
    return api.call(operation, same, owner);
  };

const overQuota =
  (operation: string, input: object): Provoke =>
  async () => {
    const actor = await api.makeActor();
    await api.owner.query('update quotas set max = 0 where tenant_id = $1', [actor.tenantId]);
    return api.call(operation, input as Record<string, unknown>, actor);
  };

const queue = (settings: Readonly<Record<string, unknown>> = {}) => insertQueue(api.worldOf(owner), settings);

/** A call of a queue of the owner's. */
const atQueue =
  (verb: string, input: object, settings: Readonly<Record<string, unknown>> = {}): Provoke =>
  async () =>
    api.call(`queues.${verb}`, { id: await queue(settings), ...input }, owner);

/** A call of a queue with a message that was received and deleted; `make` gets its handle. */
const afterDeletion =
  (verb: string, make: (handle: string) => object): Provoke =>
  async () => {
    const id = await queue();
    await api.call('queues.send', { id, body: 'hello' }, owner);
    const [{ receipt_handle: handle }] = (await api.call('queues.receive', { id }, owner)).data;
    await api.call('queues.deleteMessage', { id, receipt_handle: handle }, owner);
    return api.call(`queues.${verb}`, { id, ...make(handle) }, owner);
  };

/** Sends until there is no room: the first call of a process finds that nothing is counted yet. */
const withoutRoom =
  (operation: string, input: object, make = insertQueue): Provoke =>
  async () => {
    const actor = await api.makeActor();
    const id = await make(api.worldOf(actor));
    await api.owner.query('update quotas set max = 0 where tenant_id = $1', [actor.tenantId]);
    const send = () => api.call(operation, { id, ...input }, actor);
    await eventually('no room', async () => (await send()).code === 'QUOTA_EXCEEDED');
    return send();
  };

/** A call of a secret of the owner's. */
const atSecret =
  (verb: string, more: object, columns: Parameters<typeof insertSecret>[1] = {}): Provoke =>
  async () => {
    const { id } = await insertSecret(api.worldOf(owner), columns);
    if (verb === 'put') await api.call('secrets.put', { id, ...more, value: 'other' }, owner);
    return api.call(`secrets.${verb}`, { id, ...more }, owner);
  };

const twins = (more: object = {}) => ({ entries: [1, 2].map(() => ({ id: 'a', ...more })) });
const handleOfNone = '0'.repeat(56);

const PROVOKED: Readonly<Record<string, Readonly<Record<string, Provoke>>>> = {
  // A position of 1970.
  'events.stream': { EVENTS_EXPIRED: () => api.call('events.stream', { after: '1.0.~0~0' }, owner) },
  'auth.register': {
    FORBIDDEN: async () => {
      await api.owner.query('update platform set registration_open = false');
      try {
        return await api.call(
          'auth.register',
          { email: `${uniqueWord()}@example.com`, password: `Tr0ub4dor&3 ${uniqueWord()}`, name: 'Some Body' },
          undefined,
        );
      } finally {
        await api.owner.query('update platform set registration_open = true');
      }
    },
    CONFLICT: () =>
      api.call(
        'auth.register',
        { email: owner.email, password: `Tr0ub4dor&3 ${uniqueWord()}`, name: 'Some Body' },
        undefined,
      ),
  },
  'auth.login': {
    UNAUTHORIZED: () => api.call('auth.login', { email: owner.email, password: `not ${PASSWORD}` }, undefined),
    FORBIDDEN: async () => {
      const { email } = await api.makeActor();
      await api.owner.query('update users set suspended_at = now() where email = $1', [email]);
      return api.call('auth.login', { email, password: PASSWORD }, undefined);
    },
    SECOND_FACTOR_REQUIRED: async () => {
      const { email } = await withSecondFactor();
      return api.call('auth.login', { email, password: PASSWORD }, undefined);
    },
  },
  'auth.update': {
    CONFLICT: async () => api.call('auth.update', { email: (await api.makeActor()).email, password: PASSWORD }, owner),
  },
  'keys.createSession': {
    QUOTA_EXCEEDED: async () => {
      const actor = await api.makeActor();
      await api.owner.query(
        `insert into api_keys (user_id, tenant_id, parent_id, kind, key, expires_at)
         select $1::uuid, $2, $3, 'temporary', md5($1::text || n), now() + interval '1 hour' from generate_series(1, 100) as n`,
        [actor.userId, actor.tenantId, actor.keyId],
      );
      return api.call('keys.createSession', {}, actor);
    },
  },
  'auth.close': {
    CONFLICT: async () => {
      const actor = await api.makeActor();
      await api.makeMember(actor.tenantId, 'viewer');
      return api.call('auth.close', { password: PASSWORD, confirm: actor.email }, actor);
    },
  },
  'second-factor.enrol': {
    CONFLICT: async () => api.call('second-factor.enrol', { password: PASSWORD }, await withSecondFactor()),
  },
  'second-factor.confirm': { CONFLICT: () => api.call('second-factor.confirm', { code: '123456' }, owner) },
  'second-factor.recoveryCodes': { CONFLICT: () => api.call('second-factor.recoveryCodes', { code: '123456' }, owner) },
  'second-factor.disable': { CONFLICT: () => api.call('second-factor.disable', { code: '123456' }, owner) },
  'auth.logout': { NOT_FOUND: () => api.call('auth.logout', { api_key: owner.key }, owner) },
  'keys.revoke': {
    CONFLICT: async () => {
      for (let i = 0; i < 2; i++) await api.call('keys.create', { name: 'twin' }, owner);
      return api.call('keys.revoke', { id: 'twin' }, owner);
    },
  },
  'vpcs.create': {
    CONFLICT: twice('vpcs.create', () => ({ name: uniqueWord() })),
    QUOTA_EXCEEDED: overQuota('vpcs.create', { name: 'one' }),
  },
  'vpcs.update': {
    CONFLICT: async () => {
      const [one, two] = [await insertVpc(api.worldOf(owner)), await insertVpc(api.worldOf(owner))];
      const { name } = (await api.call('vpcs.get', { id: one }, owner)).data;
      return api.call('vpcs.update', { id: two, name }, owner);
    },
  },
  'vpcs.delete': {
    CONFLICT: async () => {
      const id = await insertVpc(api.worldOf(owner));
      await launch({ vpc_id: id });
      return api.call('vpcs.delete', { id }, owner);
    },
  },
  'instances.launch': {
    NOT_FOUND: () => launch({ vpc_id: 'nowhere' }),
    CONFLICT: twice('instances.launch', () => ({ name: `vm-${uniqueWord()}`, image: 'busybox' })),
    QUOTA_EXCEEDED: overQuota('instances.launch', { name: 'one', image: 'busybox' }),
    INSUFFICIENT_CAPACITY: () => withHost('up', 0, launch),
    ENGINE_UNAVAILABLE: () => withHost('unavailable', 100_000, launch),
  },
  'instances.list': { NOT_FOUND: () => api.call('instances.list', { vpc_id: 'nowhere' }, owner) },
  'instances.reboot': { INSTANCE_NOT_RUNNING: stopped('reboot') },
  'instances.logs': {
    CONFLICT: failing('logs', 'failed'),
    ENGINE_UNAVAILABLE: failing('logs', 'unavailable'),
    TIMEOUT: failing('logs', 'timeout'),
  },
  'instances.stats': {
    CONFLICT: failing('stats', 'failed'),
    INSTANCE_NOT_RUNNING: stopped('stats'),
    ENGINE_UNAVAILABLE: failing('stats', 'unavailable'),
    TIMEOUT: failing('stats', 'timeout'),
  },
  'instances.exec': {
    CONFLICT: failing('exec', 'failed'),
    INSTANCE_NOT_RUNNING: stopped('exec', { command: ['true'] }),
    ENGINE_UNAVAILABLE: failing('exec', 'unavailable'),
    TIMEOUT: failing('exec', 'timeout'),
  },
  'tenants.create': {
    QUOTA_EXCEEDED: async () => {
      const actor = await api.makeActor();
      await api.owner.query(
        `with made as (
           insert into tenants (id, name, slug, owner_id, account_number)
           select gen_random_uuid(), 'x', gen_random_uuid()::text, $1, (300000000000 + n)::text from generate_series(1, 20) as n returning id)
         insert into memberships (tenant_id, user_id, role) select id, $1, 'owner' from made`,
        [actor.userId],
      );
      return api.call('tenants.create', { name: 'one more' }, actor);
    },
  },
  'invitations.accept': {
    NOT_FOUND: () => api.call('invitations.accept', { id: newId() }, owner),
    QUOTA_EXCEEDED: async () => {
      const tenant = await api.makeActor();
      const { email, key } = await api.makeActor();
      const invited = { tenant: tenant.tenantId, email, role: 'viewer' };
      const { data } = await api.call('invitations.create', invited, tenant);
      await api.owner.query('update quotas set max = 0 where tenant_id = $1', [tenant.tenantId]);
      return api.call('invitations.accept', { id: data.id }, { key });
    },
  },
  'invitations.decline': { NOT_FOUND: () => api.call('invitations.decline', { id: newId() }, owner) },
  'audit.get': { NOT_FOUND: () => api.call('audit.get', { id: newId() }, owner) },
  'audit.prove': {
    NOT_FOUND: () => api.call('audit.prove', { id: newId() }, owner),
    AUDIT_NOT_COVERED: async () => {
      await api.call('keys.create', { name: uniqueWord() }, owner);
      const [row] = (await api.call('audit.list', { limit: 1 }, owner)).data;
      return api.call('audit.prove', { id: row.id }, owner);
    },
  },
  'cron.create': {
    NOT_FOUND: () =>
      api.call('cron.create', { name: uniqueWord(), schedule: '@daily', target_queue_id: 'nowhere' }, owner),
  },
  'topics.subscribe': {
    NOT_FOUND: async () =>
      api.call('topics.subscribe', { id: await insertFollowedTopic(api.worldOf(owner)), endpoint: 'nowhere' }, owner),
  },
  'topics.publish': { QUOTA_EXCEEDED: withoutRoom('topics.publish', { message: 'hello' }, insertFollowedTopic) },
  'queues.create': {
    NOT_FOUND: () =>
      api.call('queues.create', { name: uniqueWord(), dead_letter_queue_id: 'nowhere', max_receive_count: 1 }, owner),
    CONFLICT: twice('queues.create', () => ({ name: uniqueWord() })),
    QUOTA_EXCEEDED: overQuota('queues.create', { name: 'one' }),
  },
  'queues.update': {
    NOT_FOUND: atQueue('update', { dead_letter_queue_id: 'nowhere', max_receive_count: 1 }),
  },
  'queues.purge': { PURGE_IN_PROGRESS: atQueue('purge', {}, { purged_before: new Date() }) },
  'queues.redrive': { CONFLICT: atQueue('redrive', {}) },
  'queues.cancelRedrive': {
    CONFLICT: async () => {
      const [id, destination_id] = [await queue(), await queue()];
      const { data } = await api.call('queues.redrive', { id, destination_id }, owner);
      await api.call('queues.cancelRedrive', { id, task: data.id }, owner);
      return api.call('queues.cancelRedrive', { id, task: data.id }, owner);
    },
  },
  'queues.send': {
    MESSAGE_TOO_LARGE: atQueue('send', { body: 'a'.repeat(1_025) }, { max_message_size: 1_024 }),
    MESSAGE_CONTENT_INVALID: atQueue('send', { body: '\u0001' }),
    QUOTA_EXCEEDED: withoutRoom('queues.send', { body: 'hello' }),
  },
  'queues.sendBatch': {
    BATCH_TOO_LARGE: atQueue(
      'sendBatch',
      { entries: ['a', 'b'].map((id) => ({ id, body: 'a'.repeat(600_000) })) },
      { max_message_size: 1_048_576 },
    ),
    BATCH_IDS_NOT_DISTINCT: atQueue('sendBatch', twins({ body: 'hello' })),
    QUOTA_EXCEEDED: withoutRoom('queues.sendBatch', { entries: [{ id: 'a', body: 'hello' }] }),
  },
  'queues.receive': {
    TOO_MANY_IN_FLIGHT: async () => {
      const id = await queue();
      // 10,000 that this process takes, after which it counts, behind as many as may be in flight.
      await api.owner.query(
        `insert into queue_messages (id, tenant_id, queue_id, body, received_count, visible_after)
         select gen_random_uuid(), $1, $2, 'm', (n > 10000)::int, now() + case when n > 10000 then 1 else -1 end * interval '1 h'
         from generate_series(1, 130000) as n`,
        [owner.tenantId, id],
      );
      const receive = () => api.call('queues.receive', { id, max_messages: 10 }, owner);
      for (let n = 0; n < 10; n++) await Promise.all(Array.from({ length: 100 }, receive));
      return receive();
    },
  },
  'queues.deleteMessage': {
    RECEIPT_HANDLE_INVALID: atQueue('deleteMessage', { receipt_handle: handleOfNone }),
    MESSAGE_NOT_FOUND: afterDeletion('deleteMessage', (receipt_handle) => ({ receipt_handle })),
  },
  'queues.deleteMessages': {
    BATCH_IDS_NOT_DISTINCT: atQueue('deleteMessages', twins({ receipt_handle: handleOfNone })),
  },
  'queues.changeVisibility': {
    RECEIPT_HANDLE_INVALID: atQueue('changeVisibility', { receipt_handle: handleOfNone, visibility_timeout: 1 }),
    MESSAGE_NOT_IN_FLIGHT: afterDeletion('changeVisibility', (receipt_handle) => ({
      receipt_handle,
      visibility_timeout: 1,
    })),
  },
  'queues.changeVisibilities': {
    BATCH_IDS_NOT_DISTINCT: atQueue(
      'changeVisibilities',
      twins({ receipt_handle: handleOfNone, visibility_timeout: 1 }),
    ),
  },
  'secrets.reveal': {
    SECRET_HAS_NO_VALUE: atSecret('reveal', {}, { values: [] }),
    CONFLICT: atSecret('reveal', {}, { deletes_at: new Date(Date.now() + 86_400_000) }),
  },
  'secrets.rotate': {
    CONFLICT: async () => {
      const { id } = await insertSecret(api.worldOf(owner));
      await api.call('secrets.put', { id, value: 'AP8=', encoding: 'base64' }, owner);
      return api.call('secrets.rotate', { id }, owner);
    },
  },
  'secrets.put': { SECRET_VERSION_EXISTS: atSecret('put', { value: 'one', version_id: 'token' }) },
  'admin-master-keys.rotate': {
    CONFLICT: async () => {
      await api.call('admin-master-keys.rotate', {}, operator);
      return api.call('admin-master-keys.rotate', {}, operator);
    },
  },
  'admin-tenants.list': { NOT_FOUND: () => api.call('admin-tenants.list', { owner: newId() }, operator) },
  'admin-mails.take': { NOT_FOUND: () => api.call('admin-mails.take', { id: newId() }, operator) },
  'admin-sessions.list': { NOT_FOUND: () => api.call('admin-sessions.list', { user: newId() }, operator) },
  'admin-sessions.end': { NOT_FOUND: () => api.call('admin-sessions.end', { id: newId() }, operator) },
  'quotas.ofTenant': { NOT_FOUND: async () => api.call('quotas.ofTenant', { tenant_id: newId() }, operator) },
  'quotas.set': {
    NOT_FOUND: async () => api.call('quotas.set', { tenant_id: newId(), resource: 'vpcs', max: 3 }, operator),
  },
  'work.retry': { NOT_FOUND: async () => api.call('work.retry', { kind: 'vpc', id: newId() }, operator) },
  'instances.terminal': {
    CONFLICT: failing('terminal', 'failed'),
    INSTANCE_NOT_RUNNING: stopped('terminal', { command: ['true'] }),
    ENGINE_UNAVAILABLE: failing('terminal', 'unavailable'),
    TIMEOUT: failing('terminal', 'timeout'),
  },
};

const cases = Object.entries(PROVOKED).flatMap(([name, codes]) =>
  Object.entries(codes).map(([code, provoke]) => [name, code, provoke] as const),
);

describe('an error of', () => {
  it.each(cases)('%s: %s is had, and is in its document', async (name, code, provoke) => {
    const answer = await provoke();
    expect(answer.code, answer.text).toBe(code);
    const { method, path } = api.registry.entries.get(name)!.descriptor.http;
    const document = buildOpenApi(api.registry) as {
      paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>;
    };
    const { responses } = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]![method.toLowerCase()]!;
    expect(Object.keys(responses)).toContain(String(answer.status));
    expect(responses[answer.status]!.description).toContain(code);
  });

  it('an operation is named only where it can be had', () => {
    const missing = [...api.registry.entries.values()].flatMap(({ name, descriptor }) =>
      (descriptor.errors ?? []).filter((code) => !PROVOKED[name]?.[code]).map((code) => `${name}: ${code}`),
    );
    expect(missing, 'provoke these here').toEqual([]);
  });
});
