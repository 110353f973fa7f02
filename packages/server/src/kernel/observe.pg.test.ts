import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Availability } from './availability.ts';
import { type Observable, observe, watchDrift } from './observe.ts';
import { type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { memoryLog } from '../testing/test-api.ts';

let db: Seeded;
let tenant: Tenant;
let hostId: string;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());
beforeEach(async () => {
  hostId = await db.makeHost();
  await db.owner.query('delete from reconcile');
});

/** What the engine has; things are rows of `vpcs`, and the name outside is the name. */
let there: { name: string; broken?: boolean }[] = [];
let available: Availability = { ok: true };
const things = (list = async () => there): Observable<{ status: string }, { name: string; broken?: boolean }> => ({
  kind: 'thing',
  table: 'vpcs',
  columns: 'status',
  engine: { availability: async () => available, list, nameOf: (id) => `t-${id}` },
  hasDrifted: (row, seen) => row.status === 'active' && (seen?.broken ?? true),
});
const insert = async (count: number, status = 'active', host = hostId) =>
  (
    await db.owner.query<{ id: string }>(
      `insert into vpcs (user_id, tenant_id, name, cidr_block, network_id, host_id, status)
       select $1, $2, gen_random_uuid(), '10.0.0.0/16', 'n', $3, $4 from generate_series(1, $5) returning id`,
      [tenant.userId, tenant.tenantId, host, status, count],
    )
  ).rows.map((row) => row.id);
const woken = async () =>
  (await db.owner.query<{ id: string }>(`select id from reconcile where kind = 'thing' order by id`)).rows.map(
    (row) => row.id,
  );
const look = () => observe(things(), { database: db.worker, hostId });

describe('a look at all things of a host', () => {
  it('wakes what drifted, on its host and for its tenant, and answers what no row knows', async () => {
    const [fine, broken, lost] = (await insert(3)) as [string, string, string];
    await insert(1, 'pending');
    await insert(1, 'active', await db.makeHost());
    there = [{ name: `t-${fine}`, broken: false }, { name: `t-${broken}`, broken: true }, { name: 'stranger' }];
    expect(await look()).toEqual({ drifted: 2, unknown: ['stranger'] });
    expect(await woken()).toEqual([broken, lost].sort());
    const { rows } = await db.owner.query('select distinct tenant_id, host_id from reconcile');
    expect(rows).toEqual([{ tenant_id: tenant.tenantId, host_id: hostId }]);
  });

  it('goes through more rows than are read at once', async () => {
    const ids = await insert(5_001);
    there = ids.slice(0, 4_000).map((id) => ({ name: `t-${id}`, broken: false }));
    expect(await look()).toEqual({ drifted: 1_001, unknown: [] });
    expect((await woken()).length).toBe(1_001);
  });

  it('takes what is made between the look and the reading of the rows for no stranger', async () => {
    const list = async () => {
      const [id] = await insert(1);
      return [{ name: `t-${id!}`, broken: false }];
    };
    expect(await observe(things(list), { database: db.worker, hostId })).toEqual({ drifted: 0, unknown: [] });
  });
});

describe('the watch for drift', () => {
  const watch = () => {
    const lines: string[] = [];
    const repeat = watchDrift(things(), { database: db.worker, log: memoryLog(lines), hostId });
    const run = async () => {
      lines.length = 0;
      await repeat.run(new AbortController().signal);
      return lines.map((line) => JSON.parse(line) as { msg: string; name?: string; drifted?: number });
    };
    return run;
  };

  it('tells drift at once, and a stranger once: when it is there for the second time in a row', async () => {
    const run = watch();
    const [id] = await insert(1);
    there = [{ name: 'a' }, { name: 'b' }];
    expect(await run()).toMatchObject([{ msg: expect.stringContaining('drift seen'), drifted: 1 }]);
    there = [{ name: `t-${id!}`, broken: false }, { name: 'a' }];
    expect(await run()).toMatchObject([{ msg: expect.stringContaining('a resource without a row'), name: 'a' }]);
    there.push({ name: 'b' });
    expect(await run(), 'b was gone in between').toEqual([]);
    expect(await run()).toMatchObject([{ name: 'b' }]);
    expect(await run()).toEqual([]);
  });

  it('does not look while the engine is away: nothing is drift then', async () => {
    const run = watch();
    await insert(1);
    there = [];
    available = { ok: false, missing: 'later' };
    expect(await run()).toEqual([]);
    expect(await woken()).toEqual([]);
    available = { ok: true };
    expect(await run()).toHaveLength(1);
  });
});
