import { describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { insertVpc } from '../vpcs/examples.ts';
import { setUpApi } from '../../testing/set-up-api.ts';

// What may be said when an instance is launched, and by what instances are listed.

const { api, owner } = await setUpApi();

const launch = (more: object = {}, actor = owner) =>
  api.call(
    'instances.launch',
    { name: `vm-${uniqueWord()}`, image: 'busybox', instance_type: 'basic-1', ...more },
    actor,
  );
const SOME_ID = '0198c0de-0000-7000-8000-0000000abcde';
const refused = { status: 400, code: 'INVALID_INPUT' };

describe('the name of an instance', () => {
  it.each(['my_inst', 'wéb', 'Büro-2', '服务器', '_', '-x-', 'a'.repeat(64), '𝒜'.repeat(64)])(
    'may be %s',
    async (name) => {
      const made = await launch({ name });
      expect(made, made.text).toMatchObject({ status: 202, data: { name } });
      expect((await api.call('instances.get', { id: name }, owner)).data.id).toBe(made.data.id);
      expect((await launch({ name })).status).toBe(409);
    },
  );

  it.each(['', 'a b', 'a.b', 'a/b', '😀', 'a\n', ' a', 'a'.repeat(65), SOME_ID, SOME_ID.toUpperCase()])(
    'may not be %j',
    async (name) => {
      expect(await launch({ name })).toMatchObject(refused);
    },
  );
});

describe('the command of an instance', () => {
  it('has a program to begin with; what comes after may be empty', async () => {
    expect(await launch({ cmd: [''] })).toMatchObject(refused);
    expect(await launch({ cmd: ['', 'sh'] })).toMatchObject(refused);
    expect((await launch({ cmd: ['echo', ''] })).data.cmd).toEqual(['echo', '']);
    const { data } = await launch();
    expect(await api.call('instances.exec', { id: data.id, command: [''] }, owner)).toMatchObject(refused);
  });

  it('is in no audit row and in no event, refused ones included', async () => {
    const secret = `hidden-${uniqueWord()}`;
    const viewer = await api.makeMember(owner.tenantId, 'viewer');
    expect((await launch({ cmd: ['sh', '-c', secret] })).status).toBe(202);
    expect((await launch({ cmd: ['sh', '-c', secret] }, viewer)).status).toBe(403);
    const wrong = await launch({ cmd: ['sh', `${secret}\u0000`] });
    expect(wrong).toMatchObject(refused);
    expect(wrong.text).not.toContain(secret);
    const { rows } = await api.owner.query<{ text: string }>(
      `select metadata::text as text from audit_logs where action = 'instance.launch'
       union all select metadata::text from events where event_type = 'INSTANCE_LAUNCH'`,
    );
    expect(rows.length).toBeGreaterThan(2);
    for (const { text } of rows) expect(text).not.toContain(secret);
    expect(api.logLines.join('\n')).not.toContain(secret);
  });
});

describe.each(['labels', 'metadata'])('the %s of an instance', (member) => {
  it.each(['x', 'a b', 'kubernetes.io/name', 'é', 'k'.repeat(128)])('may have the key %j', async (key) => {
    expect((await launch({ [member]: { [key]: 'v' } })).data[member]).toEqual({ [key]: 'v' });
  });

  it.each([
    ['is empty', ''],
    ['has 129 characters', 'k'.repeat(129)],
    ['has 100,000 characters', 'k'.repeat(100_000)],
    ['has two lines', 'a\nb'],
  ])('may not have a key that %s', async (_, key) => {
    expect(await launch({ [member]: { [key]: 'v' } })).toMatchObject(refused);
    expect(await launch({ [member]: { fine: 'v', [key]: 'v' } })).toMatchObject(refused);
  });
});

describe('the name of an instance', () => {
  it.each([newId(), 'i-00000000000abcde0'])('may not be %s, which has the form of an id', async (name) => {
    expect(await launch({ name })).toMatchObject(refused);
  });

  it('may begin as an EC2 id does', async () => {
    expect((await launch({ name: 'i-1' })).data.name).toBe('i-1');
  });
});

describe('the instances of a VPC', () => {
  it('are listed by its id or its name; a VPC that is not there is 404, and so is a foreign one', async () => {
    const vpcId = await insertVpc(api.worldOf(owner));
    const { name } = (await api.call('vpcs.get', { id: vpcId }, owner)).data;
    const inside = await launch({ vpc_id: name });
    await launch();
    for (const ref of [vpcId, name]) {
      const listed = await api.call('instances.list', { vpc_id: ref }, owner);
      expect((listed.data as { id: string }[]).map((one) => one.id)).toEqual([inside.data.id]);
    }
    const foreign = await insertVpc(api.worldOf(await api.makeActor()));
    for (const ref of ['nowhere', newId(), foreign])
      expect(await api.call('instances.list', { vpc_id: ref }, owner)).toMatchObject({
        status: 404,
        code: 'NOT_FOUND',
        message: `VPC '${ref}' does not exist`,
      });
  });
});
