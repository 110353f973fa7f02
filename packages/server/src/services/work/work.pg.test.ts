import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { claim, fail, settle, wake } from '../../kernel/reconcile-queue.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type Seeded, seedDatabase } from '../../testing/seed.ts';
import { createWorkService } from './index.ts';

let db: Seeded;
let host: string;
beforeAll(async () => {
  db = await seedDatabase();
  host = await db.makeHost();
});
afterAll(() => db.drop());

const all = <T>(work: (sql: Sql) => Promise<T>) => db.worker.transaction({ tenantId: '*' }, work);

describe('what is stuck', () => {
  it('is what fails again and again, and what was given up, with the words of the engine', async () => {
    const [fine, failing, given] = [newId(), newId(), newId()];
    for (const id of [fine, failing, given])
      await all((sql) => wake(sql, { kind: 'instance', id, tenantId: null, hostId: null }));
    const claims = await all((sql) => claim(sql, [{ kind: 'instance', slots: 3, after: null }], [], host, 30_000));
    for (const held of claims)
      await all((sql) =>
        held.id === failing
          ? fail(sql, held, 'no room below /srv')
          : settle(sql, held, 1_000, held.id === given ? 'no image in /srv' : undefined),
      );
    await db.owner.query('update reconcile set attempts = 5 where id = $1', [failing]);
    const { stuck } = createWorkService().handlers as unknown as Record<
      'stuck',
      (call: unknown) => Promise<{ items: readonly { id: string; last_error?: string }[] }>
    >;
    const { items } = await all((sql) => stuck({ sql, input: {} }));
    const said = new Map(items.map((one) => [one.id, one.last_error]));
    expect(said).toEqual(
      new Map([
        [failing, 'no room below /srv'],
        [given, 'no image in /srv'],
      ]),
    );
    // The next look at what was given up changes nothing of it; a wish does.
    await db.owner.query('update reconcile set due_at = now(), ready = false where id = $1', [given]);
    const [again] = await all((sql) => claim(sql, [{ kind: 'instance', slots: 3, after: null }], [], host, 30_000));
    await all((sql) => settle(sql, again!, 1_000, ''));
    expect((await all((sql) => stuck({ sql, input: {} }))).items.map((one) => one.last_error)).toContain(
      'no image in /srv',
    );
    await all((sql) => wake(sql, { kind: 'instance', id: given, tenantId: null, hostId: null }));
    expect((await all((sql) => stuck({ sql, input: {} }))).items.map((one) => one.id)).toEqual([failing]);
  });
});
