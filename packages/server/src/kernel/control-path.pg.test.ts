import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertVpc } from '../services/vpcs/examples.ts';
import { callerOf, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { uniqueWord } from '../testing/test-api.ts';
import { createToyBoxes, type Part } from '../testing/toy-boxes.ts';
import { type Behaviour, codeOf, composeToyService, insertThing, type Row } from '../testing/toy-service.ts';
import { conflict, invalidInput } from './errors.ts';
import type { Call, Steps } from './service.ts';
import { openTransactions } from './sql/tx.ts';

let db: Seeded;
let tenant: Tenant;
let stranger: Tenant;
let hostId: string;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  stranger = await db.makeTenant();
  hostId = await db.makeHost();
});
afterAll(() => db.drop());

const compose = (steps: Record<string, Partial<Steps>> = {}, behaviours: Record<string, Behaviour> = {}) =>
  composeToyService(db, tenant, behaviours, { steps });
const count = async (text: string, values: unknown[] = []): Promise<number> =>
  Number((await db.owner.query<{ count: string }>(`select count(*) from ${text}`, values)).rows[0]!.count);
const thingsNamed = (name: string) => count('tenant_roles where name = $1', [name]);
const inUse = () => db.api.stats().total - db.api.stats().idle;

const boxes = (facts: Parameters<typeof createToyBoxes>[0] = {}) => {
  const { execute } = composeToyService(db, tenant, {}, { beside: createToyBoxes(facts) });
  return (verb: string, input: unknown, who = tenant, options: object = {}) =>
    execute(`boxes.${verb}`, callerOf(who), input, { origin: { requestId: uniqueWord() }, ...options });
};
const world = (who = tenant) => ({ owner: db.owner, ...who, hostId, email: '', password: '', unique: uniqueWord });
const insertPart = async (boxId: string, name: string, who = tenant): Promise<string> =>
  (
    await db.owner.query<{ id: string }>(
      `insert into instances (user_id, tenant_id, name, image, status, vpc_id) values ($1, $2, $3, 'i', 'RUNNING', $4) returning id`,
      [who.userId, who.tenantId, name, boxId],
    )
  ).rows[0]!.id;

describe('the steps of a call', () => {
  it('are prepare, check, quota, run and, after the commit, finish; each hands on what it found', async () => {
    const seen: string[] = [];
    const name = uniqueWord();
    const { run } = compose({
      create: {
        prepare: async () => seen.push('prepare') && 'hash',
        check: async (call) => seen.push(`check ${String(call.prepared)}`) && { size: 7 },
        quota: async (call) => {
          seen.push(`quota ${JSON.stringify(call.checked)}`);
          return [];
        },
        run: async (call) => {
          seen.push(`run ${String(call.prepared)} ${JSON.stringify(call.checked)}`);
          return (await insertThing(call, name))[0];
        },
        finish: async (call) => {
          seen.push(`finish ${call.tenantId === tenant.tenantId} ${await thingsNamed(name)}`);
        },
      },
    });
    expect(await run('create', { name })).toMatchObject({ output: { name, version: 1 }, replayed: false });
    expect(seen).toEqual(['prepare', 'check hash', 'quota {"size":7}', 'run hash {"size":7}', 'finish true 1']);
  });

  it('begin outside every transaction: preparing holds no connection', async () => {
    const seen: unknown[] = [];
    const { run } = compose({
      create: {
        prepare: async (call) => {
          seen.push([openTransactions(), inUse()]);
          const found = await call.read(async (sql) => {
            seen.push([openTransactions(), inUse()]);
            return sql.query<{ tenant: string }>('test.scope', 'select scope_tenant() as tenant');
          });
          seen.push([openTransactions(), inUse()], found[0]!.tenant);
        },
      },
    });
    await run('create', { name: uniqueWord() });
    expect(seen).toEqual([[0, 0], [1, 1], [0, 0], tenant.tenantId]);
  });

  it('cannot write while they prepare', async () => {
    const { run } = compose({
      create: {
        prepare: (call) =>
          call.read((sql) => sql.query('test.sneak', `insert into tenant_roles (tenant_id, name) values ($1, 'x')`)),
      },
    });
    await expect(run('create', { name: uniqueWord() })).rejects.toThrow();
    expect(await thingsNamed('x')).toBe(0);
  });

  it('do not even begin for who may not call: nothing slow is done for them', async () => {
    let prepared = 0;
    const prepare = async () => ++prepared;
    const { run } = compose({ create: { prepare }, update: { prepare } });
    const name = uniqueWord();
    await run('create', { name });
    const powerless = callerOf(tenant, ['thing:read']);
    expect(await codeOf(run('create', { name: uniqueWord() }, powerless))).toBe('FORBIDDEN');
    expect(await codeOf(run('update', { name }, powerless))).toBe('FORBIDDEN');
    expect(await codeOf(run('update', { name: 'not-there' }, powerless))).toBe('NOT_FOUND');
    expect(await codeOf(run('create', { name: 7 }))).toBe('INVALID_INPUT');
    expect(prepared).toBe(1);
  });

  it('refuse a wrong input before any quota is looked at', async () => {
    let counted = 0;
    const { run } = compose({
      create: {
        check: async () => Promise.reject(invalidInput('no such size')),
        quota: async () => [{ resource: 'things', used: ++counted, wanted: 1, defaultMax: 0 }],
      },
    });
    expect(await codeOf(run('create', { name: uniqueWord() }))).toBe('INVALID_INPUT');
    expect(counted).toBe(0);
  });

  it('look at no quota for a replayed call, nor check it', async () => {
    const seen: string[] = [];
    const { run } = compose({
      create: {
        check: async () => seen.push('check'),
        quota: async () => [{ resource: 'things', used: seen.push('quota') > 2 ? 1 : 0, wanted: 1, defaultMax: 1 }],
      },
    });
    const name = uniqueWord();
    const idempotencyKey = uniqueWord();
    const make = () => run('create', { name }, undefined, { idempotencyKey });
    expect([(await make()).replayed, (await make()).replayed]).toEqual([false, true]);
    expect(seen).toEqual(['check', 'quota']);
  });

  it('end with finish only where something was committed', async () => {
    let finished = 0;
    const finish = async () => void finished++;
    const { run } = compose({ create: { finish }, peek: { finish } }, { create: () => Promise.reject(conflict('no')) });
    expect(await codeOf(run('create', { name: uniqueWord() }))).toBe('CONFLICT');
    expect(await codeOf(run('create', { name: uniqueWord() }, callerOf(tenant, [])))).toBe('FORBIDDEN');
    expect(finished).toBe(0);
    await run('peek');
    expect(finished).toBe(1);
  });

  it('are done when finish fails: that is only logged', async () => {
    const name = uniqueWord();
    const { run, logLines } = compose({
      create: { finish: () => Promise.reject(new Error('the cache is away')) },
    });
    expect(await run('create', { name })).toMatchObject({ output: { name } });
    expect(await thingsNamed(name)).toBe(1);
    expect(logLines.join()).toMatch(/the cache is away.*a step after a committed change failed/);
  });
});

