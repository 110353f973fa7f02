import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../../../testkit/src/index.ts';
import { signScopes } from '../../testing/sign-scopes.ts';
import { type Database, openDatabase, type PoolSettings, type QueryObserver } from './pool.ts';
import { openTransactions, withReadTransaction } from './tx.ts';

const TENANT_A = '00000000-0000-7000-8000-00000000000a';
const TENANT_B = '00000000-0000-7000-8000-00000000000b';
const USER = '00000000-0000-7000-8000-0000000000aa';

let test: TestDatabase;
const opened: Database[] = [];

let owner: pg.Pool;

/** A pool that the end of the file closes; the API's proves what it names. */
function open(url: string, settings: Partial<PoolSettings> = {}, observer?: QueryObserver): Database {
  const database = openDatabase({ connectionString: url, min: 1, ...settings }, observer);
  opened.push(database);
  return url === test.apiUrl ? signScopes(database, owner) : database;
}

beforeAll(async () => {
  test = await createTestDatabase();
  owner = new pg.Pool({ connectionString: test.ownerUrl, max: 1 });
  await withClient(test.ownerUrl, (owner) =>
    owner.query(`
      insert into users (id, email, password_hash, name) values ('${USER}', 'a@example.com', 'x', 'A');
      insert into tenants (id, name, slug, owner_id, account_number) values
        ('${TENANT_A}', 'A', 'a', '${USER}', '100000000000'), ('${TENANT_B}', 'B', 'b', '${USER}', '200000000000');
      insert into queues (user_id, tenant_id, name, arn) values ('${USER}', '${TENANT_A}', 'qa', 'arn:a'), ('${USER}', '${TENANT_B}', 'qb', 'arn:b')`),
  );
});
afterAll(async () => {
  await Promise.all([...opened.map((database) => database.close()), owner.end()]);
  await test.drop();
});

const queueNames = async (database: Database, scope: Parameters<Database['transaction']>[0]) =>
  database.transaction(scope, async (sql) =>
    (await sql.query<{ name: string }>('test.queues', 'select name from queues order by name')).map((row) => row.name),
  );

describe('scope', () => {
  it('shows the API the rows of its tenant, and none without one', async () => {
    const api = open(test.apiUrl);
    expect(await queueNames(api, { tenantId: TENANT_A })).toEqual(['qa']);
    expect(await queueNames(api, { tenantId: TENANT_B, userId: USER })).toEqual(['qb']);
    expect(await queueNames(api, { userId: USER })).toEqual([]);
    expect(await api.query('test.queues', 'select name from queues')).toEqual([]);
  });

  it('shows a worker every tenant only when it says so', async () => {
    const worker = open(test.workerUrl);
    expect(await queueNames(worker, { tenantId: '*' })).toEqual(['qa', 'qb']);
    expect(await queueNames(worker, { tenantId: TENANT_B })).toEqual(['qb']);
    expect(await queueNames(worker, {})).toEqual([]);
    await expect(queueNames(open(test.apiUrl), { tenantId: '*' })).rejects.toThrow(/uuid/);
  });

  it('does not outlive its transaction, on the same connection', async () => {
    const api = open(test.apiUrl, { max: 1 });
    expect(await queueNames(api, { tenantId: TENANT_A })).toEqual(['qa']);
    expect(await queueNames(api, {})).toEqual([]);
    await expect(
      api.transaction({ tenantId: TENANT_A }, async () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await queueNames(api, {})).toEqual([]);
  });

  it('takes nothing but UUIDs and tokens', async () => {
    const worker = open(test.workerUrl);
    await expect(queueNames(worker, { tenantId: "x'; drop table users; --" })).rejects.toThrow(TypeError);
    await expect(queueNames(worker, { userId: `${USER}'` })).rejects.toThrow(TypeError);
    await expect(queueNames(worker, { userId: '*' })).rejects.toThrow(TypeError);
    await expect(queueNames(worker, { token: `${'0'.repeat(143)}'` })).rejects.toThrow(TypeError);
  });

  it('keeps tenants apart with many transactions on few connections', async () => {
    const api = open(test.apiUrl, { max: 3 });
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        queueNames(api, { tenantId: n % 3 === 0 ? TENANT_A : TENANT_B }).then((names) => [n, names] as const),
      ),
    );
    for (const [n, names] of answers) expect(names).toEqual([n % 3 === 0 ? 'qa' : 'qb']);
  });
});

