import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../../kernel/caller.ts';
import { newId } from '../../kernel/ids.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { eventually, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { startTestApi, uniqueWord } from '../../testing/test-api.ts';
import { placeOnHost, type WantedPlace } from './place.ts';

/** The size of the type basic-1. */
const SIZE = { vcpus: 1, memoryMb: 512, diskGb: 8 };

const OPERATOR: Caller = {
  kind: 'user',
  userId: newId(),
  email: 'o@example.com',
  platformRole: 'admin',
  keyId: newId(),
  tenantId: undefined,
  role: undefined,
  permissions: new Set(),
};
let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

const asApi = <T>(work: (sql: Sql) => Promise<T>) => db.api.transaction(tenant, work);
const place = (hostId: string | null, more: Partial<WantedPlace> = {}) =>
  asApi((sql) => placeOnHost(sql, { ...SIZE, hostId, ...more }));
const placeForOperator = (hostId: string) => asApi((sql) => placeOnHost(sql, { ...SIZE, hostId }, OPERATOR));
const insert = (sql: Sql, hostId: string) =>
  sql.query<{ id: string }>(
    'test.insert',
    `insert into instances (user_id, tenant_id, name, image, status, host_id, instance_type)
     values ($1, $2, $3, 'busybox', 'STARTING', $4, 'basic-1') returning id`,
    [tenant.userId, tenant.tenantId, uniqueWord(), hostId],
  );
/** Places and inserts in one transaction, as a launch does. */
const launch = (hostId: string | null) =>
  asApi(async (sql) => {
    const placed = await placeOnHost(sql, { ...SIZE, hostId });
    await insert(sql, placed.hostId);
    return placed.hostId;
  });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );

describe('placing a machine', () => {
  it('takes the host with the most memory left, or the one that is asked for', async () => {
    const small = await db.makeHost(SIZE);
    const large = await db.makeHost();
    expect(await place(null)).toEqual({ hostId: large });
    expect(await place(small)).toEqual({ hostId: small });
  });

  it('says what is short on a host that has no room, also while its last instance is being deleted', async () => {
    const host = await db.makeHost(SIZE);
    const short = (noun: string, needed: string) => ({
      code: 'INSUFFICIENT_CAPACITY',
      status: 409,
      message: `not enough ${noun} is free for this type, which needs ${needed}; choose a smaller type, delete an instance, or ask the operator of the platform for more`,
    });
    await expect(place(host, { vcpus: 2 })).rejects.toMatchObject(short('CPU', '2 vCPUs'));
    await expect(place(host, { memoryMb: 513 })).rejects.toMatchObject(short('memory', '513 MB'));
    await expect(place(host, { diskGb: 9 })).rejects.toMatchObject(short('disk', '9 GB'));
    await launch(host);
    await db.owner.query('update instances set deleted_at = now() where host_id = $1', [host]);
    await expect(place(host)).rejects.toMatchObject(short('CPU', '1 vCPU'));
    await db.owner.query('delete from instances where host_id = $1', [host]);
    expect(await place(host)).toEqual({ hostId: host });
  });

  it('promises what the overcommit allows, and nothing below zero', async () => {
    const host = await db.makeHost({ vcpus: 1, memoryMb: 10_000, diskGb: 1000 });
    await db.owner.query('update hosts set overcommit_cpu = 2.5 where id = $1', [host]);
    for (let n = 0; n < 2; n++) await launch(host);
    await expect(place(host)).rejects.toMatchObject({ message: expect.stringContaining('not enough CPU is free') });
    await db.owner.query('update hosts set overcommit_cpu = 1 where id = $1', [host]);
    await expect(place(host)).rejects.toMatchObject({ message: expect.stringContaining('not enough CPU is free') });
  });

  it('says why no host can work, to the operator; to others only that it is so', async () => {
    const unavailable = (why: string | RegExp) => ({
      code: 'ENGINE_UNAVAILABLE',
      status: 503,
      retryAfter: 30,
      message: expect.stringMatching(why),
    });
    const down = await db.makeHost({ state: 'unavailable', reason: 'no Incus' });
    for (const host of [down, newId()])
      await expect(place(host)).rejects.toMatchObject(
        unavailable(
          /^instances cannot be launched: no host can run them at the moment; try again, or ask the operator/,
        ),
      );
    await expect(placeForOperator(down)).rejects.toMatchObject(unavailable(/^instances cannot be launched: no Incus$/));
    const silent = await db.makeHost({ state: 'unavailable' });
    await expect(placeForOperator(silent)).rejects.toMatchObject(
      unavailable(/launched: the host host-[\w-]+ is unavailable$/),
    );
    await expect(placeForOperator(newId())).rejects.toMatchObject(
      unavailable(/launched: no worker has registered a host yet; is the worker running\?$/),
    );
  });
});

