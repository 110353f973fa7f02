import { type Client, CloudApiError, createClient } from '@thecloud/sdk';
import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { startTestApi, uniqueWord } from '../../testing/test-api.ts';

/** Of one tenant at a time, over as many API processes, with as many keys for each. */
const LAUNCHES = 1_000;
const PROCESSES = 3;
const KEYS = 3;
const QUOTA = 137;

const { database, api, owner } = await setUpApi();

/** Another API on the same database; its host has a name of its own. */
async function startAnother() {
  await api.owner.query(`update hosts set name = $1 where name = 'test-host'`, [uniqueWord()]);
  return startTestApi({ database });
}

const count = async (tenantId: string): Promise<number> =>
  (await api.owner.query('select count(*)::int as n from instances where tenant_id = $1', [tenantId])).rows[0].n;

describe(`${LAUNCHES} launches of one tenant at a time, through ${PROCESSES} API processes`, () => {
  it('end exactly at the quota: every other one is refused with QUOTA_EXCEEDED', async () => {
    const actor = await api.makeActor();
    await api.owner.query(`update quotas set max = $2 where tenant_id = $1 and resource = 'instances'`, [
      actor.tenantId,
      QUOTA,
    ]);
    const others = [await startAnother(), await startAnother()];
    try {
      const clients: Client[] = [];
      for (const { url } of [api, ...others])
        for (let nth = 0; nth < KEYS; nth++)
          clients.push(
            createClient({ endpoint: url, apiKey: await api.makeKey(actor), timeoutMs: 90_000, retries: 50 }),
          );
      const launch = (nth: number): Promise<string> =>
        clients[nth % clients.length]!.instances.launch({
          name: `vm-${nth}`,
          image: 'busybox',
          instance_type: 'basic-1',
        })
          .then(() => 'launched')
          .catch((error: unknown) => (error instanceof CloudApiError ? error.code : String(error)));
      const begun = performance.now();
      const ends = await Promise.all(Array.from({ length: LAUNCHES }, (_, nth) => launch(nth)));
      const took = performance.now() - begun;
      const tally = Object.fromEntries(
        [...new Set(ends)].map((end) => [end, ends.filter((one) => one === end).length]),
      );
      console.info(`${LAUNCHES} launches ended in ${(took / 1000).toFixed(1)} s: ${JSON.stringify(tally)}`);
      expect(tally).toEqual({ launched: QUOTA, QUOTA_EXCEEDED: LAUNCHES - QUOTA });
      expect(await count(actor.tenantId)).toBe(QUOTA);
    } finally {
      for (const one of others) await one.stop();
    }
  }, 120_000);
});

describe('the lock behind which a quota is counted', () => {
  it('holds up only calls that use a quota: not reads, changes and deletions of the tenant, nor another tenant', async () => {
    const launch = (actor = owner) =>
      api.call('instances.launch', { name: `vm-${uniqueWord()}`, image: 'busybox', instance_type: 'basic-1' }, actor);
    const { id, name } = (await launch()).data as { id: string; name: string };
    const other = await api.makeActor();
    const holder = await api.owner.connect();
    let ended = false;
    try {
      await holder.query(`select pg_advisory_lock(hashtextextended('quota:' || $1, 0))`, [owner.tenantId]);
      const waiting = launch().finally(() => (ended = true));
      expect((await launch(other)).status).toBe(202);
      expect((await api.call('instances.get', { id }, owner)).status).toBe(200);
      expect((await api.call('instances.list', {}, owner)).data).toHaveLength(1);
      expect((await api.call('instances.stop', { id }, owner)).status).toBe(200);
      expect((await api.call('instances.delete', { id: name }, owner)).status).toBe(200);
      expect(ended).toBe(false);
      await holder.query(`select pg_advisory_unlock(hashtextextended('quota:' || $1, 0))`, [owner.tenantId]);
      expect((await waiting).status).toBe(202);
    } finally {
      holder.release(true);
    }
  });
});
