import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { createTestDatabase, type TestDatabase } from '../../../../testkit/src/index.ts';
import { makeAwsKey, stsClient } from '../../testing/aws-clients.ts';
import { type Actor, PASSWORD, startTestApi, type TestApi, uniqueWord } from '../../testing/test-api.ts';

let test: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  test = await createTestDatabase();
  api = await startTestApi({ database: test, trustedProxies: ['127.0.0.1'] });
});
afterAll(async () => {
  await api.stop();
  await test.drop();
});

const login = (email: string, password: string) => api.call('auth.login', { email, password }, undefined);

describe('keys', () => {
  it('stop at once when revoked, by id or by name', async () => {
    const actor = await api.makeActor();
    for (const by of ['id', 'name']) {
      const made = (await api.call('keys.create', { name: uniqueWord() }, actor)).data;
      expect(made.aws_access_key_id).toMatch(/^AKIA[A-Z2-7]{16}$/);
      expect((await api.call('auth.me', {}, made)).status).toBe(200);
      expect((await api.call('keys.revoke', { id: made[by] }, actor)).status).toBe(204);
      expect((await api.call('auth.me', {}, made)).status).toBe(401);
      expect((await api.call('keys.revoke', { id: made[by] }, actor)).status).toBe(404);
    }
  });

  it('are not revoked by a name that two of them have; one that has expired does not count', async () => {
    const actor = await api.makeActor();
    const make = async () => (await api.call('keys.create', { name: 'deploy' }, actor)).data;
    const [one, two] = [await make(), await make()];
    expect(await api.call('keys.revoke', { id: 'deploy' }, actor)).toMatchObject({
      status: 409,
      code: 'CONFLICT',
      message: expect.stringContaining("2 API keys are named 'deploy'"),
    });
    for (const made of [one, two]) expect((await api.call('auth.me', {}, made)).status).toBe(200);
    await api.owner.query(`update api_keys set expires_at = now() - interval '1 second' where id = $1`, [one.id]);
    expect((await api.call('keys.revoke', { id: 'deploy' }, actor)).status).toBe(204);
    expect((await api.call('auth.me', {}, two)).status).toBe(401);
    expect((await api.call('keys.revoke', { id: one.id }, actor)).status).toBe(404);
  });

  it("are meant by an id only where it is their own, not by another's name that looks like it", async () => {
    const actor = await api.makeActor();
    const made = (await api.call('keys.create', { name: 'one' }, actor)).data;
    const namesake = (await api.call('keys.create', { name: made.id }, actor)).data;
    expect((await api.call('keys.revoke', { id: made.id }, actor)).status).toBe(204);
    expect((await api.call('keys.revoke', { id: made.id }, actor)).status).toBe(404);
    expect((await api.call('auth.me', {}, namesake)).status).toBe(200);
  });

  it('have names that are more than blanks', async () => {
    const actor = await api.makeActor();
    for (const name of ['', '  ', '\t'])
      expect(await api.call('keys.create', { name }, actor)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
  });

  it("are fifty to a user in a tenant: sessions, ended ones and a colleague's are not counted", async () => {
    const actor = await api.makeActor();
    const colleague = await api.makeMember(actor.tenantId, 'developer');
    // With the key that the actor is made with: 49.
    await api.owner.query(
      `insert into api_keys (user_id, tenant_id, name, key)
       select $1::uuid, $2::uuid, 'k' || i, md5($1::text || 'k' || i) from generate_series(1, 48) as i`,
      [actor.userId, actor.tenantId],
    );
    await api.owner.query(
      `insert into api_keys (user_id, tenant_id, name, key, kind, expires_at, revoked_at)
       select $1::uuid, $2::uuid, 'old', md5($1::text || what), kind, expires_at, revoked_at from (values
         ('a', 'session', null::timestamptz, null::timestamptz),
         ('b', 'api', now() - interval '1 second', null),
         ('c', 'api', null, now())) as old (what, kind, expires_at, revoked_at)`,
      [actor.userId, actor.tenantId],
    );
    const create = (name: string, headers = {}, by = actor) => api.call('keys.create', { name }, by, { headers });
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => create('last', { 'idempotency-key': uniqueWord() })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 429, 429, 429]);
    const refused = answers.find((answer) => answer.status === 429)!;
    expect(refused.code).toBe('QUOTA_EXCEEDED');
    expect(refused.message).toMatch(/50 of 50 API keys .* Revoke one/);
    expect((await create('theirs', {}, colleague)).status).toBe(201);
    expect((await login(actor.email, PASSWORD)).status).toBe(200);

    expect((await api.call('keys.revoke', { id: 'k1' }, actor)).status).toBe(204);
    const again = { 'idempotency-key': uniqueWord() };
    const made = await create('instead', again);
    expect(made.status).toBe(201);
    expect(await create('instead', again)).toMatchObject({ status: 201, data: { id: made.data.id } });
    expect((await create('one more')).status).toBe(429);
    await api.owner.query(`insert into quotas (tenant_id, resource, max) values ($1, 'api_keys', 51)`, [
      actor.tenantId,
    ]);
    expect([(await create('one more')).status, (await create('too many')).status]).toEqual([201, 429]);
  });

  it('have their AWS secret sealed for the tenant', async () => {
    const actor = await api.makeActor();
    const made = (await api.call('keys.create', { name: 'aws' }, actor)).data;
    const { rows } = await api.owner.query('select aws_secret_sealed from api_keys where id = $1', [made.id]);
    expect(rows[0].aws_secret_sealed).not.toContain(made.aws_secret_access_key);
    expect(api.sealer.open(actor.tenantId, 'aws-secret', rows[0].aws_secret_sealed)).toBe(made.aws_secret_access_key);
    expect(() => api.sealer.open(actor.userId, 'aws-secret', rows[0].aws_secret_sealed)).toThrow();
  });

  it("are one's own: another member neither sees nor revokes them", async () => {
    const actor = await api.makeActor();
    const colleague = await api.makeMember(actor.tenantId, 'admin');
    const listed = (await api.call('keys.list', {}, colleague)).data as { id: string }[];
    expect(listed.map((key) => key.id)).toEqual([colleague.keyId]);
    expect((await api.call('keys.revoke', { id: actor.keyId }, colleague)).status).toBe(404);
  });

  it('are listed by page', async () => {
    const actor = await api.makeActor();
    for (let i = 0; i < 4; i++) await api.call('keys.create', { name: `k${i}` }, actor);
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await api.call('keys.list', { limit: 2, ...(cursor ? { cursor } : {}) }, actor);
      names.push(...(page.data as { id: string }[]).map((key) => key.id));
      cursor = page.meta.next_cursor;
    } while (cursor !== undefined);
    expect(new Set(names).size).toBe(5);
    expect(names).toEqual([...names].sort().reverse());
    const garbled = await api.call('keys.list', { cursor: 'bm9wZQ' }, actor);
    expect(garbled).toMatchObject({
      status: 400,
      message: expect.stringContaining('omit it to start from the beginning'),
    });
  });
});

