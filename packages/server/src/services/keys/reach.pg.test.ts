import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { makeAwsKey, stsClient } from '../../testing/aws-clients.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, PASSWORD, uniqueWord } from '../../testing/test-api.ts';

const { api } = await setUpApi();

interface Made {
  readonly id: string;
  readonly key: string;
  readonly all_tenants: boolean;
  readonly made_with?: string;
}
const make = async (by: { readonly key: string }, more: object = {}, headers = {}): Promise<Made> => {
  const answer = await api.call('keys.create', { name: uniqueWord(), ...more }, by, { headers });
  expect(answer.status, answer.text).toBe(201);
  return answer.data;
};
const statusOf = async (by: { readonly key: string }, headers = {}) =>
  (await api.call('vpcs.list', {}, by, { headers })).status;
const isAlive = async (...keys: readonly { readonly key: string }[]) =>
  Promise.all(keys.map(async (key) => (await api.call('auth.me', {}, key)).status === 200));

/** Somebody with two tenants. */
async function makeTraveller(): Promise<{ actor: Actor; there: { 'x-tenant-id': string } }> {
  const [actor, other] = [await api.makeActor(), await api.makeActor()];
  await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'owner')`, [
    other.tenantId,
    actor.userId,
  ]);
  return { actor, there: { 'x-tenant-id': other.tenantId } };
}

describe('a key', () => {
  it('acts in its own tenant alone, by header and by path', async () => {
    const { actor, there } = await makeTraveller();
    const key = await make(actor);
    expect(key.all_tenants).toBe(false);
    expect(await statusOf(key)).toBe(200);
    expect(await statusOf(key, { 'x-tenant-id': actor.tenantId })).toBe(200);
    expect(await api.call('vpcs.list', {}, key, { headers: there })).toMatchObject({
      status: 403,
      message: `this API key acts only in the tenant '${actor.tenantId}'; to act in '${there['x-tenant-id']}', log in, or use a key of that tenant or one with all_tenants`,
    });
    expect((await api.call('members.list', { tenant: there['x-tenant-id'] }, key)).status).toBe(403);
    expect((await api.call('members.list', { tenant: actor.tenantId }, key)).status).toBe(200);
    const theirs = await make(actor, {}, there);
    expect([await statusOf(theirs), await statusOf(theirs, { 'x-tenant-id': actor.tenantId })]).toEqual([200, 403]);
  });

  it('of a tenant of which its user is no member is told so, as before', async () => {
    const [actor, stranger] = [await api.makeActor(), await api.makeActor()];
    const there = { headers: { 'x-tenant-id': stranger.tenantId } };
    expect(await api.call('vpcs.list', {}, await make(actor), there)).toMatchObject({
      status: 403,
      message: `you are not a member of the tenant '${stranger.tenantId}'`,
    });
  });

  it('acts in all tenants of its user if it was made so, and no more once that is taken from it', async () => {
    const { actor, there } = await makeTraveller();
    const key = await make(actor, { all_tenants: true });
    expect(await statusOf(key, there)).toBe(200);
    const temporary = (await api.call('keys.createSession', {}, key, { headers: there })).data;
    expect([temporary.all_tenants, await statusOf(temporary)]).toEqual([true, 200]);
    const bound = await api.call('keys.update', { id: key.id, all_tenants: false }, actor);
    expect(bound.data.all_tenants).toBe(false);
    expect([await statusOf(key), await statusOf(key, there), await statusOf(temporary)]).toEqual([200, 403, 401]);
  });

  it('that acts in one tenant gives itself and others no more', async () => {
    const { actor } = await makeTraveller();
    const [key, wide] = [await make(actor), await make(actor, { all_tenants: true })];
    const refused = { status: 403, message: expect.stringContaining('acts in its tenant alone, and cannot make') };
    for (const [verb, input] of [
      ['keys.create', { name: 'k', all_tenants: true }],
      ['keys.update', { id: key.id, all_tenants: true }],
      ['keys.update', { id: wide.id, name: 'mine' }],
      ['keys.rotate', { id: wide.id }],
    ] as const)
      expect(await api.call(verb, input, key), verb).toMatchObject(refused);
  });

  it('with permissions acts in one tenant: both at once are refused, and permissions bind it', async () => {
    const { actor, there } = await makeTraveller();
    const both = { name: 'k', permissions: ['vpc:read'], all_tenants: true };
    expect(await api.call('keys.create', both, actor)).toMatchObject({
      status: 400,
      message: 'a key with permissions acts in its tenant alone; leave out all_tenants or permissions',
    });
    const key = await make(actor, { all_tenants: true });
    const limited = await api.call('keys.update', { id: key.id, permissions: ['vpc:read'] }, actor);
    expect(limited.data.all_tenants).toBe(false);
    expect(await statusOf(key, there)).toBe(403);
  });

  it('keeps its reach when it is rotated', async () => {
    const { actor } = await makeTraveller();
    for (const all_tenants of [true, false]) {
      const key = await make(actor, { all_tenants });
      expect((await api.call('keys.rotate', { id: key.id }, actor)).data.all_tenants).toBe(all_tenants);
    }
  });

  it('runs the platform only if it acts in all tenants', async () => {
    const operator = await api.makeActor({ platformRole: 'admin' });
    expect(await api.call('hosts.list', {}, await make(operator))).toMatchObject({
      status: 403,
      message: 'this API key acts in its tenant alone; to run the platform, use a key with all_tenants or log in',
    });
    expect((await api.call('hosts.list', {}, await make(operator, { all_tenants: true }))).status).toBe(200);
  });
});

it('the session of a login switches tenants', async () => {
  const { actor, there } = await makeTraveller();
  const { data } = await api.call('auth.login', { email: actor.email, password: PASSWORD }, undefined);
  const session = { key: data.api_key as string };
  expect([await statusOf(session), await statusOf(session, there)]).toEqual([200, 200]);
  const shown = ((await api.call('keys.list', {}, session)).data as { kind: string; all_tenants: boolean }[]).filter(
    ({ kind }) => kind === 'session',
  );
  expect(shown).toMatchObject([{ all_tenants: true }]);
});

describe('a key that is revoked', () => {
  it('takes along what was made with it, and with that, and says how many', async () => {
    const actor = await api.makeActor();
    const leaked = await make(actor);
    const child = await make(leaked);
    const grandchild = await make(child);
    const temporary = (await api.call('keys.createSession', {}, grandchild)).data;
    const beside = await make(actor);
    expect([child.made_with, grandchild.made_with]).toEqual([leaked.id, child.id]);
    expect(await api.call('keys.revoke', { id: leaked.id }, actor)).toMatchObject({
      status: 200,
      data: { descendants_revoked: 2 },
    });
    expect(await isAlive(leaked, child, grandchild, temporary, beside)).toEqual([false, false, false, false, true]);
    const { rows } = await api.owner.query(
      `select metadata from audit_logs where action = 'api_key.revoke' and resource_id = $1`,
      [leaked.id],
    );
    expect(rows).toEqual([{ metadata: { id: leaked.id, descendants_revoked: 2 } }]);
  });

  it('leaves them if that is asked for; they still end with the one that it was made with', async () => {
    const actor = await api.makeActor();
    const first = await make(actor);
    const second = await make(first);
    const third = await make(second);
    expect((await api.call('keys.revoke', { id: second.id, descendants: false }, actor)).status).toBe(204);
    expect(await isAlive(first, second, third)).toEqual([true, false, true]);
    // What has ended is removed in time.
    await api.owner.query('delete from api_keys where id = $1', [second.id]);
    expect((await api.call('keys.revoke', { id: first.id }, actor)).data).toEqual({ descendants_revoked: 1 });
    expect(await isAlive(third)).toEqual([false]);
  });

  it('takes along what was made with it in another tenant', async () => {
    const { actor, there } = await makeTraveller();
    const leaked = await make(actor, { all_tenants: true });
    const child = await make(leaked, {}, there);
    expect((await api.call('keys.revoke', { id: leaked.id }, actor)).data).toEqual({ descendants_revoked: 1 });
    expect(await isAlive(child)).toEqual([false]);
  });

  it('by who manages the tenant takes along those of this tenant', async () => {
    const { actor, there } = await makeTraveller();
    const admin = await api.makeMember(actor.tenantId, 'admin');
    const leaked = await make(actor, { all_tenants: true });
    const [here, elsewhere] = [await make(leaked), await make(leaked, {}, there)];
    expect((await api.call('member-keys.revoke', { id: leaked.id }, admin)).data).toEqual({ descendants_revoked: 1 });
    expect(await isAlive(leaked, here, elsewhere)).toEqual([false, false, true]);
  });

  it('had been rotated: the new one keeps what was made with the old one, also during the overlap', async () => {
    const actor = await api.makeActor();
    const old = await make(actor);
    const child = await make(old);
    const fresh = (await api.call('keys.rotate', { id: old.id, overlap_seconds: 60 }, actor)).data;
    const late = await make(old);
    expect(await isAlive(old, child, fresh)).toEqual([true, true, true]);
    expect((await api.call('keys.revoke', { id: fresh.id }, actor)).data).toEqual({ descendants_revoked: 3 });
    expect(await isAlive(old, child, fresh, late)).toEqual([false, false, false, false]);
  });

  it('takes along a key that was rotated with it, for its holder saw the new one', async () => {
    const actor = await api.makeActor();
    const [leaked, other] = [await make(actor), await make(actor)];
    const seen = (await api.call('keys.rotate', { id: other.id }, leaked)).data;
    await api.call('keys.revoke', { id: leaked.id }, actor);
    expect(await isAlive(seen)).toEqual([false]);
  });

  it('spares the key that revokes it, and what was made with that: a program replaces its key by hand', async () => {
    const actor = await api.makeActor();
    const old = await make(actor);
    const [fresh, beside] = [await make(old), await make(old)];
    const child = await make(fresh);
    expect((await api.call('keys.revoke', { id: old.id }, fresh)).data).toEqual({ descendants_revoked: 1 });
    expect(await isAlive(old, fresh, child, beside)).toEqual([false, true, true, false]);
  });

  it('does the same at the AWS door', async () => {
    const key = await makeAwsKey(api, await api.makeActor());
    const child = (await api.call('keys.create', { name: 'child' }, key)).data;
    const asChild = () =>
      stsClient(api, { accessKeyId: child.aws_access_key_id, secretAccessKey: child.aws_secret_access_key }).send(
        new GetCallerIdentityCommand(),
      );
    expect((await asChild()).UserId).toBe(key.actor.userId);
    await api.call('keys.revoke', { id: key.keyId }, key.actor);
    await expect(asChild()).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  });
});
