import { describe, expect, it } from 'vitest';
import type { EngineErrorKind } from '../../kernel/engine-error.ts';
import type { Outcome } from '../../kernel/reconcile.ts';
import { loadRow } from '../../kernel/resource.ts';
import { createFakeNetworkEngine } from '../../testing/fake-engines.ts';
import { setUpInstancePasses } from '../../testing/instance-passes.ts';
import { passOver } from '../../testing/pass.ts';
import { createVpcReconciler } from '../vpcs/reconcile-vpc.ts';
import { presentVpc, VPCS } from '../vpcs/vpc.ts';
import { presentInstance } from './instance.ts';

const world = setUpInstancePasses();
const SECRET = /srv|host-7|41 GB/;
const WORDS = 'Incus failed at PUT /1.0/instances/x: /srv/thecloud/incus/storage-pools/cloud on host-7 has 41 GB left';
const KINDS: readonly EngineErrorKind[] = ['unavailable', 'timeout', 'not_found', 'invalid', 'failed'];
const FINAL = { attempts: 9, failingMs: 3_600_000 };

/** All that a tenant can read: things, events, the trail. */
async function readable(shown: readonly unknown[]): Promise<string> {
  const { rows } = await world.db.owner.query(
    'select to_jsonb(e) from events e union all select to_jsonb(a) from audit_logs a',
  );
  return JSON.stringify([...shown, ...rows]);
}
const saidOf = (ended: Promise<Outcome>): Promise<string | undefined> =>
  ended.then(
    (outcome) => (outcome.kind === 'gone' ? undefined : outcome.because),
    (error: Error) => error.message,
  );

describe("an engine's own words", () => {
  it.each(['inspect', 'prepareImage', 'define', 'start', 'stop', 'remove', 'discard'] as const)(
    'at %s reach the operator and no tenant, whatever they mean',
    async (method) => {
      const { engine, pass } = world;
      const shown: unknown[] = [];
      for (const kind of KINDS)
        for (const options of [{}, FINAL]) {
          const id = await world.launch();
          if (method === 'stop' || method === 'remove') await pass(id);
          if (method === 'stop') await world.setPower(id, 'stopped');
          if (method === 'remove') await world.markDeleted(id);
          if (method === 'discard') {
            engine.failNext('start', 'unavailable');
            await pass(id);
            engine.meddle(id, 'lost');
          }
          engine.failNext(method, kind, WORDS);
          expect(await saidOf(pass(id, options)), `${kind}: for the queue, which the operator reads`).toBe(WORDS);
          const row = await world.row(id);
          shown.push(row, presentInstance(row, { kind: 'operator' } as never));
          expect(row.status_reason).toMatch(/^the host /);
        }
      expect(await readable(shown)).not.toMatch(SECRET);
    },
  );

  it('on what is missing, or why an image could not be built, reach no tenant either', async () => {
    const { engine, pass } = world;
    const [away, unbuilt] = [await world.launch(), await world.launch()];
    engine.available = { ok: false, missing: WORDS };
    expect(await saidOf(pass(away))).toBe(WORDS);
    engine.available = { ok: true };
    engine.imageState = { state: 'failed', detail: WORDS };
    expect(await saidOf(pass(unbuilt))).toBe(WORDS);
    const rows = [await world.row(away), await world.row(unbuilt)];
    for (const row of rows) expect(row.status_reason).toBeTruthy();
    expect(await readable(rows)).not.toMatch(SECRET);
  });

  it('of a network reach no tenant either', async () => {
    const { db, clock, hostId } = world;
    const engine = createFakeNetworkEngine();
    const reconciler = createVpcReconciler({ engine, clock, hostId });
    const shown: unknown[] = [];
    for (const method of ['ensure', 'setNames', 'remove'] as const)
      for (const kind of KINDS)
        for (const options of [{}, FINAL]) {
          const id = await world.insertVpc();
          if (method === 'remove') await db.owner.query('update vpcs set deleted_at = now() where id = $1', [id]);
          engine.failNext(method, kind, WORDS);
          const about = { id, tenantId: world.tenant.tenantId, ...options };
          expect(await saidOf(reconciler.pass(passOver(db.worker, about)))).toBe(WORDS);
          const row = (await db.worker.transaction({ tenantId: '*' }, (sql) => loadRow(sql, VPCS, id)))!;
          shown.push(row, presentVpc(row));
          expect(row.status_reason).toMatch(/^the host /);
        }
    expect(await readable(shown)).not.toMatch(SECRET);
  });
});
