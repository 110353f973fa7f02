import Type from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { callerOf, eventually, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { memoryLog, uniqueWord } from '../testing/test-api.ts';
import type { Caller } from './caller.ts';
import { type Clock, systemClock } from './clock.ts';
import { CloudError, committed, conflict, invalidInput } from './errors.ts';
import { type CallOptions, createExecute, type Executed } from './execute.ts';
import { createMetrics } from './metrics.ts';
import { operation } from './operation.ts';
import { createRegistry } from './registry.ts';
import { type Call, service } from './service.ts';

// A service of the test's own, over a table with a version that the API may write.

interface Row {
  readonly id: string;
  readonly name: string;
  readonly version: number;
}
type Behaviour = (call: Call) => Promise<unknown>;

const byName = Type.Object({ name: Type.String() }, { additionalProperties: false });
const Thing = Type.Object({ id: Type.String(), name: Type.String(), version: Type.Integer() });
const insert = (call: Call, name: string) =>
  call.sql.query<Row>(
    'test.insert',
    'insert into tenant_roles (id, tenant_id, name) values ($1, $2, $3) returning id, name, version',
    [call.createdId, call.tenantId, name],
  );

let db: Seeded;
let tenant: Tenant;
let stranger: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  stranger = await db.makeTenant();
});
afterAll(() => db.drop());

/** An execute() whose operations do what the test says. */
function compose(behaviours: Record<string, Behaviour> = {}, options: { clock?: Clock; quota?: number } = {}) {
  const behave = (verb: string, otherwise: Behaviour) => (call: Call) => (behaviours[verb] ?? otherwise)(call);
  const made = service({
    name: 'things',
    resource: 'thing',
    title: 'Things',
    operations: {
      create: operation({
        summary: 's',
        effect: 'create',
        http: { method: 'POST', path: '/things' },
        input: byName,
        output: Thing,
        secrets: [],
      }),
      get: operation({
        summary: 's',
        effect: 'read',
        http: { method: 'GET', path: '/things/:name' },
        input: byName,
        output: Thing,
        target: { kind: 'thing', param: 'name' },
      }),
      update: operation({
        summary: 's',
        effect: 'update',
        http: { method: 'PATCH', path: '/things/:name' },
        input: byName,
        output: Thing,
        target: { kind: 'thing', param: 'name' },
      }),
      delete: operation({
        summary: 's',
        effect: 'delete',
        http: { method: 'DELETE', path: '/things/:name' },
        input: byName,
        output: Type.Object({}),
        target: { kind: 'thing', param: 'name' },
      }),
      peek: operation({
        summary: 's',
        effect: 'read',
        http: { method: 'GET', path: '/peek' },
        input: Type.Object({}),
        output: Type.Object({}),
      }),
      guess: operation({
        summary: 's',
        effect: 'action',
        scope: 'public',
        http: { method: 'POST', path: '/guess' },
        input: Type.Object({ word: Type.String() }),
        output: Type.Object({}),
        secrets: ['word'],
      }),
      govern: operation({
        summary: 's',
        effect: 'action',
        scope: 'operator',
        http: { method: 'POST', path: '/govern' },
        input: Type.Object({}),
        output: Type.Object({}),
      }),
      send: operation({
        summary: 's',
        effect: 'action',
        plane: 'data',
        http: { method: 'POST', path: '/send' },
        input: Type.Object({}),
        output: Type.Object({}),
      }),
    },
    handlers: {
      create: behave('create', async (call) => (await insert(call, (call.input as Row).name))[0]),
      get: behave('get', async (call) => call.target),
      update: behave('update', async (call) => {
        const [row] = await call.sql.query<Row>(
          'test.update',
          'update tenant_roles set version = version + 1 where id = $1 returning id, name, version',
          [(call.target as Row).id],
        );
        return row;
      }),
      delete: behave('delete', async (call) => {
        await call.sql.query('test.delete', 'delete from tenant_roles where id = $1', [(call.target as Row).id]);
        return {};
      }),
      peek: behave('peek', async () => ({})),
      guess: behave('guess', async () => ({})),
      govern: behave('govern', async () => ({})),
      send: behave('send', async () => ({})),
    },
    targets: {
      thing: {
        noun: 'thing',
        find: async (sql, tenantId, ref) =>
          (
            await sql.query<Row>(
              'test.find',
              'select id, name, version from tenant_roles where tenant_id = $1 and (name = $2 or id::text = $2)',
              [tenantId, ref],
            )
          )[0],
        present: (row: Row) => row,
      },
    },
    ...(options.quota === undefined
      ? {}
      : {
          quotas: {
            create: async (call: Call) => {
              const [row] = await call.sql.query<{ used: number }>(
                'test.used',
                'select count(*)::int as used from tenant_roles where tenant_id = $1',
                [call.tenantId],
              );
              return [{ resource: 'things', used: row!.used, wanted: 1, defaultMax: options.quota! }];
            },
          },
        }),
  });
  const logLines: string[] = [];
  const metrics = createMetrics();
  const execute = createExecute({
    database: db.api,
    registry: createRegistry([made]),
    clock: options.clock ?? systemClock,
    log: memoryLog(logLines),
    metrics,
  });
  const run = (
    verb: string,
    input: unknown = {},
    caller: Caller = callerOf(tenant),
    given: Partial<CallOptions> = {},
  ): Promise<Executed> => execute(`things.${verb}`, caller, input, { origin: { requestId: uniqueWord() }, ...given });
  return { execute, run, metrics, logLines };
}

