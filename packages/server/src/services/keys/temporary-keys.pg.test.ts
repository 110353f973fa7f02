import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { type AwsKey, stsClient } from '../../testing/aws-clients.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, PASSWORD, uniqueWord } from '../../testing/test-api.ts';

const { api } = await setUpApi({ trustedProxies: ['127.0.0.1'] });

interface Made {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly aws: AwsKey;
  readonly [member: string]: unknown;
}
const made = (data: any): Made => ({
  ...data,
  aws: {
    accessKeyId: data.aws_access_key_id,
    secretAccessKey: data.aws_secret_access_key,
    ...(data.aws_session_token ? { sessionToken: data.aws_session_token } : {}),
  },
});
const makeKey = async (by: Pick<Actor, 'key'>, limits: object = {}) =>
  made((await api.call('keys.create', { name: uniqueWord(), ...limits }, by)).data);
const makeSession = async (by: { readonly key: string }, headers = {}) => {
  const answer = await api.call('keys.createSession', {}, by, { headers });
  expect(answer.status, answer.text).toBe(201);
  return made(answer.data);
};
const atAws = (key: Made, headers = {}) =>
  stsClient(api, key.aws, { headers })
    .send(new GetCallerIdentityCommand())
    .then(
      () => 'ok',
      (error: Error) => error.name,
    );
/** What a key is told at both doors. */
const asked = async (key: Made, headers = {}) => [
  (await api.call('vpcs.list', {}, key, { headers })).status,
  await atAws(key, headers),
];
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

