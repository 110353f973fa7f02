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
import { fingerprint } from './idempotency.ts';
import { isUuid, newAccountNumber, newAwsKeyPair, newId, newSecret, randomBelow, sha256Hex } from './ids.ts';
import { createMetrics } from './metrics.ts';
import { type Operation, operation } from './operation.ts';
import { pageRequest, toPage } from './page.ts';
import { createRegistry } from './registry.ts';
import { createSealer } from './seal.ts';
import { type Service, service } from './service.ts';
import { createTokenBucket, createTokenBuckets } from './token-bucket.ts';
import { coerceText, compileValidator } from './validate.ts';

describe('ids', () => {
  it('are UUIDv7: version, variant, and in the order of time', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 47), fc.nat(2 ** 47), (a, b) => {
        const [one, two] = [newId(a), newId(b)];
        expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(one.replaceAll('-', '').slice(0, 12), 16)).toBe(a);
        if (a !== b) expect(one < two).toBe(a < b);
      }),
    );
    expect(new Set(Array.from({ length: 1000 }, () => newId(5))).size).toBe(1000);
  });

  it('are told from other texts', () => {
    expect(isUuid(newId())).toBe(true);
    expect(isUuid(newId().toUpperCase())).toBe(true);
    for (const text of ['', 'x', `${newId()}a`, newId().replaceAll('-', ''), `\n${newId()}`])
      expect(isUuid(text)).toBe(false);
  });

  it('and secrets have the shapes that others expect', () => {
    expect(newSecret(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(newAccountNumber()).toMatch(/^[1-9]\d{11}$/);
    const pair = newAwsKeyPair();
    expect(pair.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(pair.secretAccessKey).toMatch(/^[\w-]{40}$/);
    expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (let i = 0; i < 50; i++) expect([0, 1, 2]).toContain(randomBelow(3));
  });
});

describe('a sealed value', () => {
  const key = (byte: number) => Buffer.alloc(32, byte);
  const sealer = createSealer(new Map([[1, key(1)]]));

  it('opens as it was, for the same tenant and purpose only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sealed = sealer.seal('t', 'p', text);
        expect(sealed).toMatch(/^v1\.[\w-]+\.[\w-]+$/);
        expect(sealer.open('t', 'p', sealed)).toBe(text);
        expect(() => sealer.open('u', 'p', sealed)).toThrow();
        expect(() => sealer.open('t', 'q', sealed)).toThrow();
      }),
    );
    expect(sealer.seal('t', 'p', 'x')).not.toBe(sealer.seal('t', 'p', 'x'));
  });

  it('does not open when a single bit was changed', () => {
    const [version, nonce, body] = sealer.seal('t', 'p', 'secret').split('.') as [string, string, string];
    for (const part of [1, 2]) {
      const bytes = Buffer.from(part === 1 ? nonce : body, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const sealed =
          part === 1
            ? `${version}.${changed.toString('base64url')}.${body}`
            : `${version}.${nonce}.${changed.toString('base64url')}`;
        expect(() => sealer.open('t', 'p', sealed)).toThrow();
      }
    }
    for (const garbage of ['', 'secret', 'v1.a', 'v1..', `v9.${nonce}.${body}`, `v1.${nonce}.AAAA`])
      expect(() => sealer.open('t', 'p', garbage)).toThrow();
  });

  it('opens after the key was rotated, and new ones take the newest', () => {
    const rotated = createSealer(
      new Map([
        [1, key(1)],
        [2, key(2)],
      ]),
    );
    expect(rotated.open('t', 'p', sealer.seal('t', 'p', 'old'))).toBe('old');
    expect(rotated.seal('t', 'p', 'new')).toMatch(/^v2\./);
    expect(() => sealer.open('t', 'p', rotated.seal('t', 'p', 'new'))).toThrow('master key 2, which is not here');
  });

  it('needs a key of 32 bytes', () => {
    expect(() => createSealer(new Map())).toThrow('no master key');
    expect(() => createSealer(new Map([[1, Buffer.alloc(31)]]))).toThrow('31 bytes');
  });
});