describe('a write', () => {
  const racing = async (verbs: readonly [string, string]) => {
    const name = uniqueWord();
    const slow: Behaviour = async (call) => {
      // Long enough that the other one has looked the target up by now, did the lookup not lock it.
      await call.sql.query('test.pause', 'select pg_sleep(0.03)');
      const [row] = await call.sql.query<Row>(
        'test.update',
        'update tenant_roles set version = version + 1 where id = $1 returning id, name, version',
        [(call.target as Row).id],
      );
      return row;
    };
    const { run } = compose({}, { update: slow });
    await run('create', { name });
    const outcomes = await Promise.all(verbs.map((verb) => codeOf(run(verb, { name }, undefined, { ifMatch: 1 }))));
    return { outcomes, versions: await count('tenant_roles where name = $1 and version = 2', [name]), name };
  };

  it('locks its target: of two updates that saw the same version exactly one wins', async () => {
    for (let i = 0; i < 5; i++) {
      const { outcomes, versions } = await racing(['update', 'update']);
      expect([outcomes.sort(), versions]).toEqual([['CONFLICT', 'no error'], 1]);
    }
  });

  it('of an update and a deletion that saw the same version exactly one wins', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 6; i++) {
      const { outcomes, name } = await racing(i % 2 ? ['update', 'delete'] : ['delete', 'update']);
      const byVerb = i % 2 ? outcomes : outcomes.reverse();
      // Who comes second to a deletion finds nothing; who comes second to an update finds another version.
      expect([
        ['no error', 'CONFLICT'],
        ['NOT_FOUND', 'no error'],
      ]).toContainEqual(byVerb);
      expect(await thingsNamed(name)).toBe(byVerb[0] === 'no error' ? 1 : 0);
      seen.add(byVerb.join());
    }
    expect(seen.size).toBeGreaterThan(0);
  });

  it('does not lock what it only reads', async () => {
    const name = uniqueWord();
    let other: Promise<string> = Promise.resolve('');
    const { run } = compose(
      {},
      {
        get: async (call) => {
          other = codeOf(run('update', { name }));
          expect(await other).toBe('no error');
          return call.target;
        },
      },
    );
    await run('create', { name });
    expect((await run('get', { name })).output).toMatchObject({ version: 1 });
  });
});

