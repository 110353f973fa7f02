import fc from 'fast-check';
import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { eventually } from '../testing/seed.ts';
import { memoryLog } from '../testing/test-api.ts';
import { actorOf, isPermitted, SYSTEM_USER_ID, tenantIdOf, userIdOf } from './caller.ts';
import { systemClock } from './clock.ts';
import { translateDatabaseError } from './database-errors.ts';
import { guardEngine } from './engine-guard.ts';
import { CloudError, conflict } from './errors.ts';
import { every } from './every.ts';
import { canonicalText as fingerprint } from './idempotency.ts';
import { createMetrics } from './metrics.ts';
import { type Operation, operation } from './operation.ts';
import { createRegistry } from './registry.ts';
import { type Service, service } from './service.ts';

describe('what is repeated', () => {
  it('goes on after a failure, and ends when told', async () => {
    const clock = createManualClock();
    const lines: string[] = [];
    let turns = 0;
    const repeated = every(
      100,
      'the task',
      async () => {
        if (++turns === 2) throw new Error('once');
      },
      { clock, log: memoryLog(lines) },
    );
    await clock.advance(350);
    expect(turns).toBe(4);
    expect(lines.join()).toContain('the task');
    await repeated.stop();
    await clock.advance(1000);
    expect(turns).toBe(4);
  });

  it('rests longer after a long run, when it may take a share of the time', async () => {
    const clock = createManualClock();
    let turns = 0;
    const task = async () => {
      turns++;
      if (turns === 1) await clock.sleep(200);
    };
    const repeated = every(100, 'the task', task, { clock, log: memoryLog([]), share: 1 / 10 });
    await clock.advance(1_999);
    expect(turns, 'after 200 ms of work').toBe(1);
    await clock.advance(1);
    expect(turns).toBe(2);
    await clock.advance(100);
    expect(turns, 'after no work').toBe(3);
    await repeated.stop();
  });

  it('is told to end, and its end is waited for', async () => {
    let ended = false;
    const task = async (signal: AbortSignal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await new Promise((resolve) => setImmediate(resolve));
      ended = true;
    };
    const repeated = every(100, 'the task', task, { clock: createManualClock(), log: memoryLog([]) });
    expect(ended).toBe(false);
    await repeated.stop();
    expect(ended).toBe(true);
  });
});

describe('the system clock', () => {
  it('sleeps, and wakes with the reason when aborted', async () => {
    const began = systemClock.monotonic();
    await systemClock.sleep(20);
    expect(systemClock.monotonic() - began).toBeGreaterThan(15);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
    const ending = new AbortController();
    const sleeping = systemClock.sleep(60_000, ending.signal);
    ending.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(systemClock.sleep(60_000, ending.signal)).rejects.toThrow('enough');
    await systemClock.sleep(1, new AbortController().signal);
  });
});

describe('errors of the database', () => {
  const translate = (code: string | undefined, message = 'm', constraint?: string) =>
    translateDatabaseError(Object.assign(new Error(message), { code, constraint }));

  it.each([
    ['40001', 'UNAVAILABLE', true],
    ['40P01', 'UNAVAILABLE', true],
    ['23505', 'CONFLICT', false],
    ['23503', 'CONFLICT', false],
    ['22021', 'INVALID_INPUT', false],
    ['22P05', 'INVALID_INPUT', false],
    ['55P03', 'UNAVAILABLE', false],
    ['57014', 'UNAVAILABLE', false],
    ['57P01', 'UNAVAILABLE', false],
    ['53300', 'UNAVAILABLE', false],
    ['ECONNREFUSED', 'UNAVAILABLE', false],
  ])('%s is %s', (code, expected, retry) => {
    expect(translate(code)).toMatchObject({ error: { code: expected }, retry });
  });

  it('keep their own words from callers, or stay what they are', () => {
    for (const code of ['23505', '23503'])
      expect(translate(code, 'm', 'one_name').error, 'names of ours are for the log').toMatchObject({
        message: expect.not.stringContaining('one_name'),
      });
    for (const message of ['Connection terminated unexpectedly', 'Query read timeout'])
      expect(translate(undefined, message).error).toMatchObject({ code: 'UNAVAILABLE' });
    const bug = new Error('a bug');
    expect(translateDatabaseError(bug).error).toBe(bug);
    const known = conflict('taken');
    expect(translateDatabaseError(known).error).toBe(known);
    for (const odd of ['text', undefined, null])
      expect(translateDatabaseError(odd).error).toMatchObject({ code: 'INTERNAL' });
  });
});

