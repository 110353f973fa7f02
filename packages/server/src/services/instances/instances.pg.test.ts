import { describe, expect, it } from 'vitest';
import { uniqueWord } from '../../testing/test-api.ts';
import { insertVpc } from '../vpcs/examples.ts';
import { insertInstance } from './examples.ts';
import { setUpApi } from '../../testing/set-up-api.ts';

// What instances and VPCs answer beyond what is generated: rules of their own, through the door.

const { api, owner } = await setUpApi();

const launch = (more: object = {}, actor = owner) =>
  api.call(
    'instances.launch',
    { name: `vm-${uniqueWord()}`, image: 'busybox', instance_type: 'basic-1', ...more },
    actor,
  );
const wakes = async (id: string) =>
  Number((await api.owner.query('select wakes from reconcile where id = $1', [id])).rows[0]?.wakes ?? 0);

describe('launching', () => {
  it('answers STARTING at once, with all that was said, and wakes the reconcilers', async () => {
    const vpcId = await insertVpc(api.worldOf(owner));
    const { rows } = await api.owner.query('select name from vpcs where id = $1', [vpcId]);
    const answer = await launch({
      vpc_id: rows[0].name,
      env: ['A=1', 'B=x=y', 'C='],
      cmd: ['sleep', '1'],
      labels: { a: 'b' },
    });
    expect(answer).toMatchObject({
      status: 202,
      data: {
        status: 'STARTING',
        vpc_id: vpcId,
        private_ip: '10.0.0.2',
        env: ['A=1', 'B=x=y', 'C='],
        cmd: ['sleep', '1'],
        labels: { a: 'b' },
        version: 1,
        container_id: expect.any(String),
      },
    });
    expect([await wakes(answer.data.id), await wakes(vpcId)]).toEqual([1, 1]);
    expect((await launch({ vpc_id: vpcId })).data.private_ip).toBe('10.0.0.3');
    expect((await launch()).data).not.toHaveProperty('private_ip');
    expect(
      (await api.owner.query<{ mac: string }>('select mac::text from instances where id = $1', [answer.data.id]))
        .rows[0]!.mac,
    ).toMatch(/^02(:[0-9a-f]{2}){5}$/);
  });

  it('takes null and "" for what is left out, as the clients of the original send it', async () => {
    for (const vpc_id of ['', null]) {
      const answer = await launch({ vpc_id, instance_type: null, env: null, labels: null });
      expect(answer).toMatchObject({ status: 202, data: { instance_type: 'basic-2' } });
      expect(answer.data).not.toHaveProperty('vpc_id');
    }
    const asTheySend = { instance_type: '', ports: '', volumes: null, cmd: [], labels: {}, metadata: null };
    expect(await launch(asTheySend)).toMatchObject({ status: 202, data: { instance_type: 'basic-2' } });
    expect(await launch({ ports: '80:80' })).toMatchObject({ status: 400 });
    expect((await api.send('GET', '/instances?vpc_id=', { key: owner.key })).data.length).toBeGreaterThan(1);
  });

  it('takes basic-2 where nothing else is said', async () => {
    const answer = await api.call(
      'instances.launch',
      { name: uniqueWord().replace(/^\d/, 'a'), image: 'busybox' },
      owner,
    );
    expect(answer.data.instance_type).toBe('basic-2');
  });

  it('says what there is instead', async () => {
    expect(await launch({ image: 'windows' })).toMatchObject({
      status: 400,
      message: "image 'windows' is not in the catalogue; choose one of: busybox, debian/12",
    });
    expect(await launch({ instance_type: 'huge' })).toMatchObject({
      status: 400,
      message: expect.stringContaining('choose one of: basic-1, basic-2'),
    });
    expect(await launch({ vpc_id: 'nowhere' })).toMatchObject({ status: 404, message: "VPC 'nowhere' does not exist" });
    const name = `vm-${uniqueWord()}`;
    expect((await launch({ name })).status).toBe(202);
    expect(await launch({ name })).toMatchObject({
      status: 409,
      message: expect.stringContaining('choose another name'),
    });
    const stranger = await api.makeActor();
    expect(await launch({ vpc_id: await insertVpc(api.worldOf(stranger)) })).toMatchObject({ status: 404 });
  });

  it('gives a host name that no other has in its VPC, and that is free again when its instance is deleted', async () => {
    const [vpcId, elsewhere] = [await insertVpc(api.worldOf(owner)), await insertVpc(api.worldOf(owner))];
    const first = await launch({ name: 'App_1', vpc_id: vpcId });
    expect(first).toMatchObject({ status: 202, data: { hostname: 'app-1', dns_name: 'app-1.internal' } });
    const second = { name: 'app-1', vpc_id: vpcId };
    const { rows } = await api.owner.query<{ name: string }>('select name from vpcs where id = $1', [vpcId]);
    const taken = `name 'app-1' gives the host name 'app-1', which 'App_1' already has in the VPC '${rows[0]!.name}'; choose another name`;
    expect(await launch(second)).toMatchObject({ status: 409, code: 'CONFLICT', message: taken });
    const apart = await launch({ name: 'app-1', vpc_id: elsewhere });
    expect(apart).toMatchObject({ status: 202, data: { dns_name: 'app-1.internal' } });
    await api.call('instances.delete', { id: apart.data.id }, owner);
    await api.call('instances.delete', { id: first.data.id }, owner);
    const going = (await api.call('instances.get', { id: first.data.id }, owner)).data;
    expect(going).toMatchObject({ status: 'DELETING', hostname: 'app-1' });
    expect(going).not.toHaveProperty('dns_name');
    expect(await launch(second)).toMatchObject({ status: 202, data: { hostname: 'app-1' } });
    const outside = await launch({ name: 'App-1' });
    expect(outside).toMatchObject({ status: 202, data: { hostname: 'app-1' } });
    expect(outside.data).not.toHaveProperty('dns_name');
  });

  it('refuses a name whose host name means something else', async () => {
    for (const name of ['localhost', 'Gateway', 'router_'])
      expect(await launch({ name })).toMatchObject({
        status: 400,
        code: 'INVALID_INPUT',
        message: expect.stringMatching(/^name '.*' gives the host name '.*', which is reserved; choose another name$/),
      });
  });

  it('is refused by quotas: instances, vCPUs, memory, disk', async () => {
    const actor = await api.makeActor();
    await api.owner.query('delete from quotas where tenant_id = $1', [actor.tenantId]);
    for (let i = 0; i < 8; i++) expect((await launch({}, actor)).status).toBe(202);
    expect(await launch({}, actor)).toMatchObject({
      status: 429,
      code: 'QUOTA_EXCEEDED',
      message: expect.stringContaining("quota 'vcpus': 8 of 8 vCPUs are used"),
    });
    // What the input has wrong is told first: more room would not help.
    for (const wrong of [{ image: 'none' }, { instance_type: 'none' }, { name: actor.userId }])
      expect(await launch(wrong, actor)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    await api.owner.query(
      `insert into quotas (tenant_id, resource, max) values ($1, 'vcpus', 99), ($1, 'memory_mb', 4700)`,
      [actor.tenantId],
    );
    expect((await launch({}, actor)).status).toBe(202);
    expect(await launch({}, actor)).toMatchObject({ status: 429, message: expect.stringContaining("'memory_mb'") });
    await api.owner.query(`update quotas set max = 99999 where tenant_id = $1`, [actor.tenantId]);
    expect((await launch({}, actor)).status).toBe(202);
    expect(await launch({}, actor)).toMatchObject({
      status: 429,
      message: expect.stringContaining("quota 'instances': 10 of 10 instances are used"),
    });
    expect((await launch({}, actor)).headers['retry-after']).toBe('60');
    await api.owner.query(
      `insert into quotas (tenant_id, resource, max) values ($1, 'storage_gb', 85), ($1, 'instances', 99)`,
      [actor.tenantId],
    );
    const disk = "quota 'storage_gb': 80 of 85 GB of disk are used, and this needs 8 more";
    expect(await launch({}, actor)).toMatchObject({ status: 429, message: expect.stringContaining(disk) });
  });

  it('is refused by the last address, and by a host that has no room or cannot work', async () => {
    const vpcId = await insertVpc(api.worldOf(owner));
    await api.owner.query(`update vpcs set cidr_block = '10.0.0.0/28' where id = $1`, [vpcId]);
    for (let host = 2; host <= 14; host++)
      await api.owner.query(
        `insert into network_interfaces (tenant_id, vpc_id, owner_kind, owner_id, name, address, mac)
         values ($1, $2, 'instance', gen_random_uuid(), 'x', $3, $4)`,
        [owner.tenantId, vpcId, `10.0.0.${host}`, `02:00:00:00:00:${host + 10}`],
      );
    expect(await launch({ vpc_id: vpcId })).toMatchObject({
      status: 409,
      message: expect.stringContaining('no free address'),
    });
    const setHost = (state: string, reason: string | null, vcpus: number) =>
      api.owner.query('update hosts set state = $2, state_reason = $3, vcpus = $4 where id = $1', [
        api.hostId,
        state,
        reason,
        vcpus,
      ]);
    await setHost('up', null, 0);
    expect(await launch()).toMatchObject({
      status: 409,
      code: 'INSUFFICIENT_CAPACITY',
      message: expect.stringMatching(/^not enough CPU is free for this type, which needs 1 vCPU;/),
    });
    await setHost('unavailable', 'Incus is not installed: apt-get install incus', 100_000);
    const refused = await launch();
    expect(refused).toMatchObject({
      status: 503,
      code: 'ENGINE_UNAVAILABLE',
      message:
        'instances cannot be launched: no host can run them at the moment; try again, or ask the operator of the platform',
    });
    const asOperator = await api.makeActor({ platformRole: 'admin' });
    const told = await api.call('instances.launch', { name: uniqueWord(), image: 'busybox' }, asOperator);
    expect(told).toMatchObject({ status: 503, message: expect.stringContaining('apt-get install incus') });
    expect(refused.headers['retry-after']).toBe('30');
    await setHost('up', null, 100_000);
    expect((await launch()).status).toBe(202);
  });
});

describe('power', () => {
  it('that is already so changes nothing: no version, no wake', async () => {
    const id = await insertInstance(api.worldOf(owner));
    expect((await api.call('instances.start', { id }, owner)).data).toMatchObject({ version: 1, status: 'RUNNING' });
    expect(await wakes(id)).toBe(0);
    expect((await api.call('instances.stop', { id }, owner)).data).toMatchObject({ version: 2, status: 'STOPPING' });
    expect((await api.call('instances.stop', { id }, owner)).data).toMatchObject({ version: 2 });
    expect(await wakes(id)).toBe(1);
    expect(await api.call('instances.reboot', { id }, owner)).toMatchObject({
      status: 409,
      code: 'INSTANCE_NOT_RUNNING',
    });
  });

  it('after an error is tried again', async () => {
    const id = await insertInstance(api.worldOf(owner));
    await api.owner.query(`update instances set status = 'ERROR', status_reason = 'why' where id = $1`, [id]);
    expect((await api.call('instances.get', { id }, owner)).data).toMatchObject({
      status: 'ERROR',
      status_reason: 'why',
    });
    expect((await api.call('instances.start', { id }, owner)).data).toMatchObject({ version: 2, status: 'STARTING' });
    await api.owner.query(`update instances set status = 'ERROR', power = 'stopped' where id = $1`, [id]);
    expect((await api.call('instances.get', { id }, owner)).data.status).toBe('STOPPING');
  });

  it('is no longer asked for of one that is being deleted, which is seen until it is gone; its name is free at once', async () => {
    const id = await insertInstance(api.worldOf(owner));
    const { name } = (await api.call('instances.get', { id }, owner)).data;
    const remove = () => api.call('instances.delete', { id }, owner);
    expect((await api.call('instances.delete', { id: name }, owner)).data.message).toContain(name);
    expect((await api.call('instances.get', { id }, owner)).data).toMatchObject({ status: 'DELETING', version: 2 });
    expect((await api.call('instances.list', {}, owner)).data).toContainEqual(
      expect.objectContaining({ id, status: 'DELETING' }),
    );
    for (const verb of ['start', 'stop', 'reboot'])
      expect(await api.call(`instances.${verb}`, { id }, owner)).toMatchObject({
        status: 409,
        message: `instance '${name}' is being deleted`,
      });
    expect(await remove()).toMatchObject({ status: 200, data: { message: expect.stringContaining(name) } });
    expect((await api.call('instances.get', { id }, owner)).data.version).toBe(2);
    expect((await api.call('instances.get', { id: name }, owner)).status).toBe(404);
    expect((await launch({ name })).status).toBe(202);
    await api.owner.query('delete from instances where id = $1', [id]);
    expect([(await api.call('instances.get', { id }, owner)).status, (await remove()).status]).toEqual([404, 404]);
  });
});

describe('lists', () => {
  it('are cut to pages and by label, and say what comes next', async () => {
    const actor = await api.makeActor();
    for (let i = 0; i < 5; i++) await launch({ labels: { parity: i % 2 ? 'odd' : 'even' } }, actor);
    const list = (input: object) => api.call('instances.list', input as Record<string, unknown>, actor);
    const first = await list({ limit: 3 });
    const second = await list({ limit: 3, cursor: first.meta.next_cursor });
    expect([first.data.length, second.data.length, second.meta.next_cursor]).toEqual([3, 2, undefined]);
    expect((await list({ tag: 'parity:odd' })).data).toHaveLength(2);
    expect((await list({ tag: ['parity', 'parity:even'] })).data).toHaveLength(3);
    const types = await api.call('instance-types.list', { limit: 2 }, actor);
    expect(
      (await api.call('instance-types.list', { limit: 2, cursor: types.meta.next_cursor }, actor)).data[0].id >
        types.data[1].id,
    ).toBe(true);
    expect(types.data[0]).toMatchObject({ id: 'basic-1', price_per_hour: 0.005 });
  });
});

describe('VPCs', () => {
  it('are private networks with a name once and a CIDR that makes sense', async () => {
    const actor = await api.makeActor();
    const create = (input: object) => api.call('vpcs.create', input as Record<string, unknown>, actor);
    const made = await create({ name: 'one' });
    expect(made.data).toMatchObject({
      cidr_block: '10.0.0.0/16',
      status: 'pending',
      arn: expect.stringMatching(/^arn:aws:ec2:us-east-1:\d{12}:vpc\/vpc-[0-9a-f]{17}$/),
    });
    expect(await create({ name: 'one' })).toMatchObject({ status: 409 });
    expect(await create({ name: 'two', cidr_block: '10.0.0.1/16' })).toMatchObject({
      status: 400,
      message: expect.stringContaining('did you mean 10.0.0.0/16'),
    });
    expect((await create({ name: 'two', cidr_block: '10.0.0.0/16' })).status).toBe(201);
    expect(await api.call('vpcs.update', { id: 'two', name: 'one' }, actor)).toMatchObject({ status: 409 });
    expect((await api.call('vpcs.update', { id: 'two', name: 'three' }, actor)).data).toMatchObject({
      name: 'three',
      version: 2,
    });
    expect((await api.call('vpcs.list', {}, actor)).data).toHaveLength(2);
  });

  it('are two to a tenant that has no quota of its own', async () => {
    const actor = await api.makeActor();
    await api.owner.query('delete from quotas where tenant_id = $1', [actor.tenantId]);
    const statuses = await Promise.all(
      Array.from({ length: 4 }, async () => (await api.call('vpcs.create', { name: uniqueWord() }, actor)).status),
    );
    expect(statuses.sort()).toEqual([201, 201, 429, 429]);
    for (const wrong of [{ cidr_block: '10.0.0.0/8' }, { name: actor.userId }])
      expect(await api.call('vpcs.create', { name: uniqueWord(), ...wrong }, actor)).toMatchObject({ status: 400 });
  });

  it('are not deleted while something is in them, also when it comes at the same moment', async () => {
    const vpcId = await insertVpc(api.worldOf(owner));
    const inside = await launch({ vpc_id: vpcId });
    const second = await launch({ vpc_id: vpcId });
    expect(await api.call('vpcs.delete', { id: vpcId }, owner)).toMatchObject({
      status: 409,
      message: expect.stringContaining('still contains 2 instances; delete them first'),
    });
    for (const one of [inside, second]) await api.call('instances.delete', { id: one.data.id }, owner);
    const [deleted, launched] = await Promise.all([
      api.call('vpcs.delete', { id: vpcId }, owner),
      launch({ vpc_id: vpcId }),
    ]);
    expect([
      [200, 404],
      [409, 202],
    ]).toContainEqual([deleted.status, launched.status]);
  });
});
