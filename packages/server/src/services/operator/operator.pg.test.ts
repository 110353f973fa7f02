import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../testkit/src/index.ts';
import { createSealer } from '../../kernel/seal.ts';
import { composeRegistry } from '../../services.ts';
import { makeAwsKey, stsClient } from '../../testing/aws-clients.ts';
import { eventually } from '../../testing/seed.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, PASSWORD, startTestApi, type TestApi, uniqueWord } from '../../testing/test-api.ts';

const { api, database } = await setUpApi();
const operator = await api.makeActor({ platformRole: 'admin' });

const act = (name: string, input: Readonly<Record<string, unknown>>, actor = operator) => api.call(name, input, actor);
const slugOf = async ({ tenantId }: Actor) =>
  (await api.owner.query('select slug from tenants where id = $1', [tenantId])).rows[0].slug as string;
const trailOf = async (tenantId: string | null) =>
  (
    await api.owner.query(
      `select action, outcome, user_id, metadata from audit_logs where tenant_id is not distinct from $1 and outcome = 'allowed' order by seq desc limit 1`,
      [tenantId],
    )
  ).rows[0];

/** Two more API processes on the same database, as far as a process is what has a cache and a connection to listen on. */
async function withThreeApis(work: (apis: readonly TestApi[]) => Promise<void>): Promise<void> {
  const more: TestApi[] = [];
  try {
    for (let nth = 0; nth < 2; nth++) {
      await api.owner.query(`update hosts set name = $1 where name = 'test-host'`, [uniqueWord()]);
      more.push(await startTestApi({ database }));
    }
    await work([api, ...more]);
  } finally {
    for (const one of more) await one.stop();
  }
}

describe('a suspended tenant', () => {
  it('is refused by three API processes within a second, and served again when it is resumed', async () => {
    const actor = await api.makeActor();
    await withThreeApis(async (apis) => {
      const statuses = async () =>
        Promise.all(apis.map(async (one) => (await one.call('vpcs.list', {}, actor)).status));
      expect(await statuses()).toEqual([200, 200, 200]);
      const suspended = await act('admin-tenants.suspend', { id: await slugOf(actor), reason: 'the bill is unpaid' });
      expect(suspended.data).toMatchObject({ status: 'suspended', status_reason: 'the bill is unpaid' });
      await eventually('refused everywhere', async () => String(await statuses()) === '403,403,403', 1_000);
      expect((await api.call('vpcs.list', {}, actor)).message).toBe(
        'the tenant is suspended: the bill is unpaid; contact the operator of the platform',
      );
      expect(await trailOf(actor.tenantId)).toMatchObject({
        action: 'tenant.suspend',
        user_id: operator.userId,
        metadata: { reason: 'the bill is unpaid' },
      });
      expect((await act('admin-tenants.suspend', { id: actor.tenantId, reason: 'again' })).status).toBe(409);
      expect((await act('admin-tenants.resume', { id: actor.tenantId })).data).not.toHaveProperty('status_reason');
      await eventually('served everywhere', async () => String(await statuses()) === '200,200,200', 1_000);
      expect(await act('admin-tenants.resume', { id: actor.tenantId })).toMatchObject({ status: 409 });
    });
  });

  it('keeps its instances running, and stops them where the operator says so', async () => {
    const [actor, other] = [await api.makeActor(), await api.makeActor()];
    for (const one of [actor, other])
      expect((await api.call('instances.launch', { name: 'web', image: 'busybox' }, one)).status).toBe(202);
    const power = async ({ tenantId }: Actor) =>
      (
        await api.owner.query(
          `select power, version, (select ready and priority = 1 from reconcile where kind = 'instance' and reconcile.id = instances.id) as woken
           from instances where tenant_id = $1`,
          [tenantId],
        )
      ).rows[0];
    await act('admin-tenants.suspend', { id: actor.tenantId, reason: 'first' });
    expect(await power(actor)).toMatchObject({ power: 'running', version: 1 });
    await act('admin-tenants.resume', { id: actor.tenantId });
    await api.owner.query('update reconcile set ready = false, priority = 0');
    await act('admin-tenants.suspend', { id: actor.tenantId, reason: 'second', stop: true });
    expect(await power(actor)).toEqual({ power: 'stopped', version: 2, woken: true });
    expect((await trailOf(actor.tenantId)).metadata).toEqual({ reason: 'second', stopped: 1 });
    expect(await power(other)).toMatchObject({ power: 'running', version: 1, woken: false });
    await act('admin-tenants.resume', { id: actor.tenantId });
    expect(await power(actor)).toMatchObject({ power: 'stopped' });
  });

  it('leaves no launch running that was under way when the operator stopped its instances', async () => {
    const actor = await api.makeActor();
    const launch = (name: string) => api.call('instances.launch', { name, image: 'busybox' }, actor);
    expect((await launch('web')).status).toBe(202);
    const client = await api.owner.connect();
    const lock = `select pg_advisory_xact_lock(hashtextextended('quota:' || $1, 0))`;
    try {
      // As a launch: it takes the lock, and commits what is to run later.
      await api.owner.query(`update instances set power = 'stopped' where tenant_id = $1`, [actor.tenantId]);
      await client.query('begin');
      await client.query(lock, [actor.tenantId]);
      await client.query(`update instances set power = 'running' where tenant_id = $1`, [actor.tenantId]);
      const suspending = act('admin-tenants.suspend', { id: actor.tenantId, reason: 'unpaid', stop: true });
      await new Promise((done) => setTimeout(done, 300));
      await client.query('commit');
      expect((await suspending).status).toBe(200);
      const { rows } = await api.owner.query('select power from instances where tenant_id = $1', [actor.tenantId]);
      expect(rows).toEqual([{ power: 'stopped' }]);
      await act('admin-tenants.resume', { id: actor.tenantId });
      await eventually('served', async () => (await api.call('vpcs.list', {}, actor)).status === 200, 2_000);
      // A launch that waits for the lock sees the suspension.
      await client.query('begin');
      await client.query(lock, [actor.tenantId]);
      const late = launch('late');
      await new Promise((done) => setTimeout(done, 300));
      await client.query(`update tenants set status = 'suspended' where id = $1`, [actor.tenantId]);
      await client.query('commit');
      expect(await late).toMatchObject({ status: 409, message: expect.stringContaining('suspended') });
    } finally {
      client.release();
    }
  });

  it('is not the one that the operator acts in', async () => {
    expect(await act('admin-tenants.suspend', { id: operator.tenantId, reason: 'oops' })).toMatchObject({
      status: 409,
      message: expect.stringContaining('is the tenant that you act in'),
    });
  });
});