const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
const make = async (actor: Pick<Actor, 'key'>, limits: object = {}) => {
  const answer = await api.call('keys.create', { name: uniqueWord(), ...limits }, actor);
  expect(answer.status, answer.text).toBe(201);
  return answer.data as {
    id: string;
    key: string;
    name: string;
    permissions?: string[];
    cidrs?: string[];
    expires_at?: string;
  };
};
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

describe('a key with permissions', () => {
  it('may do what both it and the role of its user have, as they are now', async () => {
    const actor = await api.makeActor();
    const key = await make(actor, { permissions: ['vpc:read', 'vpc:create', 'vpc:read'] });
    expect(key.permissions).toEqual(['vpc:read', 'vpc:create']);
    expect((await api.call('vpcs.list', {}, key)).status).toBe(200);
    expect(await api.call('instances.list', {}, key)).toMatchObject({
      status: 403,
      message: "this needs the permission 'instance:read', and this API key is limited to vpc:read, vpc:create",
    });
    const create = () => api.call('vpcs.create', { name: uniqueWord(), cidr_block: '10.0.0.0/16' }, key);
    expect((await create()).status).toBe(201);
    await api.owner.query(`update memberships set role = 'viewer' where user_id = $1`, [actor.userId]);
    expect(await create()).toMatchObject({ status: 403, message: expect.stringContaining("the role 'viewer'") });
  });

  it('acts in its own tenant only, where its permissions were chosen', async () => {
    const [actor, other] = [await api.makeActor(), await api.makeActor()];
    await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'owner')`, [
      other.tenantId,
      actor.userId,
    ]);
    const there = { headers: { 'x-tenant-id': other.tenantId } };
    expect((await api.call('vpcs.list', {}, actor, there)).status).toBe(200);
    const key = await make(actor, { permissions: ['vpc:read'] });
    expect(await api.call('vpcs.list', {}, key, there)).toMatchObject({
      status: 403,
      message: expect.stringContaining(`this API key acts only in the tenant '${actor.tenantId}'`),
    });
  });

  it('reads its user and changes nothing of it; it does not run the platform', async () => {
    const operator = await api.makeActor({ platformRole: 'admin' });
    const key = await make(operator, { permissions: ['vpc:read'] });
    expect((await api.call('auth.me', {}, key)).status).toBe(200);
    const { data } = await login(operator.email, PASSWORD);
    expect(await api.call('auth.logout', { api_key: data.api_key }, key)).toMatchObject({
      status: 403,
      message: 'this API key is limited to vpc:read; to change your user, use a key without limits or log in',
    });
    expect(await api.call('hosts.list', {}, key)).toMatchObject({
      status: 403,
      message: 'this API key is limited to vpc:read; to run the platform, use a key without limits or log in',
    });
    expect((await api.call('hosts.list', {}, operator)).status).toBe(200);
    expect((await api.call('auth.me', {}, { key: data.api_key })).status).toBe(200);
  });

  it('has none that its maker lacks, and none that do not exist', async () => {
    const actor = await api.makeActor();
    const viewer = await api.makeMember(actor.tenantId, 'viewer');
    expect(await api.call('keys.create', { name: 'k', permissions: ['instance:launch'] }, viewer)).toMatchObject({
      status: 403,
      message: "you cannot give a key the permission 'instance:launch', because you do not have it in this tenant",
    });
    expect(await api.call('keys.create', { name: 'k', permissions: ['instnce:launch'] }, actor)).toMatchObject({
      status: 400,
      message: expect.stringContaining("did you mean 'instance:launch'?"),
    });
  });
});

describe('a limited key', () => {
  it('makes, changes and rotates no key that is less limited than itself', async () => {
    const actor = await api.makeActor();
    const wide = await make(actor);
    const limits = {
      permissions: ['identity:create', 'identity:read', 'vpc:read'],
      cidrs: ['127.0.0.0/8', '10.0.0.0/8'],
      expires_at: inAnHour(),
    };
    const key = await make(actor, limits);
    const heir = await make(key);
    expect([heir.permissions, heir.cidrs, heir.expires_at]).toEqual([
      limits.permissions,
      limits.cidrs,
      limits.expires_at,
    ]);
    await make(key, {
      permissions: ['vpc:read'],
      cidrs: ['10.1.0.0/16'],
      expires_at: new Date(Date.now() + 60_000).toISOString(),
    });
    const create = (more: object) => api.call('keys.create', { name: 'k', ...more }, key);
    for (const [more, words] of [
      [{ permissions: ['vpc:create'] }, 'because you do not have it'],
      [{ cidrs: ['0.0.0.0/0'] }, 'works only from 127.0.0.0/8, 10.0.0.0/8, and cannot make or change one'],
      [{ cidrs: ['2001:db8::/32'] }, 'works only from'],
      [{ expires_at: new Date(Date.now() + 7_200_000).toISOString() }, `expires at ${limits.expires_at}`],
    ] as const)
      expect(await create(more)).toMatchObject({ status: 403, message: expect.stringContaining(words) });
    const refused = { status: 403, message: expect.stringContaining('is limited to identity:create') };
    expect(await api.call('keys.rotate', { id: wide.id }, key)).toMatchObject(refused);
    expect(await api.call('keys.update', { id: wide.id, name: 'mine' }, key)).toMatchObject(refused);
    expect(await api.call('keys.update', { id: key.id, permissions: ['*'] }, key)).toMatchObject({ status: 403 });
    expect((await api.call('auth.me', {}, wide)).status).toBe(200);
    const own = await api.call('keys.rotate', { id: key.id }, key);
    expect(own.data.permissions).toEqual(limits.permissions);
  });

  it('may be rid of its limits by who has more', async () => {
    const actor = await api.makeActor();
    const key = await make(actor, { permissions: ['vpc:read'], cidrs: ['10.0.0.0/8'], expires_at: inAnHour() });
    const freed = await api.call('keys.update', { id: key.id, permissions: ['*'], cidrs: ['0.0.0.0/0'] }, actor);
    expect(freed.status, freed.text).toBe(200);
    expect(freed.data).not.toHaveProperty('permissions');
    expect((await api.call('instances.list', {}, key)).status).toBe(200);
    expect(await api.call('keys.update', { id: key.id }, actor)).toMatchObject({ status: 400 });
  });
});

describe('a key for networks', () => {
  it('works from an address in one of them at both doors; elsewhere it is told the address that was seen', async () => {
    const actor = await api.makeActor();
    const key = await makeAwsKey(api, actor);
    const set = await api.call('keys.update', { id: key.keyId, cidrs: ['198.51.100.0/24', '2001:db8::/32'] }, actor);
    expect(set.data.cidrs).toEqual(['198.51.100.0/24', '2001:db8::/32']);
    const whoAmI = (address: string) => stsClient(api, key, from(address)).send(new GetCallerIdentityCommand());
    for (const address of ['198.51.100.7', '2001:db8:1::9', '::ffff:198.51.100.8']) {
      expect((await api.call('auth.me', {}, key, from(address))).status).toBe(200);
      expect((await whoAmI(address)).UserId).toBe(actor.userId);
    }
    for (const address of ['198.51.101.7', '2001:db9::1']) {
      const message = `this API key works only from 198.51.100.0/24, 2001:db8::/32, and this call came from ${address}`;
      expect(await api.call('auth.me', {}, key, from(address))).toMatchObject({ status: 403, message });
      await expect(whoAmI(address)).rejects.toMatchObject({ name: 'AccessDenied', message });
    }
  });

  it('reads a network in one form, and says what is wrong with others', async () => {
    const actor = await api.makeActor();
    expect((await make(actor, { cidrs: ['203.0.113.9', '2001:0DB8::/32'] })).cidrs).toEqual([
      '203.0.113.9/32',
      '2001:db8::/32',
    ]);
    for (const [cidr, words] of [
      ['10.0.0.1/8', 'has host bits set; did you mean 10.0.0.0/8?'],
      ['2001:db8::1/64', 'did you mean 2001:db8::/64?'],
      ['10.0.0.0/33', 'is not a network'],
      ['010.0.0.0/8', 'is not a network'],
      ['10/8', 'is not a network'],
      ['10.0.0.0/08', 'is not a network'],
      ['fe80::1%eth0/64', 'is not a network'],
      ['10.0.0.0/8/8', 'is not a network'],
      ['::ffff:10.0.0.0/104', 'is IPv4 written as IPv6'],
    ])
      expect(await api.call('keys.create', { name: 'k', cidrs: [cidr] }, actor)).toMatchObject({
        status: 400,
        message: expect.stringContaining(words!),
      });
  });
});

describe('a key that is rotated', () => {
  it('is another one of the same name and limits, with another AWS pair; the old one stops at once', async () => {
    const actor = await api.makeActor();
    for (const path of ['rotate', 'regenerate']) {
      const limits = { permissions: ['vpc:read'], cidrs: ['127.0.0.0/8'], expires_at: inAnHour() };
      const old = await make(actor, limits);
      const { status, data } = await api.send('POST', `/auth/keys/${old.id}/${path}`, { key: actor.key, body: {} });
      expect(status).toBe(200);
      expect(data).toMatchObject({
        ...limits,
        name: old.name,
        kind: 'api',
        aws_access_key_id: expect.stringMatching(/^AKIA/),
      });
      expect([data.id, data.key, data.aws_access_key_id]).not.toContain([old.id, old.key]);
      expect((await api.call('vpcs.list', {}, data)).status).toBe(200);
      expect((await api.call('vpcs.list', {}, old)).status).toBe(401);
      const aws = { accessKeyId: data.aws_access_key_id, secretAccessKey: data.aws_secret_access_key };
      expect((await stsClient(api, aws).send(new GetCallerIdentityCommand())).UserId).toBe(actor.userId);
    }
  });

  it('may go on for a while beside the new one, within the quota and never longer than it would have', async () => {
    const actor = await api.makeActor();
    const old = await make(actor);
    const { data } = await api.call('keys.rotate', { id: old.id, overlap_seconds: 3_600 }, actor);
    for (const key of [old, data]) expect((await api.call('vpcs.list', {}, key)).status).toBe(200);
    expect(data).not.toHaveProperty('expires_at');
    const shown = await api.call('keys.get', { id: old.id }, actor);
    expect(Date.parse(shown.data.expires_at) - Date.now()).toBeGreaterThan(3_500_000);
    expect(Date.parse(shown.data.expires_at) - Date.now()).toBeLessThanOrEqual(3_600_000);
    const brief = await make(actor, { expires_at: new Date(Date.now() + 60_000).toISOString() });
    await api.call('keys.rotate', { id: brief.id, overlap_seconds: 3_600 }, actor);
    expect((await api.call('keys.get', { id: brief.id }, actor)).data.expires_at).toBe(brief.expires_at);
    expect((await api.call('keys.rotate', { id: old.id, overlap_seconds: 86_401 }, actor)).status).toBe(400);
    await api.owner.query(
      `insert into quotas (tenant_id, resource, max) values ($1, 'api_keys', 5) on conflict (tenant_id, resource) do update set max = 5`,
      [actor.tenantId],
    );
    expect((await api.call('keys.rotate', { id: old.id, overlap_seconds: 1 }, actor)).code).toBe('QUOTA_EXCEEDED');
    expect((await api.call('keys.rotate', { id: old.id }, actor)).status).toBe(200);
  });

  it('is no session and not one of several with the name', async () => {
    const actor = await api.makeActor();
    await login(actor.email, PASSWORD);
    const session = (await api.call('keys.list', {}, actor)).data.find(
      ({ kind }: { kind: string }) => kind === 'session',
    );
    for (const verb of ['keys.rotate', 'keys.update'])
      expect(
        await api.call(verb, { id: session.id, ...(verb === 'keys.update' ? { name: 'x' } : {}) }, actor),
      ).toMatchObject({
        status: 409,
        message: expect.stringContaining('log in again'),
      });
    for (const _ of [1, 2]) await api.call('keys.create', { name: 'twin' }, actor);
    expect(await api.call('keys.rotate', { id: 'twin' }, actor)).toMatchObject({ status: 409 });
  });
});

describe("a tenant's keys", () => {
  it('are listed and revoked by who may see all of its members, without their sessions', async () => {
    const owner = await api.makeActor();
    const admin = await api.makeMember(owner.tenantId, 'admin');
    const developer = await api.makeMember(owner.tenantId, 'developer');
    await login(developer.email, PASSWORD);
    const listed = (await api.call('member-keys.list', {}, admin)).data as { id: string; user_id: string }[];
    expect(listed.map(({ id }) => id).sort()).toEqual([owner.keyId, admin.keyId, developer.keyId].sort());
    expect((await api.call('member-keys.list', {}, developer)).status).toBe(403);
    expect((await api.call('member-keys.revoke', { id: developer.keyId }, admin)).status).toBe(204);
    expect((await api.call('vpcs.list', {}, developer)).status).toBe(401);
    expect((await api.call('member-keys.revoke', { id: developer.keyId }, admin)).status).toBe(404);
  });
});
