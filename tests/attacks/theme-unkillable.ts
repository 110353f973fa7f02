import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createTenant } from '../../packages/testkit/src/platform-api.ts';
import { launch, sh, type Use, waitUntilGone } from '../acceptance/instances.ts';
import { attackBeside, type Neighbour } from './neighbour.ts';

/** As many as the default quota of vCPUs allows. */
const FROZEN = 8;
/** Milliseconds. Each took 40 s, again and again. */
const GONE_MS = 30_000;

/**
 * Freezes all that runs in an instance, its first process last: in a cgroup of version 1 a frozen process does not take a signal. Where there
 * is only version 2, it forks without end.
 */
const FREEZE = `mkdir -p /tmp/v1; if mount -t cgroup -o freezer none /tmp/v1; then
  mkdir /tmp/v1/a /tmp/v1/b; sleep 1000 & echo $! > /tmp/v1/b/cgroup.procs; echo FROZEN > /tmp/v1/b/freezer.state
  echo 1 > /tmp/v1/a/cgroup.procs; echo FROZEN > /tmp/v1/a/freezer.state
else (bomb() { bomb & bomb & wait; }; bomb) > /dev/null 2>&1 & fi`;

/** Whose processes cannot be killed. */
export function describeUnkillable(use: Use, beside: () => Neighbour): void {
  describe('a tenant whose processes do not end', () => {
    test('deletes all of its instances at the same time', async () => {
      const hostile = await createTenant(use(), 'unkillable');
      const names = Array.from({ length: FROZEN }, (_, nth) => `frozen-${nth}`);
      const ids: string[] = (await Promise.all(names.map((name) => launch(hostile, name)))).map(({ id }) => id);
      await Promise.all(ids.map((id) => sh(hostile, id, FREEZE)));
      let tookMs = 0;
      await attackBeside(beside(), `${FROZEN} instances that freeze themselves and are deleted`, async (ended) => {
        const begun = performance.now();
        await Promise.all(ids.map((id) => hostile.ask('DELETE', `/instances/${id}`)));
        await Promise.all(ids.map((id) => waitUntilGone(use(), hostile, `/instances/${id}`)));
        tookMs = performance.now() - begun;
        if (!ended.aborted) await once(ended, 'abort');
      });
      console.info(`${FROZEN} frozen instances were gone after ${(tookMs / 1000).toFixed(1)} s`);
      expect(tookMs).toBeLessThan(GONE_MS);
    });
  });
}
