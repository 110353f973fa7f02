import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { ec2Client } from '../testing/aws-clients.ts';
import { setUpApiProcesses } from './testing/api-processes.ts';

/** A change holds on every process after this many milliseconds at most. */
const LATEST_MS = 1_000;

const processes = await setUpApiProcesses();
const apis = [await processes.start(), await processes.start(), await processes.start()];
const database = new pg.Pool({ connectionString: processes.database.ownerUrl, max: 2 });
database.on('connect', (client) => client.on('error', () => undefined));
afterAll(() => database.end());

type Data = Record<string, string>;

/** A call of one of the processes. */
async function call(place: number, method: string, path: string, key?: string, body?: object) {
  const answer = await fetch(`${apis[place]!.addresses[0]}${path}`, {
    method,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...(key ? { 'x-api-key': key } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, text, data: (text === '' ? {} : JSON.parse(text).data) as Data };
}
async function done(method: string, path: string, key: string, body?: object): Promise<Data> {
  const { status, text, data } = await call(0, method, path, key, body);
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
  return data;
}

const login = { email: 'ann@example.com', password: 'correct horse battery staple' };
const user = (await call(0, 'POST', '/auth/register', undefined, { ...login, name: 'Ann' })).data;
const { api_key: session } = (await call(0, 'POST', '/auth/login', undefined, login)).data;
const { tenant_id: tenantId } = await done('GET', '/auth/me', session!);

let members = 0;
/** A member of the tenant with an API key. */
async function makeMember(role: string, limits: object = {}) {
  const email = `member-${++members}@example.com`;
  const made = (await call(0, 'POST', '/auth/register', undefined, { ...login, email, name: 'Member' })).data;
  await database.query('insert into memberships (tenant_id, user_id, role) values ($1, $2, $3)', [
    tenantId,
    made.id,
    role,
  ]);
  await database.query('update users set default_tenant_id = $1 where id = $2', [tenantId, made.id]);
  const own = (await call(0, 'POST', '/auth/login', undefined, { ...login, email })).data.api_key;
  const key = await done('POST', '/auth/keys', own!, { name: 'key', ...limits });
  return { email, id: made.id!, own: own!, keyId: key.id!, key: key.key!, key_pair: key };
}
type Member = Awaited<ReturnType<typeof makeMember>>;

/**
 * Every process serves the key until the change; none serves a request that begins a second afterwards. Answers when the last one began that was
 * served, in milliseconds after the change.
 */
async function expectEverywhere(key: string, status: number, change: () => Promise<unknown>): Promise<number> {
  const ask = (place: number) => call(place, 'GET', '/vpcs', key);
  // Twice, so that all remember the caller.
  for (const place of [...apis.keys(), ...apis.keys()]) expect((await ask(place)).status).toBe(200);
  await change();
  const changedAt = performance.now();
  const served = await Promise.all(
    [...apis.keys()].map(async (place) => {
      let last = 0;
      for (;;) {
        const begun = performance.now() - changedAt;
        const answer = await ask(place);
        if (answer.status === status) return last;
        expect(answer.status, answer.text).toBe(200);
        last = begun;
        expect(last).toBeLessThan(LATEST_MS);
      }
    }),
  );
  return Math.max(...served);
}

test.each<[string, number, (member: Member) => Promise<unknown>, string?, object?]>([
  ['a revoked key', 401, ({ own, keyId }) => done('DELETE', `/auth/keys/${keyId}`, own)],
  ['a rotated key', 401, ({ own, keyId }) => done('POST', `/auth/keys/${keyId}/rotate`, own, {})],
  ["a member's key that an owner revoked", 401, ({ keyId }) => done('DELETE', `/auth/member-keys/${keyId}`, session!)],
  [
    'a key with other permissions',
    403,
    ({ own, keyId }) => done('PATCH', `/auth/keys/${keyId}`, own, { permissions: ['instance:read'] }),
  ],
  [
    'a key for another network',
    403,
    ({ own, keyId }) => done('PATCH', `/auth/keys/${keyId}`, own, { cidrs: ['10.0.0.0/8'] }),
  ],
  [
    'another role',
    403,
    async ({ email }) => {
      await done('POST', '/rbac/roles', session!, { name: 'nothing' });
      await done('POST', '/rbac/bindings', session!, { user_identifier: email, role_name: 'nothing' });
    },
  ],
  [
    'a permission taken from the role',
    403,
    () => done('DELETE', '/rbac/roles/watcher/permissions/vpc:read', session!),
    'watcher',
  ],
  ['a member who was removed', 401, ({ id }) => database.query('delete from memberships where user_id = $1', [id])],
  ['a user who was closed', 401, ({ id }) => database.query('update users set closed_at = now() where id = $1', [id])],
])(
  '%s takes effect on three API processes within a second',
  { timeout: 30_000 },
  async (_, status, change, role = 'developer') => {
    if (role === 'watcher')
      await done('POST', '/rbac/roles', session!, { name: role, permissions: ['vpc:read', 'identity:create'] });
    const member = await makeMember(role);
    await expectEverywhere(member.key, status, () => change(member));
  },
);

test('a suspended tenant does, and comes back as soon', { timeout: 30_000 }, async () => {
  const { key } = await makeMember('developer');
  const set = (status: string) => database.query('update tenants set status = $1 where id = $2', [status, tenantId]);
  await expectEverywhere(key, 403, () => set('suspended'));
  await set('active');
  await new Promise((resolve) => setTimeout(resolve, LATEST_MS));
  for (const place of apis.keys()) expect((await call(place, 'GET', '/vpcs', key)).status).toBe(200);
});

test('a revoked key does, though nothing announces it', { timeout: 30_000 }, async () => {
  const { key, keyId } = await makeMember('developer');
  const last = await expectEverywhere(key, 401, () =>
    database.query(`begin; alter table api_keys disable trigger announce_authority;
      update api_keys set revoked_at = now() where id = '${keyId}'; alter table api_keys enable trigger announce_authority; commit`),
  );
  // It was remembered, not looked up.
  expect(last).toBeGreaterThan(100);
});

test('a revoked key does at the AWS doors', { timeout: 30_000 }, async () => {
  const { own, keyId, key_pair: made } = await makeMember('developer');
  const key = { accessKeyId: made.aws_access_key_id!, secretAccessKey: made.aws_secret_access_key! };
  const ask = (place: number) =>
    ec2Client({ awsUrl: apis[place]!.awsAddress! }, key)
      .send(new DescribeVpcsCommand())
      .then(
        () => 'ok',
        (error: Error) => error.name,
      );
  for (const place of apis.keys()) expect(await ask(place)).toBe('ok');
  await done('DELETE', `/auth/keys/${keyId}`, own);
  const revokedAt = performance.now();
  await Promise.all(
    [...apis.keys()].map(async (place) => {
      while ((await ask(place)) === 'ok') expect(performance.now() - revokedAt).toBeLessThan(LATEST_MS);
      expect(await ask(place)).toBe('AuthFailure');
    }),
  );
});

test('a changed quota does', { timeout: 30_000 }, async () => {
  // The first user runs the platform.
  const quota = (max: number) => done('PUT', `/operator/tenants/${tenantId}/quotas/roles`, session!, { max });
  const create = (place: number) =>
    call(place, 'POST', '/rbac/roles', session!, { name: `role-${place}-${++members}` });
  await quota(0);
  for (const place of apis.keys()) expect((await create(place)).status).toBe(429);
  await quota(1_000);
  for (const place of apis.keys()) expect((await create(place)).status).toBe(201);
  expect(user.role).toBe('admin');
});
