import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../packages/testkit/src/index.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it('every column that holds sealed values is registered, so that a rotation of the master key finds it', async () => {
  const names = (text: string) =>
    withClient(test.ownerUrl, async (client) =>
      (await client.query<{ name: string }>(text)).rows.map(({ name }) => name),
    );
  const sealed = await names(
    `select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname ~ '(^|_)(sealed|encrypted_value)$' order by 1`,
  );
  expect(await names(`select table_name || '.' || column_name as name from sealed_columns order by 1`)).toEqual(sealed);
  expect(sealed.length).toBeGreaterThan(4);
});

it('nobody but the worker replaces sealed values, and it replaces them by sealed ones alone', async () => {
  for (const url of [test.apiUrl, test.operatorUrl, test.dataUrl])
    for (const call of [`sealed_batch(1, '(0,0)', 1, 1)`, `reseal(1, '{}', '{}', '{}')`, 'is_sealed_otherwise(1)'])
      await withClient(url, (client) =>
        expect(client.query(`select ${call}`), `${call} at ${url}`).rejects.toMatchObject({ code: '42501' }),
      );
  await withClient(test.workerUrl, (client) =>
    expect(client.query(`select reseal(1, '{"(0,1)"}', '{x}', '{plain}')`)).rejects.toMatchObject({ code: '22023' }),
  );
  for (const url of [test.apiUrl, test.workerUrl])
    await withClient(url, (client) =>
      expect(client.query(`select register_sealed('users', 'name', 'id', 'id')`)).rejects.toMatchObject({
        code: '42501',
      }),
    );
});
