import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markDeleted } from '../../kernel/resource.ts';
import { orderedId, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { watchMethods } from '../../testing/watch-methods.ts';
import { VPCS } from './vpc.ts';
import { createPgVpcRepository, type VpcRepository } from './vpc-repository.pg.ts';

const watched = watchMethods(createPgVpcRepository);
let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

const asApi = <T>(work: (vpcs: VpcRepository) => Promise<T>, who = tenant) =>
  db.api.transaction(who, (sql) => work(watched.create(sql)));
const requestDeletion = (id: string) => db.api.transaction(tenant, (sql) => markDeleted(sql, VPCS, id, new Date()));
const insert = (name: string = uniqueWord(), who = tenant) => {
  const id = orderedId();
  return asApi(
    (vpcs) =>
      vpcs.insert({ id, ...who, name, cidrBlock: '10.0.0.0/16', networkId: 'net', arn: `arn:${id}`, at: new Date(5) }),
    who,
  );
};

describe('the repository of VPCs', () => {
  it('inserts, with a name once in a tenant; one to be deleted no longer counts', async () => {
    const name = uniqueWord();
    const row = await insert(name);
    expect(row).toMatchObject({
      user_id: tenant.userId,
      tenant_id: tenant.tenantId,
      name,
      version: 1,
      status: 'pending',
      host_id: null,
      deleted_at: null,
      created_at: new Date(5),
    });
    expect(await insert(name)).toBeUndefined();
    expect(await insert(name, await db.makeTenant())).toBeDefined();
    await requestDeletion(row!.id);
    expect(await insert(name)).toBeDefined();
  });

  it('renames, not to a name that is taken, and counts the version', async () => {
    const [one, two] = [(await insert())!, (await insert())!];
    expect(await asApi((vpcs) => vpcs.rename(one.id, two.name, new Date()))).toBeUndefined();
    expect(await asApi((vpcs) => vpcs.rename(one.id, one.name, new Date()))).toMatchObject({ version: 2 });
    expect(await asApi((vpcs) => vpcs.rename(one.id, 'fresh', new Date(9)))).toMatchObject({
      name: 'fresh',
      version: 3,
      updated_at: new Date(9),
    });
  });

  it('takes what was seen of the old name for seen of the new one', async () => {
    const { id } = (await insert())!;
    expect(await asApi((vpcs) => vpcs.rename(id, uniqueWord(), new Date()))).toMatchObject({ observed_version: null });
    await db.owner.query('update vpcs set observed_version = version where id = $1', [id]);
    const renamed = await asApi((vpcs) => vpcs.rename(id, uniqueWord(), new Date()));
    expect(renamed).toMatchObject({ version: 3, observed_version: 3 });
  });

  it('has a test for each of its methods', () => {
    expect(watched.untested()).toEqual([]);
  });
});