const count = async (text: string, values: unknown[] = []): Promise<number> =>
  Number((await db.owner.query<{ count: string }>(`select count(*) from ${text}`, values)).rows[0]!.count);
const thingsNamed = (name: string) => count('tenant_roles where name = $1', [name]);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: CloudError) => error.code ?? error.message,
  );

describe('who gets through the door', () => {
  it('finds nothing of others before it says what is forbidden: 404 before 403', async () => {
    const { run } = compose();
    const name = uniqueWord();
    await run('create', { name });
    const powerless = callerOf(tenant, []);
    expect(await codeOf(run('update', { name: 'not-there' }, powerless))).toBe('NOT_FOUND');
    expect(await codeOf(run('update', { name }, powerless))).toBe('FORBIDDEN');
    expect(await codeOf(run('update', { name }, callerOf(stranger)))).toBe('NOT_FOUND');
    expect(await codeOf(run('update', { name }))).toBe('no error');
  });

  it('needs somebody, a tenant, the operator, the permission', async () => {
    const { run } = compose();
    expect(await codeOf(run('peek', {}, { kind: 'anonymous' }))).toBe('UNAUTHORIZED');
    expect(await codeOf(run('peek', {}, { ...(callerOf(tenant) as object), tenantId: undefined } as Caller))).toBe(
      'INVALID_INPUT',
    );
    expect(await codeOf(run('guess', { word: 'x' }, { kind: 'anonymous' }))).toBe('no error');
    expect(await codeOf(run('govern', {}))).toBe('FORBIDDEN');
    expect(await codeOf(run('govern', {}, { ...(callerOf(tenant) as object), platformRole: 'admin' } as Caller))).toBe(
      'no error',
    );
    for (const [permissions, outcome] of [
      [['thing:read'], 'no error'],
      [['full_access'], 'no error'],
      [['*'], 'no error'],
      [['thing:update'], 'FORBIDDEN'],
    ] as const)
      expect(await codeOf(run('peek', {}, callerOf(tenant, permissions)))).toBe(outcome);
    expect(
      await codeOf(
        run('create', { name: uniqueWord() }, { kind: 'system', name: 'reaper', tenantId: tenant.tenantId }),
      ),
    ).toBe('no error');
    await expect(
      compose().execute('things.vanish', callerOf(tenant), {}, { origin: { requestId: 'r' } }),
    ).rejects.toThrow(/no operation/);
  });

  it('reads the input first', async () => {
    const { run } = compose();
    expect(await codeOf(run('update', { name: 7 }, callerOf(tenant, [])))).toBe('INVALID_INPUT');
  });

  it('writes down who was refused what, and drops what comes too fast', async () => {
    const clock = createManualClock(Date.now());
    const { run, metrics, logLines } = compose({}, { clock });
    const before = await count("audit_logs where outcome = 'refused'");
    for (let i = 0; i < 103; i++) expect(await codeOf(run('peek', {}, callerOf(tenant, [])))).toBe('FORBIDDEN');
    expect((await count("audit_logs where outcome = 'refused'")) - before).toBe(100);
    expect(await metrics.prometheus.metrics()).toContain('thecloud_audit_refusals_dropped_total 3');
    expect(logLines).toEqual([]);
  });

  it('says FORBIDDEN also when the refusal cannot be written down, and logs that', async () => {
    const { run, logLines } = compose();
    const nobody = { userId: '00000000-0000-7000-8000-0000000000ee', tenantId: tenant.tenantId };
    expect(await codeOf(run('peek', {}, callerOf(nobody, [])))).toBe('FORBIDDEN');
    expect(logLines.join()).toContain('could not be audited');
  });
});