it('tenants are listed by status, plan and owner, with what they use', async () => {
  const actor = await api.makeActor();
  await api.call('vpcs.create', { name: 'one' }, actor);
  expect((await act('admin-tenants.setPlan', { id: actor.tenantId, plan: 'pro' })).data.plan).toBe('pro');
  const idsOf = async (input: object) =>
    ((await act('admin-tenants.list', { limit: 1000, ...input })).data as { id: string }[]).map(({ id }) => id);
  expect(await idsOf({ owner: actor.email })).toEqual([actor.tenantId]);
  expect(await idsOf({ plan: 'pro' })).toContain(actor.tenantId);
  expect(await idsOf({ plan: 'pro' })).not.toContain(operator.tenantId);
  expect(await idsOf({ status: 'suspended' })).not.toContain(actor.tenantId);
  const [shown] = (await act('admin-tenants.list', { owner: actor.userId, usage: true })).data;
  expect(shown).toMatchObject({ owner_email: actor.email, members: 1, usage: { vpcs: 1, instances: 0 } });
  expect(shown.usage).not.toHaveProperty('api_keys');
  expect((await act('admin-tenants.list', { owner: 'nobody@example.com' })).message).toBe(
    "user 'nobody@example.com' does not exist",
  );
});

describe('an operator', () => {
  it('is nobody who is suspended, so that the last one who can act stays', async () => {
    const actor = await api.makeActor();
    expect((await act('admin-users.suspend', { id: actor.email, reason: 'abuse' })).status).toBe(200);
    expect(await act('admin-users.makeOperator', { id: actor.email })).toMatchObject({
      status: 409,
      message: `${actor.email} is suspended; first: cloud admin users resume ${actor.email}`,
    });
  });

  it('is made and unmade within a second in three processes, and the last one stays', async () => {
    const actor = await api.makeActor();
    await withThreeApis(async (apis) => {
      const statuses = async () =>
        String(await Promise.all(apis.map(async (one) => (await one.call('work.stuck', {}, actor)).status)));
      expect(await statuses()).toBe('403,403,403');
      expect((await act('admin-users.makeOperator', { id: actor.email })).data).toMatchObject({ role: 'admin' });
      await eventually('an operator everywhere', async () => (await statuses()) === '200,200,200', 1_000);
      expect(await trailOf(null)).toMatchObject({ action: 'user.make_operator', user_id: operator.userId });
      expect((await act('admin-users.makeOperator', { id: actor.email })).status).toBe(409);
      // Each unmakes the other at the same moment: one must be too late.
      const answers = await Promise.all([
        act('admin-users.unmakeOperator', { id: actor.userId }),
        act('admin-users.unmakeOperator', { id: operator.userId }, actor),
      ]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const { rows } = await api.owner.query(`select id from users where role = 'admin' and kind = 'person'`);
      expect(rows).toHaveLength(1);
      const [left, gone] = rows[0].id === actor.userId ? [actor, operator] : [operator, actor];
      await eventually('nobody', async () => (await act('work.stuck', {}, gone)).status === 403, 1_000);
      expect(await act('admin-users.unmakeOperator', { id: left.userId }, left)).toMatchObject({
        status: 409,
        message: expect.stringContaining('is the last operator'),
      });
      await api.owner.query(
        `update users set role = case id when $1 then 'admin' else 'developer' end where id in ($1, $2)`,
        [operator.userId, actor.userId],
      );
    });
  });

  it('unlocks a user who may then log in, and never sees a hash', async () => {
    const actor = await api.makeActor();
    const login = async (password: string) =>
      (await api.call('auth.login', { email: actor.email, password }, undefined)).status;
    for (let n = 0; n < 5; n++) await login('wrong');
    expect(await login(PASSWORD)).toBe(401);
    const { data: locked } = await act('admin-users.list', { status: 'locked', email: actor.email });
    expect(locked).toMatchObject([{ id: actor.userId, status: 'locked', locked_until: expect.any(String) }]);
    expect((await act('admin-users.unlock', { id: actor.email })).data).toMatchObject({ status: 'active' });
    expect(await login(PASSWORD)).toBe(200);
    const shown = await act('admin-users.get', { id: actor.userId });
    expect(shown.data.tenants).toEqual([{ tenant_id: actor.tenantId, role: 'owner' }]);
    expect(shown.text).not.toMatch(/\$2b\$|password/);
  });

  it('ends sessions, one or all of a user, and keys go on', async () => {
    const actor = await api.makeActor();
    const login = async () =>
      (await api.call('auth.login', { email: actor.email, password: PASSWORD }, undefined)).data.api_key as string;
    const keys = [await login(), await login(), await login()];
    const works = async (key: string) => (await api.call('auth.me', {}, { key })).status === 200;
    const { data: sessions } = await act('admin-sessions.list', { user: actor.email });
    expect(sessions).toHaveLength(3);
    for (const key of keys) expect(JSON.stringify(sessions)).not.toContain(key.slice(9));
    await act('admin-sessions.end', { id: sessions[0].id });
    await eventually('the newest has ended', async () => !(await works(keys[2]!)), 1_000);
    expect(await act('admin-sessions.end', { id: sessions[0].id })).toMatchObject({ status: 404 });
    expect((await act('admin-users.endSessions', { id: actor.userId })).data).toEqual({ ended: 2 });
    await eventually('all have ended', async () => !(await works(keys[0]!)) && !(await works(keys[1]!)), 1_000);
    expect(await works(actor.key)).toBe(true);
    expect((await act('admin-sessions.list', { user: actor.userId })).data).toEqual([]);
  });
});

it('a suspended user is refused by three API processes within a second, with the reason, also at the AWS door', async () => {
  const actor = await api.makeActor();
  const client = stsClient(api, await makeAwsKey(api, actor));
  const identity = async () =>
    client.send(new GetCallerIdentityCommand({})).then(
      () => 'ok',
      (error: Error) => error.message,
    );
  expect(await identity()).toBe('ok');
  await withThreeApis(async (apis) => {
    const answers = async () => Promise.all(apis.map((one) => one.call('auth.me', {}, actor)));
    expect((await answers()).map(({ status }) => status)).toEqual([200, 200, 200]);
    const suspended = await act('admin-users.suspend', { id: actor.email, reason: 'mined coins' });
    expect(suspended.data).toMatchObject({ status: 'suspended', suspended_reason: 'mined coins' });
    await eventually('refused everywhere', async () => (await answers()).every(({ status }) => status === 403), 1_000);
    expect((await answers())[0]!.message).toBe(
      'your account is suspended: mined coins; contact the operator of the platform',
    );
    await eventually('refused there too', async () => (await identity()).includes('your account is suspended'), 1_000);
    const login = (password: string) => api.call('auth.login', { email: actor.email, password }, undefined);
    expect(await login(PASSWORD)).toMatchObject({
      status: 403,
      message: 'your account is suspended: mined coins; contact the operator of the platform',
    });
    // Only who has the password is told so.
    expect((await login('wrong')).message).toMatch(/^invalid email or password/);
    expect((await act('admin-users.list', { status: 'suspended', email: actor.email })).data).toHaveLength(1);
    expect(await act('admin-users.suspend', { id: operator.email, reason: 'oops' })).toMatchObject({ status: 409 });
    expect((await act('admin-users.resume', { id: actor.userId })).data).toMatchObject({ status: 'active' });
    await eventually('served everywhere', async () => (await answers()).every(({ status }) => status === 200), 1_000);
  });
});

describe('a setting', () => {
  it('holds at once, is checked, and goes back to its default', async () => {
    const register = async () =>
      (
        await api.call(
          'auth.register',
          { email: `${uniqueWord()}@example.com`, password: `Tr0ub4dor&3 ${uniqueWord()}`, name: 'New Comer' },
          undefined,
        )
      ).status;
    const set = (setting: string, value: string) => act('settings.set', { setting, value });
    expect(await register()).toBe(201);
    expect((await set('registration', 'closed')).data).toMatchObject({
      value: 'closed',
      default: 'open',
      updated_by: operator.userId,
    });
    expect(await register()).toBe(403);
    expect((await act('settings.reset', { setting: 'registration' })).data.value).toBe('open');
    expect(await register()).toBe(201);
    for (const [setting, value, told] of [
      ['registration', 'maybe', /must be 'open' or 'closed'$/],
      ['session_hours', '0', /^value .*must be/],
      ['session_hours', 'a day', /^value .*must be/],
      ['quota.vpcs', '1.5', /^value .*must be/],
    ] as const)
      expect(await set(setting, value), `${setting}=${value}`).toMatchObject({
        status: 400,
        message: expect.stringMatching(told),
      });
    expect(await set('no-such', '1')).toMatchObject({ status: 404, message: "setting 'no-such' does not exist" });
    expect(await trailOf(null)).toMatchObject({ action: 'setting.reset' });
  });

  it('says how long the next login lasts', async () => {
    const actor = await api.makeActor();
    await act('settings.set', { setting: 'session_hours', value: '2' });
    const { data } = await api.call('auth.login', { email: actor.email, password: PASSWORD }, undefined);
    expect((Date.parse(data.expires_at) - Date.now()) / 3_600_000).toBeCloseTo(2, 1);
    await act('settings.reset', { setting: 'session_hours' });
  });

  it('is the quota of tenants that have none of their own', async () => {
    const [actor, other] = [await api.makeActor(), await api.makeActor()];
    await api.owner.query(`delete from quotas where tenant_id = $1 and resource = 'vpcs'`, [actor.tenantId]);
    const create = async (by: Actor) => (await api.call('vpcs.create', { name: `v-${uniqueWord()}` }, by)).code ?? 'ok';
    await act('settings.set', { setting: 'quota.vpcs', value: '1' });
    expect([await create(actor), await create(actor), await create(other), await create(other)]).toEqual([
      'ok',
      'QUOTA_EXCEEDED',
      'ok',
      'ok',
    ]);
    const { data } = await api.call('quotas.list', { limit: 1000 }, actor);
    expect(data).toContainEqual({ resource: 'vpcs', used: 1, max: 1, unit: 'VPCs' });
    await act('settings.set', { setting: 'quota.vpcs', value: '2' });
    expect(await create(actor)).toBe('ok');
    const { data: seen } = await act('quotas.ofTenant', { tenant_id: actor.tenantId, limit: 1000 });
    expect(seen).toContainEqual({ tenant_id: actor.tenantId, resource: 'vpcs', max: 2, default_max: 2 });
    await act('settings.reset', { setting: 'quota.vpcs' });
  });

  it('tells everybody a notice, and strangers nothing about the inside', async () => {
    const get = async () => (await api.send('GET', '/status')).data;
    expect(await get()).toEqual({
      name: 'The Cloud',
      status: 'operational',
      registration: 'open',
      region: 'us-east-1',
      aws_endpoint: api.awsUrl,
    });
    await act('settings.set', { setting: 'notice', value: 'maintenance at 20:00' });
    await act('settings.set', { setting: 'name', value: "Anna's cloud" });
    await api.owner.query(`update hosts set last_seen_at = now() - interval '1 minute'`);
    expect(await get()).toEqual({
      name: "Anna's cloud",
      status: 'degraded',
      registration: 'open',
      region: 'us-east-1',
      aws_endpoint: api.awsUrl,
      notice: 'maintenance at 20:00',
    });
    await api.owner.query(`update hosts set last_seen_at = now()`);
    for (const setting of ['notice', 'name']) await act('settings.reset', { setting });
  });
});

describe('the public status', () => {
  it('says where AWS clients connect', async () => {
    const endpointAt = async (awsUrl: string | undefined) => {
      const own = await createTestDatabase();
      onTestFinished(() => own.drop());
      const sealer = createSealer(new Map([[1, Buffer.alloc(32)]]));
      const registry = composeRegistry({ sealer, region: 'eu-1', platformId: 'any', awsUrl: () => awsUrl });
      const fresh = await startTestApi({ database: own, registry });
      onTestFinished(() => fresh.stop());
      const { region, aws_endpoint } = (await fresh.send('GET', '/status')).data;
      expect(region).toBe('eu-1');
      return aws_endpoint;
    };
    expect(await endpointAt('http://[::1]:4566')).toBe('http://[::1]:4566');
    expect(await endpointAt(undefined)).toBeUndefined();
  });
});

describe('who may register', () => {
  it('is told in public: the first user, then everybody, or nobody new', async () => {
    const own = await createTestDatabase();
    onTestFinished(() => own.drop());
    const fresh = await startTestApi({ database: own });
    onTestFinished(() => fresh.stop());
    const state = async () => (await fresh.send('GET', '/status')).data.registration;
    expect(await state()).toBe('first_user');
    await fresh.owner.query('update platform set registration_open = false');
    expect(await state()).toBe('first_user');
    const body = { email: 'ada@example.com', password: PASSWORD, name: 'Ada' };
    expect((await fresh.send('POST', '/auth/register', { body })).data).toMatchObject({ role: 'admin' });
    expect(await state()).toBe('closed');
    await fresh.owner.query('update platform set registration_open = true');
    expect(await state()).toBe('open');
  });
});

describe('a host that drains', () => {
  it('takes no launches, says so to the operator alone, and takes them again', async () => {
    const { rows } = await api.owner.query<{ name: string }>('select name from hosts where id = $1', [api.hostId]);
    const host = rows[0]!.name;
    const actor = await api.makeActor();
    const launch = (by: Actor) => api.call('instances.launch', { name: `vm-${uniqueWord()}`, image: 'busybox' }, by);
    expect((await launch(actor)).status).toBe(202);
    await api.owner.query(`update hosts set state = 'unavailable' where id <> $1`, [api.hostId]);
    expect((await act('hosts.drain', { id: host })).data).toMatchObject({ state: 'draining' });
    const refused = await launch(actor);
    expect(refused).toMatchObject({ status: 503, code: 'ENGINE_UNAVAILABLE' });
    expect(refused.message).not.toContain(host);
    expect((await launch(operator)).message).toContain(
      `the host ${host} is draining; to end that: cloud admin hosts undrain ${host}`,
    );
    const { data } = await api.call('instances.list', {}, actor);
    expect(data).toHaveLength(1);
    expect((await act('hosts.drain', { id: host })).status).toBe(409);
    expect((await act('hosts.undrain', { id: api.hostId })).data.state).toBe('up');
    expect((await launch(actor)).status).toBe(202);
    await api.owner.query(`update hosts set state = 'up'`);
  });
});
