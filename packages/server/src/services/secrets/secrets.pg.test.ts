import { describe, expect, it } from 'vitest';
import { prune } from '../../kernel/retention.ts';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Answer, uniqueWord } from '../../testing/test-api.ts';

const { api, owner, database } = await setUpApi();

type Input = Readonly<Record<string, unknown>>;
const call = (verb: string, input: Input, actor = owner): Promise<Answer> => api.call(`secrets.${verb}`, input, actor);
async function good(verb: string, input: Input) {
  const answer = await call(verb, input);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.data;
}
const make = (more: Input = { value: 'hidden' }) => good('create', { name: `s-${uniqueWord()}`, ...more });
const valueOf = async (id: string, which: Input = {}) => (await good('reveal', { id, ...which })).value;
const refused = async (verb: string, input: Input, status: number, code: string, words: string) => {
  const answer = await call(verb, input);
  expect([answer.status, answer.code], answer.text).toEqual([status, code]);
  expect(answer.message).toContain(words);
};
const auditsOf = async (id: string): Promise<readonly string[]> =>
  (
    await api.owner.query(`select action from audit_logs where resource_id = $1 and outcome = 'allowed' order by id`, [
      id,
    ])
  ).rows.map((row) => row.action);

describe('a secret', () => {
  it('is read by its id and its name, also one with slashes, and each read is in the trail', async () => {
    const name = `prod/${uniqueWord()}/database`;
    const secret = await make({ name, value: 'päss word\n' });
    expect(secret).toEqual({
      id: expect.any(String),
      user_id: owner.userId,
      tenant_id: owner.tenantId,
      name,
      status: 'ACTIVE',
      labels: {},
      version: 1,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect(await good('reveal', { id: name })).toEqual({
      id: secret.id,
      name,
      value: 'päss word\n',
      encrypted_value: 'päss word\n',
      encoding: 'text',
      version_id: expect.any(String),
      stages: ['AWSCURRENT'],
      created_at: expect.any(String),
    });
    expect(await valueOf(secret.id)).toBe('päss word\n');
    expect(await auditsOf(secret.id)).toEqual(['secret.create', 'secret.access', 'secret.access']);
    const { last_accessed_at: seen } = await good('get', { id: name });
    expect(Date.now() - Date.parse(seen)).toBeLessThan(60_000);
  });

  it('is not shown if its read cannot be written down', async () => {
    const { id } = await make({ value: 'unaudited' });
    await api.owner.query('revoke insert on audit_logs from cloud_api');
    try {
      const answer = await call('reveal', { id });
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(answer.text).not.toContain('unaudited');
    } finally {
      await api.owner.query('grant insert on audit_logs to cloud_api');
    }
    expect(await valueOf(id)).toBe('unaudited');
  });

  it('notes the hour of its last read, and not each read', async () => {
    const { id } = await make();
    const seen = async () => (await good('get', { id })).last_accessed_at;
    await valueOf(id);
    const first = await seen();
    await valueOf(id);
    expect(await seen()).toBe(first);
    await api.owner.query(`update secrets set last_accessed_at = now() - interval '61 minutes' where id = $1`, [id]);
    await valueOf(id);
    expect(Date.parse(await seen())).toBeGreaterThanOrEqual(Date.parse(first));
  });

  it('holds bytes as well as text, 64 KiB of either, and no more', async () => {
    const bytes = Buffer.alloc(65_536, 0xff);
    const binary = await make({ value: bytes.toString('base64'), encoding: 'base64' });
    expect(await good('reveal', { id: binary.id })).toMatchObject({
      value: bytes.toString('base64'),
      encoding: 'base64',
    });
    const { id } = await make({ value: 'ä'.repeat(32_768) });
    expect((await good('versions', { id }))[0]).toMatchObject({ size: 65_536, encoding: 'text', number: 1 });
    await refused('put', { id, value: 'ä'.repeat(32_769) }, 400, 'INVALID_INPUT', 'value has 65538 bytes');
    await refused('put', { id, value: 'not!', encoding: 'base64' }, 400, 'INVALID_INPUT', 'not base64');
  });

  it('can be made with a random password, or without a value', async () => {
    const { id } = await make({ generate_length: 50 });
    expect(await valueOf(id)).toMatch(/^[!-~]{50}$/);
    const both = { name: 'both', value: 'x', generate_length: 20 };
    await refused('create', both, 400, 'INVALID_INPUT', 'exclude each other');
    const empty = await make({});
    await refused('reveal', { id: empty.id }, 404, 'SECRET_HAS_NO_VALUE', 'has no value');
    await good('put', { id: empty.id, value: 'first', stages: ['AWSPENDING'] });
    expect(await valueOf(empty.id)).toBe('first');
  });

  it('has a name of its own in the tenant, which another tenant of the same user may use', async () => {
    const { name } = await make();
    await refused('create', { name }, 409, 'CONFLICT', `a secret named '${name}' already exists`);
  });
});

describe('versions', () => {
  it('are kept with their stages: the new one is current, the one before previous', async () => {
    const { id } = await make({ value: 'one' });
    await good('put', { id, value: 'two' });
    const third = await good('put', { id, value: 'three', version_id: 'my-version-3' });
    expect(third).toMatchObject({ id: 'my-version-3', number: 3, stages: ['AWSCURRENT'], user_id: owner.userId });
    expect((await good('versions', { id })).map((version: { stages: string[] }) => version.stages)).toEqual([
      ['AWSCURRENT'],
      ['AWSPREVIOUS'],
      [],
    ]);
    expect(await Promise.all([valueOf(id), valueOf(id, { stage: 'AWSPREVIOUS' })])).toEqual(['three', 'two']);
    const [, , first] = await good('versions', { id });
    expect(await valueOf(id, { version_id: first.id })).toBe('one');
    await refused('reveal', { id, stage: 'blue' }, 404, 'SECRET_HAS_NO_VALUE', "with the stage 'blue'");
    await refused('reveal', { id, version_id: 'none' }, 404, 'SECRET_HAS_NO_VALUE', "version 'none'");
    expect((await good('get', { id })).version).toBe(3);
  });

  it('are stored once under an id: the same value changes nothing, another one is refused', async () => {
    const { id } = await make({ value: 'one' });
    const wanted = { id, value: 'two', version_id: 'token' };
    const first = await good('put', wanted);
    expect(await good('put', wanted)).toEqual(first);
    expect(await auditsOf(id)).toEqual(['secret.create', 'secret.put']);
    await refused('put', { ...wanted, value: 'three' }, 409, 'SECRET_VERSION_EXISTS', "version 'token'");
    await refused('put', { ...wanted, value: 'dHdv', encoding: 'base64' }, 409, 'SECRET_VERSION_EXISTS', 'token');
  });

  it('go back by moving the stage, which the guide shows too', async () => {
    const { id } = await make({ value: 'one' });
    await good('put', { id, value: 'two' });
    const [current, before] = await good('versions', { id });
    const move = { id, stage: 'AWSCURRENT', move_to: before.id };
    await refused('moveStage', { ...move, remove_from: null }, 400, 'INVALID_INPUT', `at version '${current.id}'`);
    await good('moveStage', { ...move, remove_from: current.id });
    expect(await Promise.all([valueOf(id), valueOf(id, { stage: 'AWSPREVIOUS' })])).toEqual(['one', 'two']);
    const { rows } = await api.owner.query('select encrypted_value from secrets where id = $1', [id]);
    expect(api.sealer.open(owner.tenantId, `secret ${id}`, rows[0].encrypted_value)).toBe('one');
    const { version } = await good('get', { id });
    await good('moveStage', move);
    expect((await good('get', { id })).version).toBe(version);
  });

  it('of one secret are a hundred at most: the oldest without a stage goes', async () => {
    const { id } = await make({ value: 'v1' });
    await good('moveStage', { id, stage: 'keep', move_to: (await good('versions', { id }))[0].id });
    for (let n = 2; n <= 103; n++) await good('put', { id, value: `v${n}` });
    const numbers = (await good('versions', { id, limit: 1000 })).map(({ number }: { number: number }) => number);
    expect(numbers).toHaveLength(100);
    expect([numbers[0], numbers.at(-2), numbers.at(-1)]).toEqual([103, 5, 1]);
  });

  it('stored at the same moment are each kept, and one is current', async () => {
    const { id } = await make({ value: 'v' });
    await Promise.all(Array.from({ length: 8 }, (_, n) => good('put', { id, value: `w${n}` })));
    const versions = await good('versions', { id });
    expect(versions.map(({ number }: { number: number }) => number)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const stages = versions.map((version: { stages: string[] }) => version.stages);
    expect(stages.slice(0, 3)).toEqual([['AWSCURRENT'], ['AWSPREVIOUS'], []]);
  });
});

describe('a deleted secret', () => {
  it('cannot be read or changed, keeps its name, and can be restored', async () => {
    const { id, name } = await make({ value: 'kept' });
    const answer = await call('delete', { id, recovery_days: 7 });
    expect(answer.data.message).toContain(`cloud secrets restore ${name}`);
    const seen = await good('get', { id: name });
    expect(seen.status).toBe('DELETING');
    expect((Date.parse(seen.deletes_at) - Date.now()) / 86_400_000).toBeCloseTo(7, 2);
    await refused('reveal', { id }, 409, 'CONFLICT', 'is being deleted');
    await refused('put', { id, value: 'x' }, 409, 'CONFLICT', `to restore it: cloud secrets restore ${name}`);
    await refused('create', { name }, 409, 'CONFLICT', 'can be restored');
    expect((await good('list', { deleting: false })).map((one: { id: string }) => one.id)).not.toContain(id);
    expect(await good('restore', { id: name })).toMatchObject({ status: 'ACTIVE' });
    expect(await valueOf(id)).toBe('kept');
  });

  it('goes with its values when its time is over, or at once with force', async () => {
    const [{ id }, forced] = [await make(), await make()];
    await good('delete', { id });
    await api.owner.query(`update secrets set deletes_at = now() - interval '1 second' where id = $1`, [id]);
    await refused('restore', { id }, 404, 'NOT_FOUND', 'does not exist');
    await good('delete', { id: forced.id, force: true });
    await refused('delete', { id, force: true, recovery_days: 7 }, 400, 'INVALID_INPUT', 'exclude each other');
    const worker = openDatabase({ connectionString: database.workerUrl, max: 1, min: 0 });
    const { retention = [] } = api.registry.services.find(({ name }) => name === 'secrets')!;
    expect(await prune(worker, retention)).toBe(1);
    await worker.close();
    const ids = [id, forced.id];
    for (const table of ['secrets where id', 'secret_versions where secret_id'])
      expect((await api.owner.query(`select from ${table} = any ($1)`, [ids])).rows).toEqual([]);
  });
});

it('a list is filtered page by page, and goes on where it stopped', async () => {
  const prefix = `list-${uniqueWord()}`;
  for (const n of [1, 2, 3]) await make({ name: `${prefix}/${n}`, labels: n === 2 ? {} : { team: 'shop' } });
  const first = await call('list', { filter: [`name:${prefix}`, 'label_value:shop'], limit: 1 });
  const next = await call('list', {
    filter: [`name:${prefix}`, 'label_value:shop'],
    limit: 1,
    cursor: first.meta.next_cursor,
  });
  expect([first, next].map(({ data }) => data.map((one: { name: string }) => one.name))).toEqual([
    [`${prefix}/3`],
    [`${prefix}/1`],
  ]);
});

it('labels are added, changed and removed, fifty at most', async () => {
  const { id } = await make({ labels: { a: '1' } });
  expect(await good('setLabels', { id, labels: { a: '2', b: '3' } })).toMatchObject({ labels: { a: '2', b: '3' } });
  expect(await good('removeLabels', { id, keys: ['a'] })).toMatchObject({ labels: { b: '3' } });
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, 'v']));
  await refused('setLabels', { id, labels: many }, 400, 'INVALID_INPUT', 'would have 51 labels');
});

it('a value moved to another secret or tenant does not open', async () => {
  const [one, other] = [await make({ value: 'one' }), await make({ value: 'other' })];
  await api.owner.query(
    'update secret_versions set sealed = (select sealed from secret_versions where secret_id = $1) where secret_id = $2',
    [one.id, other.id],
  );
  const answer = await call('reveal', { id: other.id });
  expect(answer.status).toBe(500);
  expect(answer.text).not.toContain('one');
});
