import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Seeded, seedDatabase } from '../testing/seed.ts';
import { newId } from './ids.ts';
import { claim } from './reconcile-queue.ts';
import type { Sql } from './sql/tx.ts';

// A long queue: who is served, and what is read for it.

const TENANTS = 1000;
const GREEDY = 10_000;

let db: Seeded;
let host: string;
let otherHost: string;
beforeAll(async () => {
  db = await seedDatabase();
  host = await db.makeHost();
  otherHost = await db.makeHost();
});
afterAll(() => db.drop());

const all = <T>(work: (sql: Sql) => Promise<T>) => db.worker.transaction({ tenantId: '*' }, work);
const claimSome = (kind: string, slots: number, after: string | null = null) =>
  all((sql) => claim(sql, [{ kind, slots, after }], [], host, 3_600_000));
/** Rows that are due, oldest first; `woken`: by somebody, otherwise by time. */
const fill = (kind: string, tenantIds: readonly string[], each: number, woken = true, hostId: string | null = null) =>
  db.owner.query(
    `insert into reconcile (kind, id, tenant_id, host_id, ready, due_at)
     select $1, gen_random_uuid(), t, $5, $4, now() - interval '1 hour' + make_interval(secs => i::float8 / 1000)
     from unnest($2::uuid[]) as t cross join generate_series(1, $3::int) as i`,
    [kind, tenantIds, each, woken, hostId],
  );
const tenantsOf = (claims: readonly { tenant_id: string | null }[]) => claims.map((held) => held.tenant_id);
const newTenants = (count: number) => Array.from({ length: count }, () => newId());

describe('a claim from a long queue', () => {
  it('gives the one row of a tenant its turn behind 10,000 older ones of another', async () => {
    const [greedy, modest] = [newId(), newId()];
    await fill('behind', [greedy], GREEDY);
    await fill('behind', [modest], 1);
    expect(tenantsOf(await claimSome('behind', 4)).filter((tenant) => tenant === modest)).toHaveLength(1);
    expect(new Set(tenantsOf(await claimSome('behind', 4)))).toEqual(new Set([greedy]));
  });

  it('goes round: each of 1,000 tenants is served once before any is served twice, with one slot too', async () => {
    const tenants = newTenants(TENANTS);
    await fill('round', tenants, 3);
    await fill('round', tenants.slice(0, 1), GREEDY);
    const served: (string | null)[] = [];
    for (let slots = 1; served.length < TENANTS; slots = (slots % 9) + 1)
      served.push(...tenantsOf(await claimSome('round', Math.min(slots, TENANTS - served.length), served.at(-1))));
    expect(new Set(served).size).toBe(TENANTS);
  });

  it('finds what is due by time in the same fair way', async () => {
    const [greedy, modest] = [newId(), newId()];
    await fill('by time', [greedy], 500, false);
    await fill('by time', [modest], 1, false);
    const served: (string | null)[] = [];
    while (served.length < 60) served.push(...tenantsOf(await claimSome('by time', 4, served.at(-1))));
    expect(served).toContain(modest);
  });
});

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Node[];
}

/** What PostgreSQL does for a claim: how it reads the table, and how many rows. */
async function explain(kind: string): Promise<{ ways: Set<string>; rowsRead: number; taken: number }> {
  const seen = { ways: new Set<string>(), rowsRead: 0, taken: 0 };
  const visit = (node: Node) => {
    if (node['Node Type'].endsWith('Scan') && node['Relation Name']) {
      seen.ways.add(node['Node Type']);
      seen.rowsRead += (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
    }
    if (node['Node Type'] === 'ModifyTable') seen.taken = Math.max(seen.taken, node['Actual Rows']);
    for (const child of node.Plans ?? []) visit(child);
  };
  await all((sql) =>
    claim(
      {
        query: async (_name: string, text: string, values?: readonly unknown[]) => {
          const [row] = await sql.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
            'test.explain',
            `explain (analyze, format json) ${text}`,
            values,
          );
          visit(row!['QUERY PLAN'][0].Plan);
          return [];
        },
      },
      [{ kind, slots: 8, after: null }],
      [],
      host,
      3_600_000,
    ),
  );
  return seen;
}

describe('the plan of a claim', () => {
  it.each([
    ['one tenant', (kind: string) => fill(kind, [newId()], 20_000)],
    ['1,000 tenants', (kind: string) => fill(kind, newTenants(TENANTS), 20)],
    [
      'what is leased',
      async (kind: string) => {
        await fill(kind, newTenants(TENANTS), 20, false);
        await db.owner.query("update reconcile set leased_until = now() + interval '1 hour' where kind = $1", [kind]);
        await fill(kind, newTenants(10), 2);
      },
    ],
    [
      'what sleeps',
      async (kind: string) => {
        await fill(kind, newTenants(TENANTS), 20, false);
        await db.owner.query("update reconcile set due_at = now() + interval '1 hour' where kind = $1", [kind]);
        await fill(kind, newTenants(10), 2);
      },
    ],
    [
      'what another host has',
      async (kind: string) => {
        await fill(kind, newTenants(TENANTS), 20, true, otherHost);
        await fill(kind, newTenants(10), 2);
      },
    ],
    ['what is due by time', (kind: string) => fill(kind, newTenants(TENANTS), 20, false)],
  ])('reads a few rows by index, whatever the statistics say: 20,000 rows of %s', async (what, prepare) => {
    const kind = `plan of ${what}`;
    await prepare(kind);
    for (const statistics of ['none', 'fresh']) {
      if (statistics === 'fresh') await db.owner.query('analyze reconcile');
      const { ways, rowsRead, taken } = await explain(kind);
      expect(ways, statistics).toEqual(new Set(['Index Scan']));
      expect(rowsRead, statistics).toBeLessThan(500);
      expect(taken, statistics).toBe(8);
    }
  });
});
