import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId, sha256Hex } from '../../kernel/ids.ts';
import { listRows, markDeleted } from '../../kernel/resource.ts';
import { insertVpc } from '../vpcs/examples.ts';
import { orderedId, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { watchMethods } from '../../testing/watch-methods.ts';
import { INSTANCES } from './instance.ts';
import {
  createPgInstanceRepository,
  type InstanceRepository,
  type NewInstance,
  labelOfTag,
} from './instance-repository.pg.ts';

const watched = watchMethods(createPgInstanceRepository);
let db: Seeded;
let tenant: Tenant;
let hostId: string;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  hostId = await db.makeHost();
});
afterAll(() => db.drop());

const asApi = <T>(work: (instances: InstanceRepository) => Promise<T>, who = tenant) =>
  db.api.transaction(who, (sql) => work(watched.create(sql)));
const newInstance = (more: Partial<NewInstance> = {}): NewInstance => ({
  id: orderedId(),
  ...tenant,
  name: `vm-${uniqueWord()}`,
  image: 'busybox',
  instanceType: 'basic-1',
  containerId: `c-${uniqueWord()}`,
  vpcId: null,
  privateIp: null,
  mac: null,
  hostName: 'vm',
  hostId,
  env: { A: '1', B: 'x=y' },
  command: ['sh', '-c', 'true'],
  labels: {},
  metadata: {},
  at: new Date(5),
  ...more,
});
const insert = async (more: Partial<NewInstance> = {}, who = tenant) =>
  (await asApi((instances) => instances.insert(newInstance({ ...who, ...more })), who))!;
const requestDeletion = (id: string) =>
  db.worker.transaction({ tenantId: '*' }, (sql) => markDeleted(sql, INSTANCES, id, new Date()));
const world = (who = tenant) => ({ owner: db.owner, ...who, hostId, email: '', password: '', unique: uniqueWord });

