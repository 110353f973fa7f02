import { describe, expect, it } from 'vitest';
import { uniqueWord } from '../../testing/test-api.ts';
import { insertVpc } from './examples.ts';
import { setUpApi } from '../../testing/set-up-api.ts';

// What VPCs answer beyond what is generated; what they are to instances is in instances.pg.test.ts.

const { api, owner } = await setUpApi();

const SOME_ID = '0198c0de-0000-7000-8000-0000000abcde';
const refused = { status: 400, code: 'INVALID_INPUT' };

describe('the name of a VPC', () => {
  it.each(['Büro', 'my vpc', 'a', '服务器 1', '😀', 'a/b?c', "it's", '_', 'vpc-1', '𝒜'.repeat(64), SOME_ID.slice(1)])(
    'may be %s',
    async (name) => {
      const made = await api.call('vpcs.create', { name }, owner);
      expect(made, made.text).toMatchObject({ status: 201, data: { name } });
      expect((await api.call('vpcs.get', { id: name }, owner)).data.id).toBe(made.data.id);
      const other = await insertVpc(api.worldOf(owner));
      expect((await api.call('vpcs.update', { id: other, name }, owner)).status).toBe(409);
      expect(
        (
          await api.call(
            'vpcs.update',
            { id: other, name: `${Array.from(name).slice(0, 20).join('')}. ${uniqueWord()}` },
            owner,
          )
        ).status,
      ).toBe(200);
    },
  );

  it.each([
    '',
    ' ',
    '\u00a0',
    ' a',
    'a ',
    'a\u3000',
    'a\nb',
    'a\u0007',
    '\u0085',
    'a'.repeat(65),
    SOME_ID,
    SOME_ID.toUpperCase(),
    'vpc-00000000000abcde0',
  ])('may not be %j, neither of a new one nor of one that is there', async (name) => {
    expect(await api.call('vpcs.create', { name }, owner)).toMatchObject(refused);
    const id = await insertVpc(api.worldOf(owner));
    expect(await api.call('vpcs.update', { id, name }, owner)).toMatchObject(refused);
  });
});

describe('a VPC', () => {
  it('has a CIDR that is written in one way only', async () => {
    expect(await api.call('vpcs.create', { name: uniqueWord(), cidr_block: '010.0.0.0/16' }, owner)).toMatchObject({
      ...refused,
      message: expect.stringContaining('write 10.0.0.0/16'),
    });
  });

  it('is renamed without a look at its network, unless that has failed', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const rename = async (): Promise<number> => {
      const renamed = await api.call('vpcs.update', { id, name: uniqueWord() }, owner);
      expect(renamed, renamed.text).toMatchObject({ status: 200 });
      return (await api.owner.query('select 1 from reconcile where id = $1', [id])).rowCount!;
    };
    expect(await rename()).toBe(0);
    await api.owner.query(`update vpcs set status = 'error' where id = $1`, [id]);
    expect(await rename()).toBe(1);
  });

  it('is deleted with force as without it: what is in it stays in the way', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const inside = await api.call(
      'instances.launch',
      { name: `vm-${uniqueWord()}`, image: 'busybox', instance_type: 'basic-1', vpc_id: id },
      owner,
    );
    for (const query of ['force=true', 'force=false'])
      expect(await api.call('vpcs.delete', { id }, owner, { query })).toMatchObject({ status: 409, code: 'CONFLICT' });
    await api.call('instances.delete', { id: inside.data.id }, owner);
    expect(await api.call('vpcs.delete', { id }, owner, { query: 'force=maybe' })).toMatchObject(refused);
    expect((await api.call('vpcs.delete', { id }, owner, { query: 'force=true' })).status).toBe(200);
    expect((await api.call('vpcs.get', { id }, owner)).data.status).toBe('DELETING');
    expect(await api.call('vpcs.update', { id, name: uniqueWord() }, owner)).toMatchObject({
      status: 409,
      message: expect.stringContaining('is being deleted'),
    });
  });
});
