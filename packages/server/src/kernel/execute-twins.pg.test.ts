import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { callerOf, eventually, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { uniqueWord } from '../testing/test-api.ts';
import { type Behaviour, codeOf, composeToyService, insertThing, type Row } from '../testing/toy-service.ts';
import type { Clock } from './clock.ts';
import { CloudError, invalidInput } from './errors.ts';

let db: Seeded;
let tenant: Tenant;
let stranger: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  stranger = await db.makeTenant();
});
afterAll(() => db.drop());

const compose = (behaviours: Record<string, Behaviour> = {}, options: { clock?: Clock; quota?: number } = {}) =>
  composeToyService(db, tenant, behaviours, options);
const count = async (text: string, values: unknown[] = []): Promise<number> =>
  Number((await db.owner.query<{ count: string }>(`select count(*) from ${text}`, values)).rows[0]!.count);

describe('what PostgreSQL ended for the sake of another', () => {
  const failing = (sqlstate: string, times: number) => {
    let tries = 0;
    return {
      tries: () => tries,
      behaviour: (async (call) => {
        tries++;
        if (tries <= times)
          await call.sql.query(
            'test.raise',
            `do $$ begin raise exception 'made up' using errcode = '${sqlstate}'; end $$`,
          );
        const [row] = await insertThing(call, uniqueWord());
        return row;
      }) satisfies Behaviour,
    };
  };

  it.each(['40001', '40P01'])('is run again: %s', async (sqlstate) => {
    const twice = failing(sqlstate, 2);
    const { run } = compose({ create: twice.behaviour });
    expect(await codeOf(run('create', { name: 'x' }))).toBe('no error');
    expect(twice.tries()).toBe(3);
  });

  it('at most three times', async () => {
    const always = failing('40P01', 99);
    const { run } = compose({ create: always.behaviour });
    await expect(run('create', { name: 'x' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      status: 503,
      retryAfter: 5,
    });
    expect(always.tries()).toBe(3);
  });

  it('and only that', async () => {
    const once = failing('23505', 1);
    const { run } = compose({ create: once.behaviour });
    expect(await codeOf(run('create', { name: 'x' }))).toBe('CONFLICT');
    expect(once.tries()).toBe(1);
  });

  it('also a real deadlock: both calls come through', async () => {
    const names = [uniqueWord(), uniqueWord()] as const;
    const plain = compose();
    for (const name of names) await plain.run('create', { name });
    let arrived = 0;
    const { run } = compose({
      update: async (call) => {
        const first = (call.input as Row).name;
        const second = names.find((name) => name !== first)!;
        const lock = (name: string) =>
          call.sql.query('test.lock', 'update tenant_roles set description = $2 where name = $1 and tenant_id = $3', [
            name,
            first,
            call.tenantId,
          ]);
        await lock(first);
        arrived++;
        await eventually('the other one', () => arrived >= 2);
        await lock(second);
        return call.target;
      },
    });
    const outcomes = await Promise.all(names.map((name) => codeOf(run('update', { name }))));
    expect(outcomes).toEqual(['no error', 'no error']);
    expect(arrived).toBeGreaterThan(2);
  });
});

describe('versions', () => {
  it('refuse a stale write, and let a read by', async () => {
    const name = uniqueWord();
    const { run } = compose();
    await run('create', { name });
    await run('update', { name }, undefined, { ifMatch: 1 });
    expect(await codeOf(run('update', { name }, undefined, { ifMatch: 1 }))).toBe('CONFLICT');
    expect(await codeOf(run('get', { name }, undefined, { ifMatch: 1 }))).toBe('no error');
    const versionless = run('create', { name: uniqueWord() }, undefined, { ifMatch: 1 });
    expect(await codeOf(versionless), 'never left aside').toBe('INVALID_INPUT');
  });

  it('let one of many writers win who all saw the same', async () => {
    const name = uniqueWord();
    const { run } = compose();
    await run('create', { name });
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, () => codeOf(run('update', { name }, undefined, { ifMatch: 1 }))),
    );
    expect(outcomes.filter((outcome) => outcome === 'no error')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'CONFLICT')).toHaveLength(5);
    expect(await count('tenant_roles where name = $1 and version = 2', [name])).toBe(1);
  });
});

