import { describe, expect, it } from 'vitest';
import { memberWith } from '../../testing/machines.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, uniqueWord } from '../../testing/test-api.ts';
import { ec2Id } from '../../kernel/ids.ts';

const { api, owner } = await setUpApi();

const search = async (q: string, actor: Pick<Actor, 'key'> = owner, more: object = {}) => {
  const { status, text, data } = await api.call('search.find', { q, ...more }, actor);
  expect(status, text).toBe(200);
  return data as { kind: string; service: string; id: string; name: string; detail?: string }[];
};
const namesOf = async (q: string, actor?: Pick<Actor, 'key'>, more?: object) =>
  (await search(q, actor, more)).map(({ name }) => name);

const insert = async (table: 'vpcs' | 'instances', name: string, { tenantId, userId }: Actor = owner) => {
  const columns =
    table === 'vpcs' ? 'cidr_block, network_id, arn, status' : 'image, container_id, status, instance_type';
  const values = table === 'vpcs' ? `'10.0.0.0/16', 'n', 'a', 'active'` : `'busybox', 'c', 'RUNNING', 'basic-1'`;
  const { rows } = await api.owner.query<{ id: string }>(
    `insert into ${table} (user_id, tenant_id, name, ${columns}) values ($1, $2, $3, ${values}) returning id`,
    [userId, tenantId, name],
  );
  return rows[0]!.id;
};

