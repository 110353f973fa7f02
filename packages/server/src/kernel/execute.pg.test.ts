import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { callerOf, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { signScope } from '../testing/sign-scopes.ts';
import { uniqueWord } from '../testing/test-api.ts';
import { type Behaviour, codeOf, composeToyService, insertThing } from '../testing/toy-service.ts';
import type { Caller } from './caller.ts';
import type { Clock } from './clock.ts';
import { CloudError, committed, conflict } from './errors.ts';

let db: Seeded;
let tenant: Tenant;
let stranger: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  stranger = await db.makeTenant();
});
afterAll(() => db.drop());

const compose = (behaviours: Record<string, Behaviour> = {}, options: { clock?: Clock } = {}) =>
  composeToyService(db, tenant, behaviours, options);
const count = async (text: string, values: unknown[] = []): Promise<number> =>
  Number((await db.owner.query<{ count: string }>(`select count(*) from ${text}`, values)).rows[0]!.count);
const thingsNamed = (name: string) => count('tenant_roles where name = $1', [name]);

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

  it("does the operator's work as the operator's role, and nobody else's", async () => {
    const { run } = composeToyService(
      db,
      tenant,
      {
        govern: (call) => call.sql.query('test.role', 'select current_user as role'),
        peek: (call) => call.sql.query('test.role', 'select current_user as role'),
      },
      { operator: db.worker },
    );
    const operator = { ...(callerOf(tenant) as object), platformRole: 'admin' } as Caller;
    expect((await run('govern', {}, operator)).output).toEqual([{ role: 'cloud_worker' }]);
    expect((await run('peek', {}, operator)).output).toEqual([{ role: 'cloud_api' }]);
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

  it('refuses who may not without a wait for who may', async () => {
    const name = uniqueWord();
    const { run } = compose();
    await run('create', { name });
    const holder = await db.owner.connect();
    try {
      await holder.query('begin');
      await holder.query('select 1 from tenant_roles where name = $1 for update', [name]);
      const began = performance.now();
      expect(await codeOf(run('update', { name }, callerOf(tenant, ['thing:read'])))).toBe('FORBIDDEN');
      expect(performance.now() - began).toBeLessThan(1_000);
    } finally {
      await holder.query('rollback');
      holder.release();
    }
  });

  it('leaves connections to others while it writes down what one tenant is refused', async () => {
    const { run } = compose({}, { clock: createManualClock(Date.now()) });
    const loud = callerOf(await db.makeTenant(), []);
    let mostWaiting = 0;
    let isOver = false;
    const refused = Promise.all(Array.from({ length: 100 }, () => codeOf(run('peek', {}, loud)))).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      mostWaiting = Math.max(mostWaiting, db.api.stats().waiting);
      await new Promise(setImmediate);
    }
    expect(new Set(await refused)).toEqual(new Set(['FORBIDDEN']));
    expect(mostWaiting).toBeLessThan(db.api.stats().max);
  });

  it('writes down what one tenant is refused whatever another is refused', async () => {
    const { run } = compose({}, { clock: createManualClock(Date.now()) });
    for (let i = 0; i < 101; i++) await codeOf(run('peek', {}, callerOf(tenant, [])));
    const other = await db.makeTenant();
    expect(await codeOf(run('peek', {}, callerOf(other, [])))).toBe('FORBIDDEN');
    expect(await count("audit_logs where outcome = 'refused' and tenant_id = $1", [other.tenantId])).toBe(1);
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
        const [row] = await insertThing(call, name);
        call.wake('thing', row!.id);
        if (fails) throw conflict('not now');
        return row;
      },
    });
    const audits = await count('audit_logs');
    expect(await codeOf(run('create', { name }, undefined, { idempotencyKey }))).toBe('CONFLICT');
    expect(await thingsNamed(name)).toBe(0);
    expect(await count(`reconcile where kind = 'thing'`)).toBe(0);
    expect(await count(`idempotency_keys where key like '% ' || $1`, [idempotencyKey])).toBe(0);
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
        await insertThing(call, name);
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
        call.becomes({ userId: tenant.userId, tenantId: tenant.tenantId });
        const token = await signScope(db.owner, tenant);
        await call.sql.query('test.enter', `select set_config('cloud.scope', $1, true)`, [token]);
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
});
