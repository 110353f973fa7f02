import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { loadRow } from '../../kernel/resource.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { createPgSecretRepository } from './secret-repository.pg.ts';
import { SECRETS } from './secret.ts';

let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

type Repository = ReturnType<typeof createPgSecretRepository>;
const run = <T>(work: (secrets: Repository) => Promise<T>, whose = tenant) =>
  db.api.transaction(whose, (sql) => work(createPgSecretRepository(sql)));
const load = async (id: string) =>
  (await db.worker.transaction({ tenantId: '*' }, (sql) => loadRow(sql, SECRETS, id)))!;
const at = new Date('2026-01-01T00:00:00Z');
const later = new Date('2026-01-02T00:00:00Z');

async function make(name = `s-${uniqueWord()}`, whose = tenant): Promise<string> {
  const id = newId();
  const row = await run(
    (secrets) => secrets.insert({ id, ...whose, name, description: 'd', labels: { a: 'b' }, at }),
    whose,
  );
  expect(row).toMatchObject({ id, name, description: 'd', labels: { a: 'b' }, version: 1, created_at: at });
  return id;
}
const put = (secretId: string, id: string, stages: readonly string[], sealed = `sealed ${id}`) =>
  run((secrets) => secrets.insertVersion({ ...tenant, secretId, id, sealed, size: 3, isBinary: false, stages, at }));
const unstagedOf = async (secretId: string) =>
  (
    await db.owner.query('select unstaged_at from secret_versions where secret_id = $1 order by number', [secretId])
  ).rows.map((row) => row.unstaged_at);

describe('the repository of secrets', () => {
  it('inserts one, and none with a name that is taken, which another tenant of the same user may have', async () => {
    const name = `taken-${uniqueWord()}`;
    await make(name);
    const insert = (whose: Tenant) =>
      run(
        (secrets) =>
          secrets.insert({ id: newId(), ...whose, userId: tenant.userId, name, description: null, labels: {}, at }),
        whose,
      );
    expect(await insert(tenant)).toBeUndefined();
    expect(await insert(await db.makeTenant())).toMatchObject({ name });
  });

  it('writes what is known of one, and counts its versions', async () => {
    const id = await make();
    expect(await run((secrets) => secrets.describe(id, null, later))).toMatchObject({
      description: null,
      version: 2,
      updated_at: later,
    });
    expect(await run((secrets) => secrets.setLabels(id, { c: 'd' }, later))).toMatchObject({
      labels: { c: 'd' },
      version: 3,
    });
    expect(await run((secrets) => secrets.setDeletion(id, later, at))).toMatchObject({ deletes_at: later, version: 4 });
    expect(await run((secrets) => secrets.setDeletion(id, null, at))).toMatchObject({ deletes_at: null, version: 5 });
  });

  it('notes a read without a new version, and leaves it out while somebody else writes the row', async () => {
    const id = await make();
    await run((secrets) => secrets.noteAccess(id, later));
    expect(await load(id)).toMatchObject({ last_accessed_at: later, version: 1 });
    await db.api.transaction(tenant, async (sql) => {
      await createPgSecretRepository(sql).describe(id, 'x', later);
      await run((secrets) => secrets.noteAccess(id, at));
    });
    expect(await load(id)).toMatchObject({ last_accessed_at: later });
  });

  it('numbers versions, finds them by id and by stage, and lists them the newest first', async () => {
    const id = await make();
    await put(id, 'one', ['AWSPREVIOUS']);
    await put(id, 'two', ['AWSCURRENT', 'blue']);
    expect(await put(id, 'three', [])).toMatchObject({ id: 'three', number: 3, size: 3, is_binary: false, stages: [] });
    const find = (which: object) => run((secrets) => secrets.findSealed(tenant.tenantId, id, which));
    expect(await find({ id: 'one' })).toMatchObject({ id: 'one', sealed: 'sealed one' });
    expect(await find({ stage: 'blue' })).toMatchObject({ id: 'two' });
    expect(await find({ id: 'one', stage: 'blue' })).toBeUndefined();
    const all = await run((secrets) => secrets.versions(tenant.tenantId, id));
    expect(all.map((version) => version.number)).toEqual([3, 2, 1]);
    const page = (after: string | null) =>
      run((secrets) => secrets.listVersions(tenant.tenantId, id, { limit: 1, after }));
    expect((await page(null)).map((version) => version.number)).toEqual([3, 2]);
    expect((await page('2')).map((version) => version.number)).toEqual([1]);
    const other = await db.makeTenant();
    expect(await run((secrets) => secrets.versions(other.tenantId, id), other)).toEqual([]);
  });

  it('sets stages, and remembers since when a version has had none', async () => {
    const id = await make();
    await put(id, 'one', ['AWSCURRENT']);
    await put(id, 'two', []);
    expect(await unstagedOf(id)).toEqual([null, at]);
    const stages = [
      { id: 'one', stages: [] },
      { id: 'two', stages: ['AWSCURRENT', 'x'] },
    ];
    await run((secrets) => secrets.setStages(id, stages, later));
    const all = await run((secrets) => secrets.versions(tenant.tenantId, id));
    expect(all.map((version) => version.stages)).toEqual([['AWSCURRENT', 'x'], []]);
    expect(await unstagedOf(id)).toEqual([later, null]);
  });

  it('prunes the oldest versions without a stage, and no others', async () => {
    const id = await make();
    for (const [name, stages] of [
      ['one', ['x']],
      ['two', []],
      ['three', []],
      ['four', ['AWSCURRENT']],
    ] as const)
      await put(id, name, stages);
    await run((secrets) => secrets.prune(id, 3));
    const left = () => run(async (secrets) => (await secrets.versions(tenant.tenantId, id)).map((one) => one.id));
    expect(await left()).toEqual(['four', 'three', 'one']);
    await run((secrets) => secrets.prune(id, 1));
    expect(await left()).toEqual(['four', 'one']);
  });

  it('puts the current value where the guide has it', async () => {
    const id = await make();
    const valueOf = async () =>
      (await db.owner.query('select encrypted_value from secrets where id = $1', [id])).rows[0].encrypted_value;
    await put(id, 'one', ['AWSCURRENT']);
    expect(await valueOf()).toBe('');
    expect(await run((secrets) => secrets.touch(tenant.tenantId, id, later))).toMatchObject({ version: 2 });
    expect(await valueOf()).toBe('sealed one');
  });

  it('removes one with its versions', async () => {
    const id = await make();
    await put(id, 'one', ['AWSCURRENT']);
    await run((secrets) => secrets.remove(id));
    expect(await load(id)).toBeUndefined();
    expect(await run((secrets) => secrets.versions(tenant.tenantId, id))).toEqual([]);
  });
});