describe('transaction', () => {
  const insert = `insert into queues (user_id, tenant_id, name, arn) values ($1, $2, $3, 'arn')`;
  const count = (api: Database, name: string) =>
    api.transaction(
      { tenantId: TENANT_A },
      async (sql) => (await sql.query('test.count', 'select 1 from queues where name = $1', [name])).length,
    );

  it('commits what resolves and rolls back what rejects', async () => {
    const api = open(test.apiUrl);
    await api.transaction({ tenantId: TENANT_A }, (sql) => sql.query('test.insert', insert, [USER, TENANT_A, 'kept']));
    expect(await count(api, 'kept')).toBe(1);
    await expect(
      api.transaction({ tenantId: TENANT_A }, async (sql) => {
        await sql.query('test.insert', insert, [USER, TENANT_A, 'lost']);
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await count(api, 'lost')).toBe(0);
    expect(api.stats().idle).toBe(api.stats().total);
  });

  it('rejects when a failed statement was swallowed', async () => {
    const api = open(test.apiUrl);
    await expect(
      api.transaction({ tenantId: TENANT_A }, async (sql) => {
        await sql.query('test.insert', insert, [USER, TENANT_A, 'swallowed']);
        await sql.query('test.bad', 'select 1/0').catch(() => {});
      }),
    ).rejects.toThrow(/swallowed/);
    expect(await count(api, 'swallowed')).toBe(0);
  });

  it("refuses a statement after its end, and another tenant's row", async () => {
    const api = open(test.apiUrl);
    let late: Promise<unknown> = Promise.resolve();
    await api.transaction({ tenantId: TENANT_A }, async (sql) => {
      setTimeout(() => {
        late = sql.query('test.late', 'select 1');
        late.catch(() => {});
      }, 30);
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    await expect(late).rejects.toThrow(/after its transaction/);
    await expect(
      api.transaction({ tenantId: TENANT_A }, (sql) => sql.query('test.insert', insert, [USER, TENANT_B, 'theirs'])),
    ).rejects.toMatchObject({
      code: '42501',
      query: 'test.insert',
    });
  });

  it('reads only, and isolates, when asked', async () => {
    const api = open(test.apiUrl);
    await expect(
      withReadTransaction(api, { tenantId: TENANT_A }, (sql) =>
        sql.query('test.insert', insert, [USER, TENANT_A, 'ro']),
      ),
    ).rejects.toMatchObject({ code: '25006' });
    const isolation = await api.transaction({}, (sql) => sql.query('test.isolation', 'show transaction_isolation'), {
      isolation: 'repeatable read',
    });
    expect(isolation).toEqual([{ transaction_isolation: 'repeatable read' }]);
  });

  it('counts open transactions along the call chain where the pool watches', async () => {
    const watched = open(test.apiUrl, { watchTransactions: true });
    expect(openTransactions()).toBe(0);
    let later: Promise<number> = Promise.resolve(-1);
    await watched.transaction({}, async () => {
      expect(openTransactions()).toBe(1);
      await watched.transaction({}, async () => expect(openTransactions()).toBe(2));
      expect(openTransactions()).toBe(1);
      later = new Promise((resolve) => setTimeout(() => resolve(openTransactions()), 50));
    });
    expect(await later).toBe(0);
    expect(openTransactions()).toBe(0);
    await open(test.apiUrl).transaction({}, async () => expect(openTransactions()).toBe(0));
  });
});

describe('pool', () => {
  it('keeps two texts under one name apart, and refuses a name that the server would cut', async () => {
    const api = open(test.apiUrl, { max: 1 });
    expect(await api.query('test.same', 'select 1 as n')).toEqual([{ n: 1 }]);
    expect(await api.query('test.same', 'select 2 as n')).toEqual([{ n: 2 }]);
    expect(await api.query('test.other', 'select 2 as n')).toEqual([{ n: 2 }]);
    await expect(api.query('x'.repeat(51), 'select 3')).rejects.toThrow(/longer than 50/);
    expect(await api.query('test.prepared', 'select name from pg_prepared_statements order by name')).toHaveLength(4);
  });

  it('tells the observer of every statement, slow ones with their text, failed ones as failed', async () => {
    const seen: string[] = [];
    const slow: string[] = [];
    const api = open(
      test.apiUrl,
      { slowQueryMs: 40 },
      {
        query: (name, ms, failed) => seen.push(`${name} ${failed} ${ms >= 0}`),
        slowQuery: (name, _, text) => slow.push(`${name} ${text}`),
      },
    );
    await api.query('test.sleep', 'select pg_sleep(0.06)');
    await api.query('test.bad', 'select 1/0').catch(() => {});
    await api.transaction({}, (sql) => sql.query('test.quick', 'select 1'));
    expect(seen).toEqual([
      'test.sleep false true',
      'test.bad true true',
      'begin false true',
      'test.quick false true',
      'commit false true',
    ]);
    expect(slow).toEqual(['test.sleep select pg_sleep(0.06)']);
  });

  it('opens its minimum at warm, stays under its maximum, refuses beyond its waiting room', async () => {
    const api = open(test.apiUrl, { min: 3, max: 4, maxWaiting: 2, connectTimeoutMs: 5000 });
    await api.warm();
    expect(api.stats()).toEqual({ total: 3, idle: 3, waiting: 0, max: 4 });
    const sleeps = Array.from({ length: 6 }, () => api.query('test.sleep', 'select pg_sleep(0.2)'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(api.stats()).toMatchObject({ total: 4, idle: 0, waiting: 2 });
    await expect(api.query('test.one_more', 'select 1')).rejects.toMatchObject({ code: '53300' });
    await Promise.all(sleeps);
    expect(api.stats()).toMatchObject({ waiting: 0 });
  });

  it('rejects at warm when there is no database', async () => {
    await expect(open(test.apiUrl.replace(test.name, 'nowhere')).warm()).rejects.toMatchObject({ code: '3D000' });
  });

  it('waits for a connection no longer than told', async () => {
    const api = open(test.apiUrl, { max: 1, connectTimeoutMs: 80 });
    const busy = api.query('test.sleep', 'select pg_sleep(0.4)');
    await expect(api.query('test.starved', 'select 1')).rejects.toThrow(/timeout exceeded/);
    await busy;
  });

  it('gives up a statement without an answer, with its connection', async () => {
    const api = open(test.apiUrl, { max: 1, queryTimeoutMs: 80 });
    await expect(api.query('test.sleep', 'select pg_sleep(1)')).rejects.toThrow(/timeout/);
    expect(await api.query('test.next', 'select 1 as n')).toEqual([{ n: 1 }]);
  });
});

describe('abort', () => {
  const active = (name: string) =>
    withClient(test.ownerUrl, async (owner) => {
      await owner.query('set role pg_read_all_stats').catch(() => {});
      return (
        await owner.query("select 1 from pg_stat_activity where application_name = $1 and state = 'active'", [name])
      ).rowCount;
    });

  it("stops the statement on the server and gives the signal's reason", async () => {
    const api = open(test.apiUrl, { max: 1, applicationName: 'abort-test' });
    const control = new AbortController();
    const running = api.transaction({}, (sql) => sql.query('test.sleep', 'select pg_sleep(10)'), {
      signal: control.signal,
    });
    setTimeout(() => control.abort(new Error('client went away')), 80);
    const started = performance.now();
    await expect(running).rejects.toThrow('client went away');
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await active('abort-test')).toBe(0);
    expect(await api.query('test.next', 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  it('refuses to start, to wait, to go on and to commit once aborted', async () => {
    const api = open(test.apiUrl, { max: 1 });
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(api.transaction({}, async () => 1, { signal: gone })).rejects.toThrow('gone');

    const waiting = new AbortController();
    const busy = api.query('test.sleep', 'select pg_sleep(0.2)');
    const starved = api.transaction({}, async () => 1, { signal: waiting.signal });
    setTimeout(() => waiting.abort(new Error('tired of waiting')), 30);
    await expect(starved).rejects.toThrow('tired of waiting');
    await busy;
    expect(await api.query('test.next', 'select 1 as n')).toEqual([{ n: 1 }]);

    const between = new AbortController();
    await expect(
      api.transaction(
        {},
        async (sql) => {
          between.abort(new Error('between'));
          return sql.query('test.next', 'select 1 as n');
        },
        { signal: between.signal },
      ),
    ).rejects.toThrow('between');

    const last = new AbortController();
    await expect(
      api.transaction({}, async () => last.abort(new Error('at the end')), { signal: last.signal }),
    ).rejects.toThrow('at the end');
    await expect(api.transaction({}, async () => 'fine', { signal: new AbortController().signal })).resolves.toBe(
      'fine',
    );
  });

  it('rejects a waiting call when the connection cannot be had', async () => {
    const nowhere = open(test.apiUrl.replace(test.name, 'nowhere'));
    await expect(
      nowhere.transaction({}, async () => 1, { signal: new AbortController().signal }),
    ).rejects.toMatchObject({ code: '3D000' });
  });

  it('lets go of the connection when the cancel cannot be sent', async () => {
    const elsewhere = test.ownerUrl.replace(test.name, 'postgres');
    const failures: Error[] = [];
    const api = open(test.apiUrl, { max: 1 }, { cancelFailed: (error) => failures.push(error) });
    const control = new AbortController();
    const running = api.transaction({}, (sql) => sql.query('test.sleep', 'select pg_sleep(0.3)'), {
      signal: control.signal,
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    await withClient(elsewhere, (owner) => owner.query(`alter database ${test.name} allow_connections false`));
    control.abort(new Error('away'));
    await expect(running).rejects.toThrow('away');
    expect(failures).toHaveLength(1);
    await withClient(elsewhere, (owner) => owner.query(`alter database ${test.name} allow_connections true`));
    expect(await api.query('test.next', 'select 1 as n')).toEqual([{ n: 1 }]);
  });
});

describe('lost connections', () => {
  const kill = (name: string) =>
    withClient(test.workerUrl, async (client) => {
      await client.query('set role none');
      const { rowCount } = await client.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
        [name],
      );
      expect(rowCount).toBeGreaterThan(0);
    });

  it('fails the transaction that had it, and the pool goes on with another', async () => {
    const worker = open(test.workerUrl, { applicationName: 'killed' });
    await expect(
      worker.transaction({}, async (sql) => {
        await sql.query('test.before', 'select 1');
        await kill('killed');
        await new Promise((resolve) => setTimeout(resolve, 50));
        return sql.query('test.after', 'select 1');
      }),
    ).rejects.toThrow(/terminat|not queryable/);
    expect(await worker.query('test.next', 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  it('fails a transaction whose begin is lost', async () => {
    const worker = open(test.workerUrl, { applicationName: 'killed-idle-tx', max: 1 });
    await expect(
      worker.transaction({}, async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        await kill('killed-idle-tx');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }),
    ).rejects.toThrow(/terminat|not queryable/);
  });

  it('drops an idle one and says so', async () => {
    const lost: Error[] = [];
    const worker = open(
      test.workerUrl,
      { applicationName: 'killed-idle' },
      { connectionLost: (error) => lost.push(error) },
    );
    const silent = open(test.workerUrl, { applicationName: 'killed-idle' });
    await worker.warm();
    await silent.warm();
    await kill('killed-idle');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(lost).toHaveLength(1);
    expect(worker.stats().total).toBe(0);
    expect(silent.stats().total).toBe(0);
    expect(await worker.query('test.next', 'select 1 as n')).toEqual([{ n: 1 }]);
  });
});
