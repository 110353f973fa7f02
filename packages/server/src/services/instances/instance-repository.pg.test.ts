import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ec2Id, newId } from '../../kernel/ids.ts';
import { insertVpc } from '../vpcs/examples.ts';
import { orderedId, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { watchMethods } from '../../testing/watch-methods.ts';
import type { InstanceTypeRow } from './instance.ts';
import { createPgInstanceRepository } from './instance-repository.pg.ts';
import type { InstanceRepository, NewInstance } from './instance-repository.ts';

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
const asWorker = <T>(work: (instances: InstanceRepository) => Promise<T>) =>
  db.worker.transaction({ tenantId: '*' }, (sql) => work(watched.create(sql)));
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
    await asApi((instances) => instances.markDeleted(wanted.id, new Date()));
    expect(await asApi((instances) => instances.insert(newInstance({ name: wanted.name })))).toBeDefined();
  });

  it('finds by id and by name, nothing deleted, nothing of others', async () => {
    const row = await insert();
    const find = (ref: string, who = tenant) => asApi((instances) => instances.find(who.tenantId, ref), who);
    expect((await find(row.id))?.id).toBe(row.id);
    expect((await find(row.name))?.id).toBe(row.id);
    expect(await find(row.id, await db.makeTenant())).toBeUndefined();
    await asApi((instances) => instances.markDeleted(row.id, new Date(7)));
    expect(await find(row.id)).toBeUndefined();
    expect(await asWorker((instances) => instances.load(row.id))).toMatchObject({
      deleted_at: new Date(7),
      version: 2,
    });
  });

  it('finds by EC2 id, and lists those that are asked for', async () => {
    const who = await db.makeTenant();
    const [one, two] = [await insert({ labels: { tier: 'web' } }, who), await insert({}, who)];
    const list = (ids: string[], tags: string[] = [], as = who) =>
      asApi(
        async (instances) =>
          (await instances.list(as.tenantId, { ids, tags, vpcId: null }, { limit: 9, after: null })).map(
            ({ id }) => id,
          ),
        as,
      );
    const find = (ref: string) => asApi((instances) => instances.find(who.tenantId, ref), who);
    expect((await find(ec2Id('i', one.id)))?.id).toBe(one.id);
    expect(await list([ec2Id('i', one.id), two.id, 'nothing'])).toEqual([two.id, one.id]);
    expect(await list([one.id, two.id], ['tier'])).toEqual([one.id]);
    expect(await list([])).toEqual([]);
    expect(await list([one.id, ec2Id('i', two.id)], [], await db.makeTenant())).toEqual([]);
  });

  it('lists by page, label and VPC', async () => {
    const who = await db.makeTenant();
    const vpcId = await insertVpc(world(who));
    const web = await insert({ labels: { tier: 'web', env: 'prod' }, vpcId }, who);
    const data = await insert({ labels: { tier: 'data', note: 'a:b' } }, who);
    const plain = await insert({}, who);
    const list = (tags: string[] = [], in_: string | null = null, limit = 10, after: string | null = null) =>
      asApi(
        async (instances) =>
          (await instances.list(who.tenantId, { tags, vpcId: in_ }, { limit, after })).map((row) => row.id),
        who,
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
    expect(await asApi((instances) => instances.usage(who.tenantId), who)).toEqual({
      instances: 3,
      vcpus: 3,
      memoryMb: 1536,
    });
    await asApi((instances) => instances.markDeleted(web.id, new Date()), who);
    expect(await asApi((instances) => instances.usage(who.tenantId), who)).toEqual({
      instances: 2,
      vcpus: 2,
      memoryMb: 1024,
    });
    expect(await asApi((instances) => instances.usage(newId()), who)).toEqual({ instances: 0, vcpus: 0, memoryMb: 0 });
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

  it('gives out the lowest free address, to the last one', async () => {
    const vpcId = await insertVpc(world());
    const free = () => asApi((instances) => instances.freeAddress(vpcId, '10.0.0.2', '10.0.0.5'));
    const taken: string[] = [];
    const ids = new Map<string, string>();
    for (let i = 0; i < 4; i++) {
      const address = (await free())!;
      taken.push(address);
      ids.set(address, (await insert({ vpcId, privateIp: address })).id);
    }
    expect(taken).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']);
    expect(await free()).toBeUndefined();
    // An address is free again when the row is gone, not when it is to be deleted.
    await asApi((instances) => instances.markDeleted(ids.get('10.0.0.4')!, new Date()));
    expect(await free()).toBeUndefined();
    await asWorker((instances) => instances.remove(ids.get('10.0.0.4')!));
    expect(await free()).toBe('10.0.0.4');
    expect(
      await asApi(async (instances) => instances.freeAddress(await insertVpc(world()), '10.0.0.2', '10.0.0.5')),
    ).toBe('10.0.0.2');
  });

  it('always gives out the lowest free address (property)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 2, max: 14 }), { maxLength: 13 }), async (used) => {
        const vpcId = await insertVpc(world());
        for (const host of used) await insert({ vpcId, privateIp: `10.0.0.${host}` });
        const lowest = Array.from({ length: 13 }, (_, index) => index + 2).find((host) => !used.includes(host));
        expect(await asApi((instances) => instances.freeAddress(vpcId, '10.0.0.2', '10.0.0.14'))).toBe(
          lowest === undefined ? undefined : `10.0.0.${lowest}`,
        );
      }),
      { numRuns: 12 },
    );
  });

  it('places where there is room, and says why not', async () => {
    const type: InstanceTypeRow = (await asApi((instances) => instances.findType('basic-1')))!;
    const place = (host: string | null, wanted = type) => asApi((instances) => instances.place(host, wanted));
    const small = await db.makeHost({ vcpus: 1, memoryMb: 512, diskGb: 8 });
    expect(await place(small)).toEqual({ hostId: small });
    expect(await place(null)).toEqual({ hostId });
    expect(await place(small, { ...type, vcpus: 2 })).toEqual({
      refusal: expect.stringMatching(/^capacity:the host .* has 1 vCPUs left to promise, and this type needs 2$/),
    });
    expect(await place(small, { ...type, memory_mb: 513 })).toEqual({
      refusal: expect.stringContaining('512 MB of memory left'),
    });
    expect(await place(small, { ...type, disk_gb: 9 })).toEqual({
      refusal: expect.stringContaining('8 GB of disk left'),
    });
    const { id } = await insert({ hostId: small });
    await asApi((instances) => instances.markDeleted(id, new Date()));
    // Still there until its reconciler has seen it go.
    expect(await place(small)).toEqual({ refusal: expect.stringContaining('has 0 vCPUs left') });
    const down = await db.makeHost({ state: 'unavailable', reason: 'no Incus' });
    expect(await place(down)).toEqual({ refusal: 'unavailable:no Incus' });
    const silent = await db.makeHost({ state: 'unavailable' });
    expect(await place(silent)).toEqual({ refusal: expect.stringMatching(/^unavailable:the host .* is unavailable$/) });
    expect(await place(newId())).toEqual({ refusal: expect.stringContaining('no worker has registered') });
  });

  it('never promises the last place twice', async () => {
    const tight = await db.makeHost({ vcpus: 3, memoryMb: 512 * 3, diskGb: 8 * 3 });
    const type = (await asApi((instances) => instances.findType('basic-1')))!;
    const launches = await Promise.all(
      Array.from({ length: 8 }, () =>
        asApi(async (instances) => {
          const placed = await instances.place(tight, type);
          if ('hostId' in placed) await instances.insert(newInstance({ hostId: placed.hostId }));
          return 'hostId' in placed;
        }),
      ),
    );
    expect(launches.filter(Boolean)).toHaveLength(3);
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

  it('writes what was seen, and never the version', async () => {
    const { id } = await insert();
    const write = (status: 'RUNNING' | 'ERROR') =>
      asWorker((instances) =>
        instances.writeStatus(id, {
          status,
          reason: 'r',
          observedVersion: 1,
          observedRestart: 0,
          startedAt: new Date(3),
          phaseDeadline: new Date(4),
        }),
      );
    await write('ERROR');
    const failedAt = async () =>
      (await db.owner.query('select failed_at from instances where id = $1', [id])).rows[0]!.failed_at;
    expect(await failedAt()).toBeInstanceOf(Date);
    await write('RUNNING');
    expect(await failedAt()).toBeNull();
    expect(await asWorker((instances) => instances.load(id))).toMatchObject({
      status: 'RUNNING',
      status_reason: 'r',
      observed_version: 1,
      started_at: new Date(3),
      phase_deadline: new Date(4),
      version: 1,
    });
  });

  it('removes only what is to be deleted', async () => {
    const { id } = await insert();
    await asWorker((instances) => instances.remove(id));
    expect(await asWorker((instances) => instances.load(id))).toBeDefined();
    await asApi((instances) => instances.markDeleted(id, new Date()));
    await asWorker((instances) => instances.remove(id));
    expect(await asWorker((instances) => instances.load(id))).toBeUndefined();
  });

  it('shows a host its instances in turn, and finds one by its machine', async () => {
    const own = await db.makeHost();
    const rows = [await insert({ hostId: own }), await insert({ hostId: own })];
    const ids = rows.map((row) => row.id).sort();
    await asWorker((instances) =>
      instances.writeStatus(ids[0]!, {
        status: 'RUNNING',
        reason: null,
        observedVersion: 1,
        observedRestart: 0,
        startedAt: null,
        phaseDeadline: null,
      }),
    );
    const first = await asWorker((instances) => instances.onHost(own, null, 1));
    expect(first).toMatchObject([
      { id: ids[0], tenant_id: tenant.tenantId, status: 'RUNNING', power: 'running', deleted: false, settled: true },
    ]);
    expect(await asWorker((instances) => instances.onHost(own, ids[0]!, 9))).toMatchObject([
      { id: ids[1], settled: false },
    ]);
    expect(await asWorker((instances) => instances.findByContainer(rows[0]!.container_id!))).toEqual({
      id: rows[0]!.id,
      tenant_id: tenant.tenantId,
    });
    expect(await asWorker((instances) => instances.findByContainer('nobody'))).toBeUndefined();
  });

  it('has a test for each of its methods', () => {
    expect(watched.untested()).toEqual([]);
  });
});
