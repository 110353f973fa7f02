import type { Observable } from '../../kernel/observe.ts';
import type { NetworkEngine, SeenNetwork } from './network-engine.ts';
import type { VpcRow } from './vpc.ts';

/** What one look at all networks of a host is compared with. */
export const networksOf = (engine: NetworkEngine): Observable<Pick<VpcRow, 'status' | 'deleted_at'>, SeenNetwork> => ({
  kind: 'vpc',
  table: 'vpcs',
  columns: 'status, deleted_at',
  engine,
  hasDrifted: (row, seen) => row.deleted_at === null && row.status === 'active' && !seen?.healthy,
});