describe('launches at the same time', () => {
  it('never get the last place twice', async () => {
    const tight = await db.makeHost({ vcpus: 3, memoryMb: 512 * 3, diskGb: 8 * 3 });
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => codeOf(launch(tight))));
    expect(outcomes.filter((code) => code === 'ok')).toHaveLength(3);
    expect(outcomes.filter((code) => code === 'INSUFFICIENT_CAPACITY')).toHaveLength(7);
  });

  it('wait for who takes the last place, and get it when that one rolls back', async () => {
    for (const end of ['commit', 'rollback'] as const) {
      const host = await db.makeHost(SIZE);
      const isBlocking = async (pid: number) => {
        const { rows } = await db.owner.query(
          'select from pg_locks where not granted and $1::int = any (pg_blocking_pids(pid))',
          [pid],
        );
        return rows.length > 0;
      };
      let second: Promise<string> | undefined;
      const first = asApi(async (sql) => {
        await insert(sql, (await placeOnHost(sql, { ...SIZE, hostId: host })).hostId);
        const [me] = await sql.query<{ pid: number }>('test.pid', 'select pg_backend_pid() as pid');
        second = codeOf(launch(host));
        await eventually('the second waits', () => isBlocking(me!.pid));
        if (end === 'rollback') throw new Error('changed its mind');
      });
      await first.catch(() => undefined);
      expect(await second).toBe(end === 'commit' ? 'INSUFFICIENT_CAPACITY' : 'ok');
    }
  });

  it('go to another host with room in place of waiting', async () => {
    await db.owner.query(`update hosts set state = 'unavailable'`);
    const [best, other] = [await db.makeHost({ memoryMb: 2_000_000 }), await db.makeHost()];
    await asApi(async (sql) => {
      expect(await placeOnHost(sql, { ...SIZE, hostId: null })).toEqual({ hostId: best });
      expect(await launch(null)).toBe(other);
    });
    expect(await launch(null)).toBe(best);
  });

  it('of four tenants, 60 in all, get no 503 while there is room', async () => {
    const api = await startTestApi({ database: db.test });
    try {
      await db.owner.query(`update hosts set state = case when id = $1 then 'up' else 'unavailable' end`, [api.hostId]);
      const actors = await Promise.all(Array.from({ length: 4 }, () => api.makeActor()));
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          api.call('instances.launch', { name: `vm-${uniqueWord()}`, image: 'busybox' }, actors[n % 4]),
        ),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array(60).fill(202));
      expect(await drift()).toEqual([]);
      const { rows } = await db.owner.query('select promised_vcpus::int as vcpus from hosts where id = $1', [
        api.hostId,
      ]);
      expect(rows).toEqual([{ vcpus: 60 }]);
    } finally {
      await api.stop();
    }
  });
});