describe('the guard of engines', () => {
  it('throws inside a transaction, and is nothing otherwise', async () => {
    let open = 0;
    const engine = guardEngine({ name: 'x', list: async () => 5, pure: () => 'y' }, () => open);
    expect([engine.name, await engine.list(), engine.pure()]).toEqual(['x', 5, 'y']);
    open = 1;
    expect(() => engine.list()).toThrow('list() of an engine was called inside a transaction');
    expect(engine.name).toBe('x');
  });
});

describe('a caller', () => {
  it('has a user, an actor and a tenant', () => {
    const system = { kind: 'system', name: 'reaper', tenantId: 't' } as const;
    expect([userIdOf(system), actorOf(system), tenantIdOf(system)]).toEqual([SYSTEM_USER_ID, 'system:reaper', 't']);
    const nobody = { kind: 'anonymous' } as const;
    expect([actorOf(nobody), tenantIdOf(nobody)]).toEqual([null, undefined]);
    expect(isPermitted(new Set(['vpc:read']), 'vpc:read')).toBe(true);
    expect(isPermitted(new Set(['vpc:rea', 'vpc:*']), 'vpc:read')).toBe(false);
  });
});

describe('the fingerprint of a request', () => {
  it('does not depend on the order of members, and does on all else', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (input) => {
        const reversed = Object.fromEntries(Object.entries(input).reverse());
        expect(fingerprint(reversed)).toBe(fingerprint(input));
        expect(fingerprint({ ...input, 'one more': 1 })).not.toBe(fingerprint(input));
      }),
    );
    expect(fingerprint({ a: [1, 2] })).not.toBe(fingerprint({ a: [2, 1] }));
    expect(fingerprint({ a: null })).not.toBe(fingerprint({ a: {} }));
  });

  it('knows nothing of a secret', () => {
    const input = { name: 'web', env: ['TOKEN=hunter2'], inner: { env: 'kept' } };
    expect(fingerprint(input, ['env'])).toBe(fingerprint({ ...input, env: ['TOKEN=other'] }, ['env']));
    expect(fingerprint(input, ['env'])).not.toContain('hunter2');
    expect(fingerprint(input, ['env'])).toContain('kept');
    expect(fingerprint(input, ['env'])).not.toBe(fingerprint({ ...input, name: 'db' }, ['env']));
  });
});

describe('metrics', () => {
  it('have names of ours, and labels of a bounded set', async () => {
    const metrics = createMetrics();
    metrics.operation('vpcs.create', 'ok', 3);
    metrics.query('vpcs.insert', 2, true);
    metrics.query('vpcs.insert', 2, false);
    metrics.pass('vpc', 'settled', 4);
    metrics.request('GET', '/vpcs/:id', 200, 5);
    metrics.authAttempt('success');
    metrics.gauge('thecloud_test_one', 'One', async () => 7);
    let rows = [{ labels: { table: 'a' }, value: 1 }];
    metrics.gauges('thecloud_test_many', 'Many', ['table'], async () => rows);
    expect(await metrics.prometheus.metrics()).toContain('thecloud_test_many{table="a"} 1');
    rows = [{ labels: { table: 'b' }, value: 2 }];
    const text = await metrics.prometheus.metrics();
    expect(text).toContain('thecloud_test_one 7');
    expect(text).toContain('thecloud_test_many{table="b"} 2');
    expect(text).not.toContain('table="a"');
    expect(text).toContain('thecloud_db_query_errors_total{query="vpcs.insert"} 1');
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of samples) expect(line).toMatch(/^thecloud_/);
    const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map((match) => match[1]));
    expect([...labels].sort()).toEqual([
      'kind',
      'le',
      'method',
      'operation',
      'outcome',
      'path',
      'query',
      'result',
      'status',
      'table',
    ]);
  });
});

