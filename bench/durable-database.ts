import { join } from 'node:path';
import { migrateUp } from '../packages/server/src/migrations/migrate.ts';
import type { TestDatabase } from '../packages/testkit/src/index.ts';
import { startPostgresCluster } from '../packages/testkit/src/postgres-cluster.ts';

export interface DurableDatabase {
  /** The URL for a role of the database: `postgres` owns the tables. */
  url(role: string): string;
  /** The same for `startTestApi`. */
  readonly database: TestDatabase;
  /** Ends the cluster and removes its folder. */
  stop(): Promise<void>;
}

/** A migrated database in a cluster that writes to the disk as the platform's does. */
export async function startDurableDatabase(): Promise<DurableDatabase> {
  const cluster = await startPostgresCluster({ durable: true });
  const url = (role: string) => cluster.url(role, 'postgres');
  await migrateUp({ connectionString: url('postgres'), folder: join(import.meta.dirname, '../migrations') });
  const database: TestDatabase = {
    name: 'postgres',
    ownerUrl: url('postgres'),
    apiUrl: url('cloud_api'),
    workerUrl: url('cloud_worker'),
    operatorUrl: url('cloud_operator'),
    dataUrl: url('cloud_data'),
    drop: async () => undefined,
  };
  return { url, database, stop: () => cluster.stop() };
}
