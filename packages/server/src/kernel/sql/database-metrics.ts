import type { Metrics } from '../metrics.ts';
import type { Database } from './pool.ts';

/** What the guide wants to see of the database: the pool, the size of each table, how often each index is used. Read when scraped. */
export function addDatabaseMetrics(metrics: Metrics, database: Database): void {
  metrics.gauge('thecloud_db_connections_total', 'Open database connections', () => database.stats().total);
  metrics.gauge('thecloud_db_connections_idle', 'Idle database connections', () => database.stats().idle);
  metrics.gauge('thecloud_db_connections_waiting', 'Calls that wait for a connection', () => database.stats().waiting);
  metrics.gauges('thecloud_db_table_bytes', 'Size of each table with its indexes', ['table'], async () => {
    const rows = await database.query<{ name: string; bytes: string }>(
      'metrics.table_sizes',
      `select relname as name, pg_total_relation_size(relid) as bytes from pg_stat_user_tables where schemaname = 'public' order by relname limit 200`,
    );
    return rows.map((row) => ({ labels: { table: row.name }, value: Number(row.bytes) }));
  });
  metrics.gauges('thecloud_db_index_scans_total', 'Scans of each index', ['table', 'index'], async () => {
    const rows = await database.query<{ name: string; index: string; scans: string }>(
      'metrics.index_scans',
      `select relname as name, indexrelname as index, idx_scan as scans from pg_stat_user_indexes where schemaname = 'public'
       order by indexrelname limit 500`,
    );
    return rows.map((row) => ({ labels: { table: row.name, index: row.index }, value: Number(row.scans) }));
  });
}
