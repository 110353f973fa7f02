import { describe, expect, it } from 'vitest';
import { memberWith } from '../../testing/machines.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { insertInterface, insertVpc } from './examples.ts';

const { api, owner } = await setUpApi();

const launchIn = async (vpcId: string, name = `VM-${uniqueWord()}`) => {
  const input = { name, image: 'busybox', instance_type: 'basic-1', vpc_id: vpcId };
  const { status, text, data } = await api.call('instances.launch', input, owner);
  expect(status, text).toBe(202);
  return data as { id: string; name: string; private_ip: string };
};
const gone = async (id: string) => {
  await api.owner.query(
    `with gone as (delete from network_interfaces where owner_id = $1 returning tenant_id, vpc_id, address, mac)
     insert into released_addresses (tenant_id, vpc_id, address, mac) select * from gone`,
    [id],
  );
};

describe('what is in a VPC', () => {
  it('is listed with its addresses, its names and whose it is', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const { id: instanceId, name } = await launchIn(id);
    const hostname = name.toLowerCase();
    const { status, data } = await api.call('vpcs.interfaces', { id }, owner);
    expect(status).toBe(200);
    expect(data).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        private_ip: '10.0.0.2',
        mac_address: '02:5a:0a:00:00:02',
        resource_type: 'instance',
        resource_id: instanceId,
        resource_name: name,
        hostname,
        dns_name: `${hostname}.internal`,
        created_at: expect.stringMatching(/Z$/),
      },
    ]);
    // A name that is free again is not shown; the address is, until the machine is gone.
    await api.call('instances.delete', { id: instanceId }, owner);
    const [left] = (await api.call('vpcs.interfaces', { id }, owner)).data;
    expect(left).toMatchObject({ private_ip: '10.0.0.2', resource_id: instanceId });
    expect(left).not.toHaveProperty('hostname');
    expect(left).not.toHaveProperty('dns_name');
  });

  it('comes page by page in the order of addresses, also past one that has gone', async () => {
    const world = api.worldOf(owner);
    const id = await insertVpc(world);
    const hosts = [100, 9, 2, 30, 10];
    const owners = new Map<number, string>();
    for (const host of hosts) owners.set(host, await insertInterface(world, id, host));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await api.call('vpcs.interfaces', { id, limit: 2, ...(cursor ? { cursor } : {}) }, owner);
      seen.push(...page.data.map((one: { private_ip: string }) => one.private_ip));
      cursor = page.meta.next_cursor;
      if (seen.length === 2) await gone(owners.get(9)!);
    } while (cursor !== undefined);
    expect(seen).toEqual([2, 9, 10, 30, 100].map((host) => `10.0.0.${host}`));
    const wrong = Buffer.from('0198c0de-0000-7000-8000-0000000abcde').toString('base64url');
    expect(await api.call('vpcs.interfaces', { id, cursor: wrong }, owner)).toMatchObject({
      status: 400,
      code: 'INVALID_INPUT',
    });
  });

  it('has no name for who may not read it, and is nothing to another tenant', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const { id: instanceId, name } = await launchIn(id);
    const reader = await memberWith(api, owner, ['vpc:read']);
    const answer = await api.call('vpcs.interfaces', { id }, reader);
    expect(answer.data).toMatchObject([{ private_ip: '10.0.0.2', resource_type: 'instance' }]);
    for (const word of [instanceId, name, name.toLowerCase()]) expect(answer.text).not.toContain(word);
    const other = await api.makeActor();
    expect((await api.call('vpcs.interfaces', { id }, other)).status).toBe(404);
    expect((await api.call('vpcs.interfaces', { id: await insertVpc(api.worldOf(other)) }, owner)).status).toBe(404);
  });

  it('is counted with what rests and what is free, when one looks at a single VPC', async () => {
    const { data: vpc } = await api.call('vpcs.create', { name: uniqueWord(), cidr_block: '10.9.0.0/28' }, owner);
    const counts = async () => {
      const { data } = await api.call('vpcs.get', { id: vpc.name }, owner);
      return [data.addresses_in_use, data.addresses_resting, data.addresses_free];
    };
    expect(await counts()).toEqual([0, 0, 13]);
    const first = await launchIn(vpc.id);
    await launchIn(vpc.id);
    expect(await counts()).toEqual([2, 0, 11]);
    await gone(first.id);
    expect(await counts()).toEqual([1, 1, 11]);
    const [listed] = (await api.call('vpcs.list', { id: [vpc.id] }, owner)).data;
    expect(listed).not.toHaveProperty('addresses_in_use');
  });
});
