import { createTestDatabase, type TestDatabase } from '../../../../testkit/src/index.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMetrics } from '../metrics.ts';
import { addDatabaseMetrics } from './database-metrics.ts';
import { type Database, openDatabase } from './pool.ts';

let made: TestDatabase;
let database: Database;
beforeAll(async () => {
  made = await createTestDatabase();
  database = openDatabase({ connectionString: made.apiUrl, max: 2, min: 1 });
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

it('tells the pool, the size of every table and the use of every index, as the API may see them', async () => {
  await database.warm();
  const metrics = createMetrics();
  addDatabaseMetrics(metrics, database);
  const text = await metrics.prometheus.metrics();
  expect(text).toMatch(/^thecloud_db_connections_total [12]$/m);
  expect(Number(/^thecloud_db_table_bytes\{table="instance_types"\} (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(8_000);
  expect(text).toMatch(/^thecloud_db_index_scans_total\{table="instances",index="idx_instances_user_id"\} \d+$/m);
});
