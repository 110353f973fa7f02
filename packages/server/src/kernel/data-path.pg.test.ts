import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertVpc } from '../services/vpcs/examples.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { callerOf, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { uniqueWord } from '../testing/test-api.ts';
import { createToyBoxes } from '../testing/toy-boxes.ts';
import { codeOf, composeToyService, type DataBehaviour, type Row } from '../testing/toy-service.ts';
import { type Database, openDatabase } from './sql/pool.ts';
import { openTransactions } from './sql/tx.ts';

let db: Seeded;
let tenant: Tenant;
let stranger: Tenant;
/** In place of the role of the data plane: row-level security asks it for no tenant, statements say which. */
let data: Database;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  stranger = await db.makeTenant();
  data = openDatabase({ connectionString: db.test.ownerUrl, max: 2, min: 0, watchTransactions: true });
});
afterAll(async () => {
  await data.close();
  await db.drop();
});

const count = async (text: string, values: unknown[] = []): Promise<number> =>
  Number((await db.owner.query<{ count: string }>(`select count(*) from ${text}`, values)).rows[0]!.count);

/** A toy service whose lookups of a target are counted. */
function compose(behaviours: Record<string, DataBehaviour> = {}) {
  const clock = createManualClock(Date.now());
  const seen: Row[] = [];
  let transactions = 0;
  const api: Database = {
    ...db.api,
    transaction: (...given) => {
      transactions++;
      return db.api.transaction(...given);
    },
  };
  const toy = composeToyService(
    { ...db, api },
    tenant,
    {},
    {
      clock,
      dataSql: data,
      data: {
        post: async (call) => {
          seen.push(call.target as Row);
          return {};
        },
        ...behaviours,
      },
    },
  );
  return { ...toy, clock, seen, lookUps: () => transactions };
}

const makeThing = async (who = tenant): Promise<string> => {
  const name = uniqueWord();
  await db.owner.query('insert into tenant_roles (tenant_id, name) values ($1, $2)', [who.tenantId, name]);
  return name;
};
/** As another process would change it. */
const changeElsewhere = (name: string) =>
  db.owner.query('update tenant_roles set version = version + 1 where name = $1', [name]);