/** Hosts whose counters are not the sum over their instances. */
const drift = async () =>
  (
    await db.owner.query(`
      select h.name, array[promised_vcpus, promised_memory_mb, promised_disk_gb] as counted, sums.real
      from hosts h cross join lateral (
        select array[coalesce(sum(t.vcpus), 0), coalesce(sum(t.memory_mb), 0), coalesce(sum(t.disk_gb), 0)]::bigint[] as real
        from instances i join instance_types t on t.id = i.instance_type where i.host_id = h.id) sums
      where array[promised_vcpus, promised_memory_mb, promised_disk_gb] <> sums.real`)
  ).rows;

describe('the counters of a host', () => {
  it('are the sums over its instances, whatever happens to these (property)', async () => {
    const hosts = [await db.makeHost(), await db.makeHost(), await db.makeHost(), null];
    const types = ['basic-1', 'standard-2', 'performance-2', 'no-such-type'];
    const host = fc.constantFrom(...hosts);
    const type = fc.constantFrom(...types);
    const some = (column: string) => `id in (select id from instances where ${column} is not null order by id limit 2)`;
    const change = fc.oneof(
      fc.tuple(fc.constant('insert'), host, type, fc.integer({ min: 1, max: 3 })),
      fc.tuple(fc.constant('remove'), host, type, fc.constant(0)),
      fc.tuple(fc.constant('move'), host, type, fc.constant(0)),
      fc.tuple(fc.constant('resize'), host, type, fc.constant(0)),
      fc.tuple(fc.constant('both'), host, type, fc.constant(0)),
    );
    const apply = ([what, hostId, typeId, count]: readonly [string, string | null, string, number]) => {
      if (what === 'insert')
        return [
          `insert into instances (user_id, tenant_id, name, image, status, host_id, instance_type)
           select $1, $2, gen_random_uuid(), 'busybox', 'RUNNING', $3, $4 from generate_series(1, $5)`,
          [tenant.userId, tenant.tenantId, hostId, typeId, count],
        ] as const;
      if (what === 'remove') return [`delete from instances where ${some('host_id')}`, []] as const;
      if (what === 'move') return [`update instances set host_id = $1 where ${some('name')}`, [hostId]] as const;
      if (what === 'resize')
        return [`update instances set instance_type = $1 where ${some('name')}`, [typeId]] as const;
      return [
        `update instances set host_id = $1, instance_type = $2, status = 'STOPPED' where ${some('name')}`,
        [hostId, typeId],
      ] as const;
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ changes: fc.array(change, { minLength: 1, maxLength: 4 }), commits: fc.boolean() }), {
          minLength: 1,
          maxLength: 5,
        }),
        async (transactions) => {
          // Two at a time. Changes of the same instances may deadlock with each other; that is a rollback like others.
          for (let n = 0; n < transactions.length; n += 2)
            await Promise.all(
              transactions.slice(n, n + 2).map(async ({ changes, commits }) => {
                const client = await db.owner.connect();
                try {
                  await client.query('begin');
                  for (const one of changes) {
                    const [text, values] = apply(one);
                    await client.query(text, [...values]);
                  }
                  await client.query(commits ? 'commit' : 'rollback');
                } catch (error) {
                  if ((error as { code?: string }).code !== '40P01') throw error;
                  await client.query('rollback');
                } finally {
                  client.release();
                }
              }),
            );
          expect(await drift()).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('cannot be written by the API, and follow what it writes', async () => {
    await expect(asApi((sql) => sql.query('test.cheat', 'update hosts set promised_vcpus = 0'))).rejects.toMatchObject({
      code: '42501',
    });
    const host = await db.makeHost();
    await asApi((sql) => insert(sql, host));
    const { rows } = await db.owner.query(
      'select promised_vcpus::int, promised_memory_mb::int, promised_disk_gb::int, free_vcpus::int from hosts where id = $1',
      [host],
    );
    expect(rows).toEqual([{ promised_vcpus: 1, promised_memory_mb: 512, promised_disk_gb: 8, free_vcpus: 999 }]);
  });
});
