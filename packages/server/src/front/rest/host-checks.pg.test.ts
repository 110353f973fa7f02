import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { createHostChecks } from './host-checks.ts';

it('work that the host does not end is down until it has ended, with how much there is and where to look', async () => {
  const { api, database } = await setUpApi();
  const operator = openDatabase({ connectionString: database.operatorUrl, min: 0 });
  onTestFinished(() => operator.close());
  const { work } = createHostChecks(api.database, operator);
  await work();
  await api.owner.query(
    `insert into reconcile (kind, id, ready, parked_at)
     select 'instance', gen_random_uuid(), false, now() - make_interval(mins => n) from generate_series(3, 7, 4) as n`,
  );
  await expect(work()).rejects.toThrow(/\(instance: 2; the oldest for 7 min\); see: cloud admin work stuck$/);
  await api.owner.query('update reconcile set parked_at = null');
  await work();
});