describe('a call of the data plane', () => {
  it('is its own statement: no transaction, no audit row, no event, no idempotency row', async () => {
    const before = [await count('audit_logs'), await count('events'), await count('idempotency_keys')];
    const name = uniqueWord();
    let open: number | undefined;
    const { run, lookUps } = compose({
      send: async (call) => {
        open = openTransactions();
        await call.sql.query('test.write', 'insert into tenant_roles (tenant_id, name) values ($1, $2)', [
          call.tenantId,
          name,
        ]);
        return { sent: true };
      },
    });
    expect(await run('send')).toMatchObject({ output: { sent: true }, replayed: false });
    expect([open, lookUps()]).toEqual([0, 0]);
    expect(await count('tenant_roles where name = $1', [name])).toBe(1);
    expect([await count('audit_logs'), await count('events'), await count('idempotency_keys')]).toEqual(before);
  });

  it('knows who calls, for whom, when and with what', async () => {
    let facts: object = {};
    const { run, clock } = compose({
      send: async (call) => {
        const { tenantId, userId, now, input, origin, target } = call;
        facts = { tenantId, userId, now, input, origin, target };
        return {};
      },
    });
    await run('send', { word: 1 }, undefined, { origin: { requestId: 'mine' } });
    expect(facts).toEqual({
      ...tenant,
      now: new Date(clock.now()),
      input: { word: 1 },
      origin: { requestId: 'mine' },
      target: undefined,
    });
  });

  it('needs somebody, a tenant, and the permission; who is refused is written down', async () => {
    const { run } = compose();
    const name = await makeThing();
    const refusals = () =>
      count(`audit_logs where outcome = 'refused' and action = 'thing.post' and tenant_id = $1`, [tenant.tenantId]);
    const before = await refusals();
    expect(await codeOf(run('send', {}, { kind: 'anonymous' }))).toBe('UNAUTHORIZED');
    expect(await codeOf(run('post', { name }, callerOf(tenant, ['thing:update'])))).toBe('no error');
    expect(await codeOf(run('post', { name }, callerOf(tenant, ['thing:read'])))).toBe('FORBIDDEN');
    expect((await refusals()) - before).toBe(1);
  });

  it('finds nothing of others before it says what is forbidden: 404 before 403, no matter who looked before', async () => {
    const { run } = compose();
    const name = await makeThing();
    await run('post', { name });
    expect(await codeOf(run('post', { name }, callerOf(stranger)))).toBe('NOT_FOUND');
    expect(await codeOf(run('post', { name: 'not-there' }, callerOf(tenant, [])))).toBe('NOT_FOUND');
    expect(await codeOf(run('post', { name }, callerOf(tenant, [])))).toBe('FORBIDDEN');
    expect(await codeOf(run('post', { name: 7 }, callerOf(tenant, [])))).toBe('INVALID_INPUT');
  });

  it('takes no Idempotency-Key: nothing is kept of it', async () => {
    const { run } = compose();
    await expect(run('send', {}, undefined, { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('does not accept an Idempotency-Key'),
    });
  });

  it('tells an error of the database as the control plane does', async () => {
    const { run } = compose({
      send: (call) =>
        call.sql.query(
          'test.twice',
          'insert into tenant_roles (tenant_id, name) select $1, $2 from (values (1), (2)) t',
          [call.tenantId, uniqueWord()],
        ),
    });
    expect(await codeOf(run('send'))).toBe('CONFLICT');
  });
});

describe('the target of a data-plane call', () => {
  it('is looked up once a second, by id or name each, however many call', async () => {
    const { run, clock, seen, lookUps } = compose();
    const name = await makeThing();
    await Promise.all(Array.from({ length: 20 }, () => run('post', { name })));
    expect(lookUps()).toBe(1);
    await changeElsewhere(name);
    await clock.advance(999);
    await run('post', { name });
    expect([lookUps(), seen.at(-1)!.version], 'known still').toEqual([1, 1]);
    await clock.advance(1);
    await run('post', { name });
    expect([lookUps(), seen.at(-1)!.version], 'a second is the bound').toEqual([2, 2]);
    await run('post', { name: seen.at(-1)!.id });
    expect(lookUps()).toBe(3);
  });

  it('is not kept longer for being used all the time', async () => {
    const { run, clock, seen } = compose();
    const name = await makeThing();
    await run('post', { name });
    await changeElsewhere(name);
    for (let i = 0; i < 11; i++) {
      await clock.advance(100);
      await run('post', { name });
    }
    expect(seen.at(-1)!.version).toBe(2);
  });

  it('is forgotten at once when this process changes something of its tenant', async () => {
    const { run, seen, lookUps } = compose();
    const name = await makeThing();
    const theirs = await makeThing(stranger);
    await run('post', { name });
    await run('post', { name: theirs }, callerOf(stranger));
    await run('update', { name });
    const before = lookUps();
    await run('post', { name });
    expect(seen.at(-1)).toMatchObject({ name, version: 2 });
    expect(lookUps() - before).toBe(1);
    await run('post', { name: theirs }, callerOf(stranger));
    expect(lookUps() - before, "another tenant's is known still").toBe(1);
    await run('delete', { name });
    expect(await codeOf(run('post', { name }))).toBe('NOT_FOUND');
  });

  it('is not forgotten for a read, nor for a change that was refused', async () => {
    const { run, lookUps } = compose();
    const name = await makeThing();
    await run('post', { name });
    await run('get', { name });
    await codeOf(run('update', { name }, callerOf(tenant, ['thing:read'])));
    const before = lookUps();
    await run('post', { name });
    expect(lookUps()).toBe(before);
  });

  it('that is not there is looked for each time: it may be made at any moment', async () => {
    const { run } = compose();
    const name = uniqueWord();
    expect(await codeOf(run('post', { name }))).toBe('NOT_FOUND');
    await db.owner.query('insert into tenant_roles (tenant_id, name) values ($1, $2)', [tenant.tenantId, name]);
    expect(await codeOf(run('post', { name }))).toBe('no error');
  });

  it('looked up while it was changed is not kept', async () => {
    let delayed: Promise<void> | undefined;
    const api: Database = {
      ...db.api,
      transaction: async (...given) => {
        const wait = delayed;
        const found = await db.api.transaction(...given);
        await wait;
        return found;
      },
    };
    const seen: number[] = [];
    const post: DataBehaviour = async (call) => {
      seen.push((call.target as Row).version);
      return {};
    };
    const { run } = composeToyService({ ...db, api }, tenant, {}, { dataSql: data, data: { post } });
    const name = await makeThing();
    let go: () => void = () => undefined;
    delayed = new Promise((resolve) => {
      go = resolve;
    });
    const early = run('post', { name });
    delayed = undefined;
    await run('update', { name });
    go();
    await early;
    await run('post', { name });
    expect(seen).toEqual([1, 2]);
  });

  it('that is being deleted takes no more writes, and that is known at once where it was deleted', async () => {
    const { execute } = composeToyService(db, tenant, {}, { dataSql: data, beside: createToyBoxes({}) });
    const hostId = await db.makeHost();
    const id = await insertVpc({ owner: db.owner, ...tenant, hostId, email: '', password: '', unique: uniqueWord });
    const call = (verb: string) =>
      execute(`boxes.${verb}`, callerOf(tenant), { id }, { origin: { requestId: uniqueWord() } });
    expect(await codeOf(call('poke'))).toBe('no error');
    await call('delete');
    await expect(call('poke')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/^box 'vpc-.*' is being deleted$/),
    });
  });

  it('that could not be looked up is asked for again', async () => {
    let fails = true;
    const api: Database = {
      ...db.api,
      transaction: (...given) =>
        fails ? Promise.reject(Object.assign(new Error('away'), { code: '57P01' })) : db.api.transaction(...given),
    };
    const { run } = composeToyService({ ...db, api }, tenant, {}, { dataSql: data });
    const name = await makeThing();
    expect(await codeOf(run('post', { name }))).toBe('UNAVAILABLE');
    fails = false;
    expect(await codeOf(run('post', { name }))).toBe('no error');
  });
});

it('one tenant that keeps its statements waiting leaves connections to the others', async () => {
  const pool = openDatabase({ connectionString: db.test.ownerUrl, max: 8, min: 0 });
  try {
    const send: DataBehaviour = async (call) => {
      if (call.tenantId === tenant.tenantId) await call.sql.query('test.slow', 'select pg_sleep(0.3)');
      return {};
    };
    const { run } = composeToyService(db, tenant, {}, { dataSql: pool, data: { send } });
    const crowd = Promise.all(Array.from({ length: 16 }, () => codeOf(run('send'))));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { total, idle, waiting } = pool.stats();
    expect([total - idle, waiting], 'three quarters of the pool').toEqual([6, 0]);
    expect(await codeOf(run('send', {}, callerOf(stranger)))).toBe('no error');
    expect(new Set(await crowd)).toEqual(new Set(['no error']));
  } finally {
    await pool.close();
  }
});