describe('the repository of instances', () => {
  it('inserts all that is said, with a name once in a tenant', async () => {
    const vpcId = await insertVpc(world());
    const wanted = newInstance({
      vpcId,
      privateIp: '10.0.0.2',
      mac: '02:00:00:00:00:09',
      labels: { a: 'b' },
      metadata: { c: 'd' },
    });
    const row = await asApi((instances) => instances.insert(wanted));
    expect(row).toMatchObject({
      id: wanted.id,
      user_id: tenant.userId,
      tenant_id: tenant.tenantId,
      name: wanted.name,
      container_id: wanted.containerId,
      vpc_id: vpcId,
      private_ip: '10.0.0.2',
      mac: '02:00:00:00:00:09',
      env: { A: '1', B: 'x=y' },
      command: ['sh', '-c', 'true'],
      labels: { a: 'b' },
      metadata: { c: 'd' },
      status: 'STARTING',
      power: 'running',
      version: 1,
      observed_version: null,
      restart_generation: 0,
      created_at: new Date(5),
      phase_deadline: null,
    });
    expect(await asApi((instances) => instances.insert(newInstance({ name: wanted.name })))).toBeUndefined();
    expect((await insert({ command: null })).command).toBeNull();
    await requestDeletion(wanted.id);
    expect(await asApi((instances) => instances.insert(newInstance({ name: wanted.name })))).toBeDefined();
  });

  it('narrows a list by labels and by VPC, page by page', async () => {
    const who = await db.makeTenant();
    const vpcId = await insertVpc(world(who));
    const web = await insert({ labels: { tier: 'web', env: 'prod' }, vpcId }, who);
    const data = await insert({ labels: { tier: 'data', note: 'a:b' } }, who);
    const plain = await insert({}, who);
    const list = (tags: string[] = [], in_: string | null = null, limit = 10, after: string | null = null) =>
      db.api.transaction(who, async (sql) =>
        (
          await listRows(
            sql,
            INSTANCES,
            who.tenantId,
            { limit, after },
            { labels: (tags ?? []).map(labelOfTag), equal: in_ === null ? {} : { vpc_id: in_ } },
          )
        ).map((row) => row.id),
      );
    expect(await list()).toEqual([plain.id, data.id, web.id]);
    expect(await list(['tier'])).toEqual([data.id, web.id]);
    expect(await list(['tier:web'])).toEqual([web.id]);
    expect(await list(['tier:web', 'env:prod'])).toEqual([web.id]);
    expect(await list(['tier:web', 'env:test'])).toEqual([]);
    expect(await list(['note:a:b'])).toEqual([data.id]);
    expect(await list([], vpcId)).toEqual([web.id]);
    expect(await list([], null, 1)).toEqual([plain.id, data.id]);
    expect(await list([], null, 1, data.id)).toEqual([web.id]);
  });

  it('counts what a tenant uses, also of what is being deleted, until it is gone', async () => {
    const who = await db.makeTenant();
    const first = await insert({}, who);
    await insert({}, who);
    await insert({}, who);
    const all = { instances: 3, vcpus: 3, memoryMb: 1536, diskGb: 24 };
    expect(await asApi((instances) => instances.usage(who.tenantId), who)).toEqual(all);
    await requestDeletion(first.id);
    expect(await asApi((instances) => instances.usage(who.tenantId), who)).toEqual(all);
    await db.owner.query('delete from instances where id = $1', [first.id]);
    expect(await asApi((instances) => instances.usage(who.tenantId), who)).toEqual({
      instances: 2,
      vcpus: 2,
      memoryMb: 1024,
      diskGb: 16,
    });
    const nothing = { instances: 0, vcpus: 0, memoryMb: 0, diskGb: 0 };
    expect(await asApi((instances) => instances.usage(newId()), who)).toEqual(nothing);
  });

  it('knows the types', async () => {
    expect(await asApi((instances) => instances.findType('basic-1'))).toMatchObject({
      vcpus: 1,
      memory_mb: 512,
      disk_gb: 8,
      processes: 512,
    });
    expect(await asApi((instances) => instances.findType('no-such'))).toBeUndefined();
    const all = await asApi((instances) => instances.listTypes({ limit: 50, after: null }));
    expect(all.map((type) => type.id)).toEqual(all.map((type) => type.id).sort());
    expect(
      (await asApi((instances) => instances.listTypes({ limit: 1, after: all[1]!.id }))).map((type) => type.id),
    ).toEqual([all[2]!.id, all[3]!.id]);
  });

  it('writes wishes, each with a new version', async () => {
    const { id } = await insert();
    expect(await asApi((instances) => instances.setPower(id, 'stopped', new Date(8)))).toMatchObject({
      power: 'stopped',
      version: 2,
      updated_at: new Date(8),
    });
    expect(await asApi((instances) => instances.requestReboot(id, new Date(9)))).toMatchObject({
      restart_generation: 1,
      version: 3,
      updated_at: new Date(9),
    });
  });

  it('counts what is in a VPC, without what is to be deleted', async () => {
    const vpcId = await insertVpc(world());
    const first = await insert({ vpcId });
    await insert({ vpcId });
    await insert();
    expect(await asApi((instances) => instances.countIn(vpcId))).toBe(2);
    await requestDeletion(first.id);
    expect(await asApi((instances) => instances.countIn(vpcId))).toBe(1);
  });

  it('stops all of a tenant that run, as the operator, and nothing of another one', async () => {
    const one = await db.makeTenant();
    const { id } = await insert({}, one);
    await insert({}, one);
    const idle = await insert({}, one);
    await asApi((instances) => instances.setPower(idle.id, 'stopped', new Date(8)), one);
    const { id: foreign } = await insert();
    const key = uniqueWord();
    await db.owner.query(`update users set role = 'admin' where id = $1`, [one.userId]);
    await db.owner.query('insert into api_keys (user_id, tenant_id, key, all_tenants) values ($1, $2, $3, true)', [
      one.userId,
      one.tenantId,
      sha256Hex(key),
    ]);
    const stop = () =>
      db.operator.transaction(one, async (sql) => {
        await sql.query('test.show', 'select enter_proof($1, null, null, null)', [key]);
        return watched.create(sql).stopAll(one.tenantId, new Date(9));
      });
    expect(await stop()).toBe(2);
    expect(await stop(), 'again').toBe(0);
    const { rows } = await db.owner.query('select id, power from instances where id = any ($1) order by power', [
      [id, foreign],
    ]);
    expect(rows).toEqual([
      { id: foreign, power: 'running' },
      { id, power: 'stopped' },
    ]);
  });

  it('has a test for each of its methods', () => {
    expect(watched.untested()).toEqual([]);
  });
});