describe('a search', () => {
  it('finds resources of all kinds by their names, with what tells them apart', async () => {
    const actor = await api.makeActor();
    const word = `zebra${uniqueWord().replaceAll('-', '')}`;
    const vpc = await insert('vpcs', `${word} net`, actor);
    const instance = await insert('instances', word, actor);
    const role = { name: `${word}-role`, permissions: ['vpc:read'] };
    const roleId = (await api.call('roles.create', role, actor)).data.id;
    const key = (await api.call('keys.create', { name: `${word}-key` }, actor)).data;
    const invited = { tenant: actor.tenantId, email: `${word}@example.com`, role: 'viewer' };
    const invitation = (await api.call('invitations.create', invited, actor)).data.id;
    expect(await search(word, actor)).toEqual([
      { kind: 'instance', service: 'instances', id: instance, name: word, detail: 'RUNNING' },
      { kind: 'api_key', service: 'keys', id: key.id, name: `${word}-key`, detail: `api ${key.prefix}` },
      { kind: 'role', service: 'roles', id: roleId, name: `${word}-role` },
      { kind: 'invitation', service: 'invitations', id: invitation, name: invited.email, detail: 'viewer' },
      { kind: 'vpc', service: 'vpcs', id: vpc, name: `${word} net`, detail: '10.0.0.0/16' },
    ]);
    expect(await search(actor.email.slice(2), actor, { kind: 'member' })).toMatchObject([
      { service: 'members', id: actor.userId, name: actor.email, detail: expect.stringContaining('owner') },
    ]);
    expect(await search('basic-1', actor, { kind: 'instance_type' })).toMatchObject([{ id: 'basic-1' }]);
  });

  it('takes any case, the beginning before the middle, the whole name first, and never more than asked for', async () => {
    const actor = await api.makeActor();
    for (const name of ['my-Falke', 'FALKE-2', 'falke', 'Falke-1', 'falken']) await insert('instances', name, actor);
    const only = { kind: 'instance' };
    expect(await namesOf('falKE', actor, only)).toEqual(['falke', 'Falke-1', 'FALKE-2', 'falken', 'my-Falke']);
    expect(await namesOf('  falke-  ', actor, only)).toEqual(['Falke-1', 'FALKE-2']);
    expect(await namesOf('falke', actor, { limit: 2 })).toEqual(['falke', 'Falke-1']);
    expect(await namesOf('ALK', actor, only)).toHaveLength(5);
    expect(await namesOf(' ', actor)).toEqual([]);
    for (let n = 0; n < 30; n++) await insert('instances', `falke-many-${n}`, actor);
    expect(await namesOf('falke', actor)).toHaveLength(20);
    // Many of one kind do not hide another.
    await insert('vpcs', 'falke net', actor);
    expect((await search('falke', actor)).map(({ kind }) => kind)).toContain('vpc');
  });

  it('takes no letters of a word for digits of an id', async () => {
    const actor = await api.makeActor();
    // Its id has all that a hexadecimal digit can be.
    await api.owner.query(
      `insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id, arn, status)
       values ('01234567-89ab-7cde-8fdb-aebecedeabef', $1, $2, 'the-db-net', '10.0.0.0/16', 'n', 'a', 'active')`,
      [actor.userId, actor.tenantId],
    );
    await insert('vpcs', 'db-main', actor);
    expect(await namesOf('db', actor, { kind: 'vpc' })).toEqual(['db-main', 'the-db-net']);
    expect(await namesOf('db', actor, { kind: 'vpc', limit: 1 })).toEqual(['db-main']);
  });

  it('shows the best of a kind with many that fit', async () => {
    const actor = await api.makeActor();
    const word = `kudu${uniqueWord().replaceAll('-', '')}`;
    for (const name of [word, `${word}-next`, ...Array.from({ length: 5 }, (_, n) => `my-${word}-${n}`)])
      expect((await api.call('keys.create', { name }, actor)).status).toBe(201);
    expect(await namesOf(word, actor, { kind: 'api_key', limit: 2 })).toEqual([word, `${word}-next`]);
  });

  it.each(['100%', 'a_b', 'back\\slash', "it's", '😀 net', 'Ärger'])('takes %s for what it is', async (name) => {
    const actor = await api.makeActor();
    await insert('vpcs', name, actor);
    await insert('vpcs', '100 other a-b back slash its', actor);
    const letters = Array.from(name);
    for (const part of [letters, letters.slice(0, 3), letters.slice(1), letters.slice(-3)].map((some) => some.join('')))
      expect(await namesOf(part, actor, { kind: 'vpc' }), part).toContain(name);
    expect(await namesOf(name, actor, { kind: 'vpc' })).toEqual([name]);
  });

  it('finds by an id, a part of it, and its EC2 form', async () => {
    const actor = await api.makeActor();
    const launched = await api.call(
      'instances.launch',
      { name: 'by-id', image: 'busybox', instance_type: 'basic-1' },
      actor,
    );
    const { id } = launched.data as { id: string };
    const digits = id.replaceAll('-', '');
    for (const part of [id, id.slice(0, 23), digits.slice(-17, -5), ec2Id('i', id), ec2Id('i', id).slice(0, 12)])
      expect(
        (await search(part, actor)).map((one) => one.id),
        part,
      ).toEqual([id]);
    expect(await search(actor.userId, actor)).toMatchObject([{ kind: 'member', id: actor.userId }]);
    // Fewer digits are words.
    expect(await search(digits.slice(0, 7), actor)).toEqual([]);
  });

  it('leaves out what is being deleted, and all that is of another tenant', async () => {
    const [actor, other] = [await api.makeActor(), await api.makeActor()];
    const word = uniqueWord();
    const mine = await insert('vpcs', `${word}-mine`, actor);
    const its = await insert('vpcs', `${word}-its`, other);
    expect(await namesOf(word, actor)).toEqual([`${word}-mine`]);
    expect(await search(its, actor)).toEqual([]);
    expect(await search(other.email, actor)).toEqual([]);
    await api.call('vpcs.delete', { id: mine }, actor);
    expect(await namesOf(word, actor)).toEqual([]);
    expect(await search(mine, actor)).toEqual([]);
  });

  it('shows what the caller may read, and no more: by the role, and by the key', async () => {
    const actor = await api.makeActor();
    await insert('vpcs', 'shared-net', actor);
    const instance = await insert('instances', 'shared-vm', actor);
    const limited = await api.call('keys.create', { name: 'shared-key', permissions: ['vpc:read'] }, actor);
    const reader = await memberWith(api, actor, ['vpc:read']);
    for (const who of [{ key: limited.data.key as string }, reader]) {
      expect(await namesOf('shared', who)).toEqual(['shared-net']);
      expect(await search(instance, who)).toEqual([]);
      expect(await search('shared', who, { kind: 'instance' })).toEqual([]);
    }
    await reader.takeAway();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await namesOf('shared', reader)).toEqual([]);
  });

  it('is refused in a suspended tenant, and for a kind that does not exist', async () => {
    const actor = await api.makeActor();
    expect(await api.call('search.find', { q: 'x', kind: 'nothing' }, actor)).toMatchObject({
      status: 400,
      message: expect.stringMatching(/kind 'nothing' cannot be searched; choose one of: .*instance/),
    });
    await api.owner.query(`update tenants set status = 'suspended' where id = $1`, [actor.tenantId]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await api.call('search.find', { q: 'x' }, actor)).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });

  it('finds the beginning of a name among all, and its middle among the newest 1,000', async () => {
    const actor = await api.makeActor();
    await api.owner.query(
      `insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id, arn, status)
       select (lpad(to_hex(1700000000000 + n), 12, '0') || '7000800000000000' || lpad(to_hex(n), 4, '0'))::uuid, $1, $2, 'many-' || n, '10.0.0.0/16', 'n', 'a', 'active'
       from generate_series(1, 1500) as n`,
      [actor.userId, actor.tenantId],
    );
    expect(await namesOf('many-7', actor)).toHaveLength(20);
    expect(await namesOf('MANY-17', actor)).toContain('many-17');
    expect(await namesOf('ny-1499', actor)).toEqual(['many-1499']);
    expect(await namesOf('ny-17', actor)).not.toContain('many-17');
  });
});
