import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../testkit/src/index.ts';
import { type Actor, startTestApi, type TestApi } from '../testing/test-api.ts';
import { newId } from './ids.ts';

let database: TestDatabase;
let api: TestApi;
let owner: Actor;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ database });
  owner = await api.makeActor();
});
afterAll(async () => {
  await api.stop();
  await database.drop();
});

const tail = (id: string) => id.replaceAll('-', '').slice(15, 27);

it('every operation takes a part of an id, also for what its service finds by itself', async () => {
  const vpc = (await api.call('vpcs.create', { name: 'main' }, owner)).data;
  expect((await api.call('vpcs.get', { id: tail(vpc.id) }, owner)).data).toMatchObject({ id: vpc.id, name: 'main' });
  const launched = await api.call('instances.launch', { name: 'web', image: 'busybox', vpc_id: tail(vpc.id) }, owner);
  expect(launched.data).toMatchObject({ vpc_id: vpc.id });
  expect((await api.call('instances.list', { vpc_id: vpc.id.slice(0, 23) }, owner)).data).toHaveLength(1);
  const [kept, revoked] = [
    (await api.call('keys.create', { name: 'kept' }, owner)).data,
    (await api.call('keys.create', { name: 'revoked' }, owner)).data,
  ];
  expect((await api.call('keys.revoke', { id: tail(revoked.id) }, owner)).status).toBeLessThan(300);
  const left = (await api.call('keys.list', {}, owner)).data.map(({ id }: { id: string }) => id);
  expect(left).toContain(kept.id);
  expect(left).not.toContain(revoked.id);
});

it('several that fit are listed to who may do it, and to nobody else; nothing changes', async () => {
  const start = newId().slice(0, 24);
  const names = ['secret-a', 'secret-b'];
  for (const [nth, name] of names.entries())
    await api.owner.query(
      `insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id) values ($1, $2, $3, $4, '10.9.0.0/16', 'n')`,
      [`${start}${nth}${newId().slice(25)}`, owner.userId, owner.tenantId, name],
    );
  const refused = await api.call('vpcs.delete', { id: start }, owner);
  expect(refused.status).toBe(400);
  expect(refused.code).toBe('INVALID_INPUT');
  for (const name of names) expect(refused.message).toContain(`(${name})`);
  const viewer = await api.makeMember(owner.tenantId, 'viewer');
  const denied = await api.call('vpcs.delete', { id: start }, viewer);
  expect(denied.status).toBe(403);
  expect(denied.text).not.toContain('secret-');
  const stranger = await api.makeActor();
  expect((await api.call('vpcs.delete', { id: start }, stranger)).status).toBe(404);
  const { rows } = await api.owner.query('select name from vpcs where name = any($1) and deleted_at is null', [names]);
  expect(rows).toHaveLength(2);
});