describe('a temporary key', () => {
  it('acts as the key that it was made from, and is listed beside it with its parent', async () => {
    const actor = await api.makeActor();
    const session = await makeSession(actor);
    expect(session).toMatchObject({ kind: 'session', parent_id: actor.keyId, user_id: actor.userId });
    expect(await asked(session)).toEqual([200, 'ok']);
    const listed = (await api.call('keys.list', {}, actor)).data as { id: string; kind: string; parent_id?: string }[];
    expect(listed.map(({ id, kind, parent_id: parent }) => [id, kind, parent])).toEqual([
      [session.id, 'session', actor.keyId],
      [actor.keyId, 'api', undefined],
    ]);
    expect(JSON.stringify(listed)).not.toContain(session.aws.sessionToken);
    const shown = await api.call('keys.get', { id: session.aws.accessKeyId }, actor);
    expect(shown.data).toMatchObject({ id: session.id });
    expect(shown.data).not.toHaveProperty('aws_session_token');
  });

  it('is shown once: neither the database, the audit trail nor an event has its secrets', async () => {
    const actor = await api.makeActor();
    const session = await makeSession(actor);
    const rows = await Promise.all(
      ['select * from api_keys', 'select * from audit_logs', 'select * from events'].map(
        async (text) => (await api.owner.query(text)).rows,
      ),
    );
    const stored = JSON.stringify(rows);
    expect(stored).toContain(session.aws.accessKeyId);
    for (const secret of [session.key, session.aws.secretAccessKey, session.aws.sessionToken!])
      expect(stored).not.toContain(secret);
    const { rows: audited } = await api.owner.query(
      `select action, resource_id, key_id from audit_logs where resource_id = $1`,
      [session.id],
    );
    expect(audited).toEqual([{ action: 'api_key.create_session', resource_id: session.id, key_id: actor.keyId }]);
  });

  it('stops at once when it is revoked, by its id or its AWS access key id, and its parent goes on', async () => {
    const actor = await api.makeActor();
    for (const by of ['id', 'aws_access_key_id']) {
      const session = await makeSession(actor);
      expect(await asked(session)).toEqual([200, 'ok']);
      expect((await api.call('keys.revoke', { id: session[by] }, actor)).status).toBe(204);
      expect(await asked(session)).toEqual([401, 'InvalidClientTokenId']);
    }
    expect((await api.call('vpcs.list', {}, actor)).status).toBe(200);
  });

  it.each([
    ['is revoked', (key: Made, actor: Actor) => api.call('keys.revoke', { id: key.id }, actor)],
    ['is revoked by an owner', (key: Made, actor: Actor) => api.call('member-keys.revoke', { id: key.id }, actor)],
    ['is rotated', (key: Made, actor: Actor) => api.call('keys.rotate', { id: key.id }, actor)],
    [
      'goes with its membership',
      (_: Made, actor: Actor) => api.owner.query('delete from memberships where user_id = $1', [actor.userId]),
    ],
  ])('ends when its parent %s', async (_, end) => {
    const actor = await api.makeActor();
    const key = await makeKey(actor);
    const session = await makeSession(key);
    expect(await asked(session)).toEqual([200, 'ok']);
    await end(key, actor);
    await expect.poll(() => asked(session), { timeout: 2_000 }).toEqual([401, 'InvalidClientTokenId']);
  });

  it('of a login ends with the session', async () => {
    const actor = await api.makeActor();
    const { data } = await api.call('auth.login', { email: actor.email, password: PASSWORD }, undefined);
    const session = await makeSession({ key: data.api_key });
    expect(await asked(session)).toEqual([200, 'ok']);
    expect(Date.parse(String(session['expires_at']))).toBeLessThanOrEqual(Date.now() + 43_200_000);
    await api.call('auth.logout', { api_key: data.api_key }, actor);
    expect(await asked(session)).toEqual([401, 'InvalidClientTokenId']);
  });

  it('has the limits of its parent, as they are now', async () => {
    const actor = await api.makeActor();
    const key = await makeKey(actor, { permissions: ['vpc:read', 'identity:create'], expires_at: inAnHour() });
    const session = await makeSession(key);
    expect(session).toMatchObject({ permissions: ['vpc:read', 'identity:create'], expires_at: key['expires_at'] });
    expect(await asked(session)).toEqual([200, 'ok']);
    expect((await api.call('instances.list', {}, session)).status).toBe(403);

    await api.call('keys.update', { id: key.id, permissions: ['instance:read'], cidrs: ['198.51.100.0/24'] }, actor);
    expect(await asked(session)).toEqual([403, 'AccessDenied']);
    const there = { 'x-forwarded-for': '198.51.100.7' };
    expect(await asked(session, there)).toEqual([403, 'ok']);
    expect((await api.call('instances.list', {}, session, { headers: there })).status).toBe(200);

    await api.call('keys.update', { id: key.id, permissions: ['*'], cidrs: ['0.0.0.0/0'] }, actor);
    expect(await asked(session)).toEqual([200, 'ok']);
    const end = new Date(Date.now() + 60_000).toISOString();
    await api.call('keys.update', { id: key.id, expires_at: end }, actor);
    expect((await api.call('keys.get', { id: session.id }, actor)).data.expires_at).toBe(end);
    await api.call('keys.update', { id: key.id, expires_at: inAnHour() }, actor);
    expect((await api.call('keys.get', { id: session.id }, actor)).data.expires_at).toBe(end);
  });

  it('to another tenant ends when its parent is limited to permissions of its own', async () => {
    const [actor, other] = [await api.makeActor(), await api.makeActor()];
    await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')`, [
      other.tenantId,
      actor.userId,
    ]);
    const key = await makeKey(actor, { all_tenants: true });
    const there = await makeSession(key, { 'x-tenant-id': other.tenantId });
    const here = await makeSession(key);
    expect(there).toMatchObject({ tenant_id: other.tenantId });
    expect(await asked(there)).toEqual([200, 'ok']);
    await api.call('keys.update', { id: key.id, permissions: ['vpc:read'] }, actor);
    expect(await asked(there)).toEqual([401, 'InvalidClientTokenId']);
    expect(await asked(here)).toEqual([200, 'ok']);
  });

  it('makes, changes and rotates no keys, which would outlive it, and is not changed itself', async () => {
    const actor = await api.makeActor();
    const session = await makeSession(actor);
    const refused = { status: 403, message: expect.stringContaining('a temporary key cannot make or change keys') };
    for (const [verb, input] of [
      ['keys.create', { name: 'k' }],
      ['keys.createSession', {}],
      ['keys.update', { id: actor.keyId, name: 'k' }],
      ['keys.rotate', { id: actor.keyId }],
    ] as const)
      expect(await api.call(verb, input, session), verb).toMatchObject(refused);
    const follows = { status: 409, message: expect.stringContaining('follows the key that it was made from') };
    expect(await api.call('keys.update', { id: session.id, name: 'k' }, actor)).toMatchObject(follows);
    expect(await api.call('keys.rotate', { id: session.id }, actor)).toMatchObject(follows);
  });

  it('is no login: it is not among the sessions, does not end with them, and ends none', async () => {
    const actor = await api.makeActor();
    const session = await makeSession(actor);
    expect((await api.call('sessions.list', {}, actor)).data).toEqual([]);
    expect((await api.call('sessions.end', { id: session.id }, actor)).status).toBe(404);
    expect((await api.call('sessions.endOthers', {}, actor)).data).toEqual({ ended: 0 });
    expect((await api.call('member-keys.list', {}, actor)).data).toMatchObject([{ id: actor.keyId }]);
    expect(await asked(session)).toEqual([200, 'ok']);
  });

  it('is one of a hundred that a key has at most', async () => {
    const actor = await api.makeActor();
    await api.owner.query(
      `insert into api_keys (user_id, tenant_id, parent_id, kind, key, expires_at, revoked_at)
       select $1::uuid, $2::uuid, $3::uuid, 'temporary', md5($1::text || i), now() + i * interval '1 minute', case when i > 99 then now() end
       from generate_series(-9, 109) as i`,
      [actor.userId, actor.tenantId, actor.keyId],
    );
    const answers = await Promise.all([1, 2, 3].map(() => api.call('keys.createSession', {}, actor)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 429, 429]);
    expect(answers.find(({ status }) => status === 429)).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      message:
        '100 temporary keys of this key are alive, the most that a key can have; revoke one, or wait until one expires',
    });
    await makeSession(await makeKey(actor));
  });

  it('is not made from a key that is being revoked', async () => {
    const actor = await api.makeActor();
    const key = await makeKey(actor);
    expect((await api.call('auth.me', {}, key)).status).toBe(200);
    const client = await api.owner.connect();
    try {
      await client.query('begin');
      await client.query('update api_keys set revoked_at = now() where id = $1', [key.id]);
      const waiting = api.call('keys.createSession', {}, key);
      await expect
        .poll(async () => {
          const { rows } = await api.owner.query('select from pg_locks where not granted');
          return rows.length;
        })
        .toBe(1);
      await client.query('commit');
      expect(await waiting).toMatchObject({ status: 401, message: 'the key of this request has ended' });
    } finally {
      client.release();
    }
  });
});