describe('validation', () => {
  const schema = Type.Object(
    {
      name: Type.String({ minLength: 2, pattern: '^[a-z]+$' }),
      size: Type.Optional(Type.Integer({ maximum: 9 })),
      password: Type.Optional(Type.String({ maxLength: 4 })),
      tags: Type.Optional(Type.Array(Type.String())),
      inner: Type.Optional(Type.Object({ 'a/b': Type.Integer() }, { additionalProperties: false })),
    },
    { additionalProperties: false },
  );
  const validate = compileValidator(schema, ['password']);
  const messageOf = (input: unknown): string => {
    try {
      validate(input);
      return 'good';
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_INPUT', status: 400 });
      return (error as Error).message;
    }
  };

  it('names the member, its value and what is allowed', () => {
    expect(messageOf({ name: 'fine' })).toBe('good');
    expect(messageOf({ name: 'UP' })).toBe("name 'UP' must match ^[a-z]+$");
    expect(messageOf({ name: 'ok', size: 10 })).toMatch(/^size 10 must be <= 9/);
    expect(messageOf({})).toBe('name is required');
    expect(messageOf({ name: 'ok', nmae: 1 })).toBe(
      "unknown member 'nmae'; known are name, size, password, tags, inner",
    );
    expect(messageOf({ name: 'ok', inner: { 'a/b': 'x' } })).toMatch(/'x' must be integer/);
    expect(messageOf({ name: 'ok', inner: {} })).toBe('inner.a/b is required');
    expect(messageOf({ name: 'ok', inner: { 'a/b': 1, c: 2 } })).toBe("inner: unknown member 'c'");
    expect(messageOf(7)).toMatch(/^the input 7 must be object/);
    expect(messageOf(undefined)).toContain('the input');
    expect(messageOf({ name: 'A'.repeat(500) })).toHaveLength(`name '${'A'.repeat(59)}… must match ^[a-z]+$`.length);
  });

  it('never quotes a secret', () => {
    expect(messageOf({ name: 'ok', password: 'hunter22' })).toMatch(/^password the value must/);
    expect(messageOf({ name: 'ok', password: ['hunter22'] })).not.toContain('hunter');
  });

  it('refuses text that cannot be stored, wherever it is', () => {
    expect(messageOf({ name: 'ok', tags: ['fine', 'a\0'] })).toMatch(/^tags.1 holds a character/);
    expect(messageOf({ name: 'ok', tags: ['\udc00'] })).toMatch(/^tags.0 holds/);
    expect(messageOf({ name: 'ok', tags: ['😀'] })).toBe('good');
    const open = compileValidator(Type.Record(Type.String(), Type.Unknown()));
    expect(() => open({ 'k\0': 1 })).toThrow(/^the input holds/);
    expect(() => open({ deep: { 'k\0': 1 } })).toThrow(/^deep holds/);
    expect(open({ bytes: Buffer.from([0]), nothing: null })).toBeDefined();
  });

  it('tells at most three things at once', () => {
    const many = compileValidator(
      Type.Object({ a: Type.Integer(), b: Type.Integer(), c: Type.Integer(), d: Type.Integer() }),
    );
    try {
      many({ a: 'x', b: 'x', c: 'x', d: 'x' });
    } catch (error) {
      expect((error as Error).message.split(';')).toHaveLength(3);
    }
    expect(() => compileValidator(Type.Object({}, { additionalProperties: false }))({ a: 1 })).toThrow(
      'there are none here',
    );
  });

  it('reads texts into the types that are asked for', () => {
    const typed = Type.Object({
      n: Type.Integer(),
      f: Type.Number(),
      b: Type.Boolean(),
      l: Type.Array(Type.String()),
      s: Type.String(),
    });
    expect(coerceText(typed, { n: '-5', f: '1.5', b: 'true', l: 'one', s: '7', other: '1' })).toEqual({
      n: -5,
      f: 1.5,
      b: true,
      l: ['one'],
      s: '7',
      other: '1',
    });
    expect(coerceText(typed, { n: '5x', f: '1e3', b: 'yes', l: ['a', 'b'] })).toEqual({
      n: '5x',
      f: '1e3',
      b: 'yes',
      l: ['a', 'b'],
    });
    expect(coerceText(typed, { b: 'false', n: 5 })).toEqual({ b: false, n: 5 });
    expect(coerceText(Type.Unknown(), { a: '1' })).toEqual({ a: '1' });
  });
});