describe('quotas', () => {
  it('hold also when all come at once, and can be set for a tenant', async () => {
    const other = await db.makeTenant();
    const { run } = compose({}, { quota: 3 });
    const make = () => codeOf(run('create', { name: uniqueWord() }, callerOf(other)));
    const outcomes = await Promise.all(Array.from({ length: 8 }, make));
    expect(outcomes.filter((outcome) => outcome === 'no error')).toHaveLength(3);
    expect(outcomes.filter((outcome) => outcome === 'QUOTA_EXCEEDED')).toHaveLength(5);
    await db.owner.query(`insert into quotas (tenant_id, resource, max) values ($1, 'things', 4)`, [other.tenantId]);
    expect([await make(), await make()]).toEqual(['no error', 'QUOTA_EXCEEDED']);
    await expect(run('create', { name: uniqueWord() }, callerOf(other))).rejects.toThrow(
      /quota 'things': 4 of 4 things are used, and this needs 1 more/,
    );
  });
});

describe('what is told of a change', () => {
  it('is the input without its secrets, cut if long, with the user who acted', async () => {
    const name = `long-${uniqueWord()}-${'x'.repeat(40)}`;
    const { run } = compose({ create: async (call) => (await insertThing(call, name))[0] });
    const trace = async (work: (requestId: string) => Promise<unknown>) => {
      const requestId = uniqueWord();
      await work(requestId);
      return (await db.owner.query('select * from audit_logs where request_id = $1', [requestId])).rows[0];
    };
    const long = await trace((requestId) =>
      run('create', { name: 'y'.repeat(5000) }, undefined, {
        origin: { requestId, ip: '10.0.0.9', userAgent: 'a'.repeat(600) },
      }),
    );
    expect(long).toMatchObject({
      metadata: { truncated: true, members: ['name'] },
      ip_address: '10.0.0.9',
      user_agent: 'a'.repeat(255),
      actor: null,
    });
    const system = await trace((requestId) =>
      run('delete', { name }, { kind: 'system', name: 'reaper', tenantId: tenant.tenantId }, { origin: { requestId } }),
    );
    expect(system).toMatchObject({
      actor: 'system:reaper',
      user_id: '00000000-0000-7000-8000-000000000001',
      metadata: { name },
      resource_id: long.resource_id,
    });
    const { rows } = await db.owner.query('select * from events where resource_id = $1 order by seq', [
      long.resource_id,
    ]);
    expect(rows.map((row) => [row.event_type, row.actor])).toEqual([
      ['THING_CREATE', tenant.userId],
      ['THING_DELETE', 'system:reaper'],
    ]);
  });

  it('is what the handler says, where it knows better', async () => {
    const requestId = uniqueWord();
    const { run } = compose({
      guess: async (call) => {
        call.becomes({ userId: stranger.userId });
        call.about({ id: 'somebody' });
        call.about({ metadata: { why: 'because' } });
        return {};
      },
    });
    await run('guess', { word: 'w' }, { kind: 'anonymous' }, { origin: { requestId } });
    const { rows } = await db.owner.query('select * from audit_logs where request_id = $1', [requestId]);
    expect(rows[0]).toMatchObject({
      user_id: stranger.userId,
      tenant_id: null,
      resource_id: 'somebody',
      metadata: { why: 'because' },
    });
  });

  it('gives ids in the order of time', async () => {
    const clock = createManualClock();
    const seen: string[] = [];
    const { run } = compose(
      {
        peek: async (call) => {
          seen.push(call.createdId, call.newId());
          expect(call.now.getTime()).toBe(clock.now());
          return {};
        },
      },
      { clock },
    );
    await run('peek');
    await clock.advance(5);
    await run('peek');
    expect(seen.map((id) => id.slice(0, 13))).toEqual(seen.map((id) => id.slice(0, 13)).sort());
    expect(() => {
      throw invalidInput('x');
    }).toThrow(CloudError);
  });
});