describe('what is being deleted', () => {
  it('is seen by its id until it is gone, can be deleted again, and takes no other write', async () => {
    const run = boxes();
    const id = await insertVpc(world());
    const deleted = await run('delete', { id });
    expect(deleted.output).toEqual({ message: expect.stringMatching(/^box 'vpc-.*' is being deleted$/) });
    expect(await run('get', { id })).toMatchObject({ id, version: 2, output: { status: 'DELETING', version: 2 } });
    expect(await run('delete', { id })).toMatchObject({ output: deleted.output });
    expect((await run('get', { id })).version).toBe(2);
    await expect(run('rename', { id, name: uniqueWord() })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/^box 'vpc-.*' is being deleted$/),
    });
    expect(await count(`reconcile where kind = 'box' and id = $1 and host_id = $2`, [id, hostId])).toBe(1);
    expect(await count(`audit_logs where action = 'box.delete' and resource_id = $1`, [id])).toBe(2);
    await db.owner.query('delete from vpcs where id = $1', [id]);
    expect(await codeOf(run('delete', { id }))).toBe('NOT_FOUND');
  });

  it('has given up its name', async () => {
    const run = boxes();
    const id = await insertVpc(world());
    const { name } = (await run('get', { id })).output as { name: string };
    await run('delete', { id: name });
    expect(await codeOf(run('get', { id: name }))).toBe('NOT_FOUND');
    expect(await codeOf(run('delete', { id: name }))).toBe('NOT_FOUND');
  });

  it('is refused while things of other services are in it, each named with its number', async () => {
    let lids = 1;
    const run = boxes({ lids: () => lids });
    const id = await insertVpc(world());
    const { name } = (await run('get', { id })).output as { name: string };
    for (const part of ['one', 'two']) await insertPart(id, part);
    await expect(run('delete', { id })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `the box '${name}' still contains 2 parts, 1 lid; delete them first`,
    });
    lids = 0;
    await db.owner.query('delete from instances where vpc_id = $1 and name = $2', [id, 'one']);
    await expect(run('delete', { id })).rejects.toThrow(`the box '${name}' still contains 1 part; delete them first`);
    expect((await run('get', { id })).version).toBe(1);
    await db.owner.query('delete from instances where vpc_id = $1', [id]);
    await run('delete', { id });
    // Once it is being deleted, what is left in it is in nobody's way.
    lids = 5;
    await run('delete', { id });
  });

  it('is refused at an older version', async () => {
    const run = boxes();
    const id = await insertVpc(world());
    await run('rename', { id, name: uniqueWord() });
    await expect(run('delete', { id }, tenant, { ifMatch: 1 })).rejects.toThrow('is at version 2, not 1');
    expect(await codeOf(run('delete', { id }, tenant, { ifMatch: 2 }))).toBe('no error');
  });

  it('is listed with the rest, page by page, as the kind presents it', async () => {
    const who = await db.makeTenant();
    const run = boxes();
    const ids = [await insertVpc(world(who)), await insertVpc(world(who)), await insertVpc(world(who))];
    await run('delete', { id: ids[1] }, who);
    const first = (await run('list', { limit: 2 }, who)).output as { items: { id: string }[]; nextCursor: string };
    const second = (await run('list', { limit: 2, cursor: first.nextCursor }, who)).output as typeof first;
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([2, 1, undefined]);
    const all = [...first.items, ...second.items];
    expect(all.map((one) => one.id).sort()).toEqual([...ids].sort());
    expect(all.find((one) => one.id === ids[1])).toMatchObject({ status: 'DELETING' });
  });
});

describe('what lies within another', () => {
  it('is found there only', async () => {
    const seen: (readonly unknown[])[] = [];
    const run = boxes({ see: (call) => seen.push(call.targets) });
    const [mine, other] = [await insertVpc(world()), await insertVpc(world())];
    const partId = await insertPart(mine, 'wheel');
    expect(await run('getPart', { box: mine, part: 'wheel' })).toMatchObject({
      id: partId,
      output: { id: partId, name: 'wheel' },
    });
    await expect(run('getPart', { box: other, part: 'wheel' })).rejects.toThrow("part 'wheel' does not exist");
    await expect(run('getPart', { box: 'none', part: 'wheel' })).rejects.toThrow("box 'none' does not exist");
    expect(await codeOf(run('getPart', { box: mine, part: 'wheel' }, stranger))).toBe('NOT_FOUND');
    const requestId = uniqueWord();
    await run('shake', { box: mine, part: 'wheel' }, tenant, { origin: { requestId } });
    expect(seen).toEqual([[expect.objectContaining({ id: mine }), expect.objectContaining({ id: partId })]]);
    const { rows } = await db.owner.query('select resource_id from audit_logs where request_id = $1', [requestId]);
    expect(rows).toEqual([{ resource_id: partId }]);
  });

  it('is locked when it is written; what it lies in is not', async () => {
    const mine = await insertVpc(world());
    const name = uniqueWord();
    await insertPart(mine, name);
    let locked: { box: boolean; part: boolean } | undefined;
    const isLocked = async (table: string, id: string) =>
      (await db.owner.query(`select 1 from ${table} where id = $1 for update skip locked`, [id])).rowCount === 0;
    const services = createToyBoxes({});
    const shake = async (call: Call<unknown, Part>) => {
      locked = { box: await isLocked('vpcs', mine), part: await isLocked('instances', call.target.id) };
      return call.target;
    };
    const [first, ...rest] = services;
    const watched = { ...first!, handlers: { ...first!.handlers, shake } };
    const { execute } = composeToyService(db, tenant, {}, { beside: [watched, ...rest] });
    await execute('boxes.shake', callerOf(tenant), { box: mine, part: name }, { origin: { requestId: 'r' } });
    expect(locked).toEqual({ box: false, part: true });
  });
});