describe('pages', () => {
  const rows = Array.from({ length: 7 }, (_, index) => ({ id: newId(1000 - index) }));
  /** What a repository answers: the rows after the cursor, one more than asked. */
  const fetch = (limit: number, after: string | null) =>
    rows.slice(after === null ? 0 : rows.findIndex((row) => row.id === after) + 1).slice(0, limit + 1);

  it('show every row once, whatever their size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (limit) => {
        const seen: string[] = [];
        let cursor: string | undefined;
        for (let pages = 0; pages < 10; pages++) {
          const request = pageRequest({ limit, ...(cursor === undefined ? {} : { cursor }) });
          const page = toPage(fetch(request.limit, request.after), request.limit, (row) => row.id);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items);
          cursor = page.nextCursor;
          if (cursor === undefined) break;
        }
        expect(seen).toEqual(rows.map((row) => row.id));
      }),
    );
  });

  it('have a size when none is asked, and refuse a cursor that nobody gave', () => {
    expect(pageRequest({})).toEqual({ limit: 50, after: null });
    for (const cursor of ['', 'x', Buffer.from('no id').toString('base64url')])
      expect(() => pageRequest({ cursor })).toThrow(/is not one that a list answered/);
    expect(pageRequest({ cursor: Buffer.from('basic-1').toString('base64url') }, () => true).after).toBe('basic-1');
    expect(toPage([], 5, (row) => row)).toEqual({ items: [] });
  });
});

describe('a token bucket', () => {
  it('gives its burst, then its rate, and never more than its burst', async () => {
    const clock = createManualClock();
    const bucket = createTokenBucket(clock, { perSecond: 2, burst: 3 });
    const taken = (tries: number) => Array.from({ length: tries }, () => bucket.take()).filter(Boolean).length;
    expect(bucket.retryAfter()).toBe(0);
    expect(taken(9)).toBe(3);
    expect(bucket.retryAfter()).toBe(1);
    await clock.advance(500);
    expect(taken(9)).toBe(1);
    await clock.advance(60_000);
    expect(taken(9)).toBe(3);
  });

  it('never lets more through than its rate and burst (property)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2000), { maxLength: 30 }), async (gaps) => {
        const clock = createManualClock();
        const bucket = createTokenBucket(clock, { perSecond: 5, burst: 4 });
        let taken = 0;
        for (const gap of gaps) {
          await clock.advance(gap);
          for (let i = 0; i < 6; i++) if (bucket.take()) taken++;
        }
        expect(taken).toBeLessThanOrEqual(4 + (clock.monotonic() / 1000) * 5 + 1e-6);
      }),
      { numRuns: 30 },
    );
  });

  it('is one for each key, at most so many; the longest unused goes', () => {
    const buckets = createTokenBuckets(createManualClock(), { perSecond: 1, burst: 1 }, 2);
    expect(buckets.of('a').take()).toBe(true);
    expect(buckets.of('b').take()).toBe(true);
    expect(buckets.of('a').take()).toBe(false);
    buckets.of('c');
    expect(buckets.of('a').take()).toBe(false);
    expect(buckets.of('b').take()).toBe(true);
  });
});

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

  it('keep their cause, or stay what they are', () => {
    expect(translate('23505', 'm', 'one_name').error).toMatchObject({ message: expect.stringContaining('one_name') });
    expect(translate(undefined, 'Connection terminated unexpectedly').error).toMatchObject({ code: 'UNAVAILABLE' });
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
    ['a target of no kind', { get: op({ target: { kind: 'nope', param: 'id' } }) }, {}, "target kind 'nope'"],
    ['an error that nobody declares', { get: op({ errors: ['NOPE'] }) }, {}, "the error 'NOPE'"],
    ['a verb without a handler', { get: op() }, { handlers: {} }, 'has no handler'],
    ['a route that is taken', { get: op(), see: op({ http: { method: 'GET', path: '/x/:id' } }) }, {}, 'is taken'],
  ])('refuses %s', (_, operations, more, why) => {
    expect(() => make(operations, more)).toThrow(why);
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