describe('the registry', () => {
  const op = (more: Partial<Operation> = {}): Operation =>
    operation({
      summary: 's',
      effect: 'read',
      http: { method: 'GET', path: '/x/:id' },
      input: Type.Object({ id: Type.String() }),
      output: Type.Object({}),
      ...more,
    }) as Operation;
  const make = (operations: Record<string, Operation>, more: Partial<Service> = {}) =>
    createRegistry([
      service({
        name: 'xs',
        resource: 'x',
        title: 'X',
        operations,
        handlers: Object.fromEntries(Object.keys(operations).map((verb) => [verb, async () => ({})])),
        ...more,
      } as Service),
    ]);

  it('fills in what a descriptor leaves out', () => {
    const registry = make({
      get: op(),
      makeBig: op({ effect: 'create', http: { method: 'POST', path: '/x' } }),
      act: op({ effect: 'action', http: { method: 'POST', path: '/x/:id/act' } }),
      drop: op({ effect: 'delete', http: { method: 'DELETE', path: '/x/:id', status: 204 } }),
      look: op({ scope: 'user', http: { method: 'GET', path: '/look/:id' } }),
    });
    const facts = [...registry.entries.values()].map(
      ({ name, permission, audit, event, status, writes, pathParams }) => [
        name,
        permission,
        audit,
        event,
        status,
        writes,
        pathParams.join(),
      ],
    );
    expect(facts).toEqual([
      ['xs.get', 'x:read', 'x.get', 'X_GET', 200, false, 'id'],
      ['xs.makeBig', 'x:create', 'x.make_big', 'X_MAKE_BIG', 201, true, ''],
      ['xs.act', 'x:update', 'x.act', 'X_ACT', 200, true, 'id'],
      ['xs.drop', 'x:delete', 'x.drop', 'X_DROP', 204, true, 'id'],
      ['xs.look', undefined, 'x.look', 'X_LOOK', 200, false, 'id'],
    ]);
  });

  it.each([
    [
      'a path member that is not there',
      { get: op({ http: { method: 'GET', path: '/x/:nope' } }) },
      {},
      "no member 'nope'",
    ],
    ['a secret that is not there', { get: op({ secrets: ['nope'] }) }, {}, "no member 'nope'"],
    [
      'a target of no kind',
      { get: op({ target: { kind: 'nope', param: 'id' } }) },
      {},
      "no service declares the kind 'nope'",
    ],
    ['the making of no kind', { get: op({ creates: 'nope' }) }, {}, "no service declares the kind 'nope'"],
    ['an answer of no kind', { get: op({ answers: 'nope' }) }, {}, "no service declares the kind 'nope'"],
    ['a reference to no kind', { get: op({ references: { id: 'nope' } }) }, {}, "no service declares the kind 'nope'"],
    ['a reference that is no member', { get: op({ references: { nope: 'x' } }) }, {}, "no member 'nope'"],
    [
      'a status that nobody reads',
      { get: op({ settles: { field: 'status', values: ['up'], reader: 'look' } }) },
      {},
      "has no 'look'",
    ],
    [
      'a data plane that shows a kind',
      { get: op({ plane: 'data', answers: 'x' }) },
      { kinds: { x: { noun: 'x', find: async () => undefined, id: () => 'i', present: () => ({}) } } },
      'of the data plane',
    ],
    ['a data plane without a tenant', { get: op({ plane: 'data', scope: 'user' }) }, {}, 'on the data plane'],
    ['a data plane with the worker', { get: op({ plane: 'data', live: true }) }, {}, 'on the data plane'],
    ['an error that nobody declares', { get: op({ errors: ['NOPE'] }) }, {}, "the error 'NOPE'"],
    ['a verb without a handler', { get: op() }, { handlers: {} }, 'has no handler'],
    ['a route that is taken', { get: op(), see: op({ http: { method: 'GET', path: '/x/:id' } }) }, {}, 'is taken'],
  ])('refuses %s', (_, operations, more, why) => {
    expect(() => make(operations, more)).toThrow(why);
  });

  it('says which operations take an Idempotency-Key: those whose answer can be given again', () => {
    const kind = { noun: 'x', find: async () => undefined, id: () => 'i', present: (row: unknown) => row };
    const target = { kind: 'x', param: 'id' };
    const at = (method: 'POST' | 'DELETE', path: string) => ({ method, path }) as const;
    const registry = make(
      {
        make: op({ effect: 'create', http: at('POST', '/x'), creates: 'x', answers: 'x' }),
        draw: op({ effect: 'create', http: at('POST', '/y') }),
        change: op({ effect: 'action', http: at('POST', '/x/:id/a'), target, answers: 'x' }),
        tell: op({ effect: 'action', http: at('POST', '/x/:id/b'), target }),
        drop: op({ effect: 'delete', http: at('DELETE', '/x/:id'), target }),
        send: op({ effect: 'action', http: at('POST', '/x/:id/c'), target, plane: 'data' }),
        run: op({ effect: 'action', http: at('POST', '/x/:id/d'), target, answers: 'x', live: true }),
        join: op({ effect: 'create', http: at('POST', '/z'), creates: 'x', scope: 'public' }),
        get: op({ target, answers: 'x' }),
      },
      { kinds: { x: kind } },
    );
    const taking = [...registry.entries.values()].filter((entry) => entry.idempotent).map((entry) => entry.verb);
    expect(taking).toEqual(['make', 'change', 'drop']);
  });

  it('knows what a call costs and how long its body may be', () => {
    const registry = make({
      get: op(),
      send: op({ plane: 'data', http: { method: 'POST', path: '/send' }, bodyLimit: 9 }),
      exec: op({ live: true, http: { method: 'POST', path: '/exec' } }),
      login: op({ cost: 'password', http: { method: 'POST', path: '/login' } }),
    });
    expect([...registry.entries.values()].map((entry) => [entry.verb, entry.cost, entry.bodyLimit])).toEqual([
      ['get', 'control', 4096],
      ['send', 'data', 9],
      ['exec', 'engine', 4096],
      ['login', 'password', 4096],
    ]);
  });

  it('puts things in the way of a deletion of their kind, and of nothing else', () => {
    const kind = { noun: 'x', find: async () => undefined, id: () => 'i', present: (row: unknown) => row };
    const target = { kind: 'x', param: 'id' };
    const blocker = { noun: 'y', count: async () => 0 };
    const { entries } = make(
      {
        get: op({ target }),
        drop: op({ effect: 'delete', http: { method: 'DELETE', path: '/x/:id' }, target }),
        wipe: op({ effect: 'delete', http: { method: 'DELETE', path: '/all/:id' } }),
      },
      { kinds: { x: kind }, blocks: { x: blocker } },
    );
    expect([...entries.values()].map((entry) => entry.blockers)).toEqual([[], [blocker], []]);
  });

  it('knows the status of every code', () => {
    const registry = make({ get: op({ errors: ['TOO_ODD'] }) }, { errors: { TOO_ODD: 418 } });
    expect([registry.errorStatus.get('TOO_ODD'), registry.errorStatus.get('NOT_FOUND')]).toEqual([418, 404]);
    expect(new CloudError('X', 418, 'm').commits).toBe(false);
  });
});

it('eventually gives up', async () => {
  await expect(eventually('never', () => false, 30)).rejects.toThrow('not within 30 ms: never');
});
