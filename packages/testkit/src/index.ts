export {
  type ClusterSettings,
  findPostgresBin,
  type PostgresCluster,
  startPostgresCluster,
} from './postgres-cluster.ts';
export { createTestDatabase, type TestDatabase, withClient } from './test-database.ts';