describe('all or nothing', () => {
  it('rolls everything back when the handler fails, the idempotency key too', async () => {
    const name = uniqueWord();
    const idempotencyKey = uniqueWord();
    let fails = true;
    const { run } = compose({
      create: async (call) => {
        const [row] = await insert(call, name);
        await call.wake('thing', row!.id);
        if (fails) throw conflict('not now');
        return row;
      },
    });
    const audits = await count('audit_logs');
    expect(await codeOf(run('create', { name }, undefined, { idempotencyKey }))).toBe('CONFLICT');
    expect(await thingsNamed(name)).toBe(0);
    expect(await count(`reconcile where kind = 'thing'`)).toBe(0);
    expect(await count('idempotency_keys where key = $1', [idempotencyKey])).toBe(0);
    expect(await count('audit_logs')).toBe(audits);
    fails = false;
    const made = await run('create', { name }, undefined, { idempotencyKey });
    expect(made.replayed).toBe(false);
    expect(await count(`reconcile where kind = 'thing' and tenant_id = $1`, [tenant.tenantId])).toBe(1);
  });

  it('does not happen when it cannot be audited', async () => {
    const name = uniqueWord();
    const { run } = compose({
      create: async (call) => {
        call.about({ metadata: { toJSON: () => undefined } });
        await insert(call, name);
        // Longer than the column.
        call.about({ id: 'x'.repeat(300) });
        return { id: 'x', name, version: 1 };
      },
    });
    expect(await codeOf(run('create', { name }))).not.toBe('no error');
    expect(await thingsNamed(name)).toBe(0);
  });

  it('commits a refusal that is itself a change, and writes it down as refused', async () => {
    const name = uniqueWord();
    const { run } = compose({
      guess: async (call) => {
        await call.becomes({ userId: tenant.userId, tenantId: tenant.tenantId });
        await call.sql.query('test.count', 'insert into tenant_roles (tenant_id, name) values ($1, $2)', [
          tenant.tenantId,
          name,
        ]);
        throw committed(new CloudError('UNAUTHORIZED', 401, 'wrong'));
      },
    });
    const requestId = uniqueWord();
    const failed = run('guess', { word: 'hidden-word' }, { kind: 'anonymous' }, { origin: { requestId } });
    await expect(failed).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: 'wrong' });
    expect(await thingsNamed(name)).toBe(1);
    const { rows } = await db.owner.query('select * from audit_logs where request_id = $1', [requestId]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ outcome: 'refused', action: 'thing.guess' });
    expect(JSON.stringify(rows)).not.toContain('hidden-word');
  });

  it('hides what broke on our side, and keeps it for the log', async () => {
    const { run, metrics } = compose({ peek: async () => Promise.reject(new TypeError('a bug')) });
    await expect(run('peek')).rejects.toThrow(TypeError);
    expect(await metrics.prometheus.metrics()).toContain(
      'thecloud_operation_duration_seconds_count{operation="things.peek",outcome="INTERNAL"} 1',
    );
    const odd = compose({ peek: () => Promise.reject('a text') });
    await expect(odd.run('peek')).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('guards in test mode', () => {
  const writes: Behaviour = async (call) => {
    await call.sql.query('test.sneak', 'insert into tenant_roles (tenant_id, name) values ($1, $2)', [
      call.tenantId,
      'sneaked',
    ]);
    return {};
  };

  it.each([
    ['an insert', "insert into tenant_roles (tenant_id, name) values ($1, 'sneaked')"],
    ['an update', "update tenant_roles set description = 'sneaked' where tenant_id = $1"],
    ['a delete', 'delete from tenant_roles where tenant_id = $1'],
    [
      'an insert in a with',
      "with made as (insert into tenant_roles (tenant_id, name) values ($1, 'sneaked') returning 1) select 1 as ok from made",
    ],
    [
      'an update in a with',
      "with made as (update tenant_roles set description = 'x' where tenant_id = $1 returning 1) select 1 as ok from made",
    ],
  ])('throw and roll back when a read writes: %s', async (_, text) => {
    const other = await db.makeTenant();
    await db.owner.query("insert into tenant_roles (tenant_id, name) values ($1, 'there')", [other.tenantId]);
    const { run } = compose({
      peek: async (call) => ({ rows: await call.sql.query('test.sneak', text, [call.tenantId]) }),
    });
    await expect(run('peek', {}, callerOf(other))).rejects.toThrow(/read-only transaction/);
    expect(
      await count("tenant_roles where tenant_id = $1 and name = 'there' and description is null", [other.tenantId]),
    ).toBe(1);
    expect(await thingsNamed('sneaked')).toBe(0);
  });

  it('let the data plane write without an audit row', async () => {
    const other = await db.makeTenant();
    const audits = await count('audit_logs');
    await compose({ send: writes }).run('send', {}, callerOf(other));
    expect(await count('audit_logs')).toBe(audits);
    expect(await thingsNamed('sneaked')).toBe(1);
  });
});

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
        const [row] = await insert(call, uniqueWord());
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
      peek: async () => ({}),
      send: async () => ({}),
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

describe('Idempotency-Key', () => {
  it('makes one thing of many twins at once', async () => {
    const name = uniqueWord();
    const { run } = compose({
      create: async (call) => {
        const [row] = await call.sql.query<Row>(
          'test.slow',
          'with slow as (select pg_sleep(0.05)) insert into tenant_roles (id, tenant_id, name) select $1, $2, $3 from slow returning id, name, version',
          [call.createdId, call.tenantId, name],
        );
        return row;
      },
    });
    const idempotencyKey = uniqueWord();
    const twins = await Promise.all(
      Array.from({ length: 8 }, () => run('create', { name }, undefined, { idempotencyKey })),
    );
    expect(new Set(twins.map((twin) => (twin.output as Row).id)).size).toBe(1);
    expect(twins.filter((twin) => !twin.replayed)).toHaveLength(1);
    expect(await thingsNamed(name)).toBe(1);
  });

  it('is not replayed once its thing is gone: 404', async () => {
    const name = uniqueWord();
    const idempotencyKey = uniqueWord();
    const { run } = compose();
    await run('create', { name }, undefined, { idempotencyKey });
    await run('delete', { name });
    expect(await codeOf(run('create', { name }, undefined, { idempotencyKey }))).toBe('NOT_FOUND');
  });

  it('is looked at only where something is made, and is 1 to 255 characters', async () => {
    const name = uniqueWord();
    const { run } = compose();
    expect(await codeOf(run('create', { name }, undefined, { idempotencyKey: '' }))).toBe('INVALID_INPUT');
    expect(await codeOf(run('create', { name }, undefined, { idempotencyKey: 'k'.repeat(256) }))).toBe('INVALID_INPUT');
    await run('create', { name }, undefined, { idempotencyKey: 'k'.repeat(255) });
    for (let i = 0; i < 2; i++)
      expect((await run('update', { name }, undefined, { idempotencyKey: 'u' })).replayed).toBe(false);
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
    expect(await codeOf(run('create', { name: uniqueWord() }, undefined, { ifMatch: 1 }))).toBe('no error');
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
    await expect(run('create', { name: uniqueWord() }, callerOf(other))).rejects.toThrow(/1 more of 'things'; 4 of 4/);
  });
});

describe('what is told of a change', () => {
  it('is the input without its secrets, cut when long, by whoever acted', async () => {
    const name = `long-${uniqueWord()}-${'x'.repeat(40)}`;
    const { run } = compose({ create: async (call) => (await insert(call, name))[0] });
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
        await call.becomes({ userId: stranger.userId });
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
    expect(seen.map((id) => id.slice(0, 13))).toEqual([...seen.map((id) => id.slice(0, 13))].sort());
    expect(() => {
      throw invalidInput('x');
    }).toThrow(CloudError);
  });
});
