import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertVpc } from '../services/vpcs/examples.ts';
import { callerOf, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { uniqueWord } from '../testing/test-api.ts';
import { createToyBoxes } from '../testing/toy-boxes.ts';
import { type Behaviour, codeOf, composeToyService, type Row } from '../testing/toy-service.ts';
import type { Caller } from './caller.ts';
import { conflict } from './errors.ts';

let db: Seeded;
let tenant: Tenant;
let hostId: string;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  hostId = await db.makeHost();
});
afterAll(() => db.drop());

const compose = (behaviours: Record<string, Behaviour> = {}) =>
  composeToyService(db, tenant, behaviours, { beside: createToyBoxes({}) });
const count = async (text: string, values: unknown[] = []): Promise<number> =>
  Number((await db.owner.query<{ count: string }>(`select count(*) from ${text}`, values)).rows[0]!.count);
const thingsNamed = (name: string) => count('tenant_roles where name = $1', [name]);

describe('Idempotency-Key of a create', () => {
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

  it('answers the thing as it is now', async () => {
    const name = uniqueWord();
    const idempotencyKey = uniqueWord();
    const { run } = compose();
    const first = await run('create', { name }, undefined, { idempotencyKey });
    await run('update', { name });
    expect(await run('create', { name }, undefined, { idempotencyKey })).toMatchObject({
      id: first.id,
      version: 2,
      output: { version: 2 },
      replayed: true,
    });
  });

  it('is not replayed once its thing is gone: that is a conflict, and a new key makes a new one', async () => {
    const name = uniqueWord();
    const idempotencyKey = uniqueWord();
    const { run } = compose();
    await run('create', { name }, undefined, { idempotencyKey });
    await run('delete', { name });
    await expect(run('create', { name }, undefined, { idempotencyKey })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(
        /^the thing '[\w-]+' that this Idempotency-Key created no longer exists; use a new key/,
      ),
    });
    expect((await run('create', { name }, undefined, { idempotencyKey: uniqueWord() })).replayed).toBe(false);
  });
});

describe('Idempotency-Key of a change', () => {
  it('changes once, and then answers the thing as it is', async () => {
    const name = uniqueWord();
    const { run } = compose();
    await run('create', { name });
    const again = { idempotencyKey: uniqueWord() };
    expect(await run('update', { name }, undefined, again)).toMatchObject({ version: 2, replayed: false });
    await run('update', { name });
    for (let i = 0; i < 2; i++)
      expect(await run('update', { name }, undefined, again)).toMatchObject({
        version: 3,
        output: { name, version: 3 },
        replayed: true,
      });
    expect(await count('tenant_roles where name = $1 and version = 3', [name])).toBe(1);
  });

  it('changes once though its twin comes at the same moment', async () => {
    const name = uniqueWord();
    const { run } = compose();
    await run('create', { name });
    const again = { idempotencyKey: uniqueWord() };
    const twins = await Promise.all(Array.from({ length: 6 }, () => run('update', { name }, undefined, again)));
    expect(twins.filter((twin) => !twin.replayed)).toHaveLength(1);
    expect(twins.map((twin) => twin.version)).toEqual(Array(6).fill(2));
  });

  it('outlives the version that If-Match named, for what was done is done', async () => {
    const name = uniqueWord();
    const { run } = compose();
    await run('create', { name });
    const once = { idempotencyKey: uniqueWord(), ifMatch: 1 };
    expect((await run('update', { name }, undefined, once)).version).toBe(2);
    expect(await run('update', { name }, undefined, once)).toMatchObject({ version: 2, replayed: true });
    expect(await codeOf(run('update', { name }, undefined, { ...once, idempotencyKey: uniqueWord() }))).toBe(
      'CONFLICT',
    );
  });
});

describe('Idempotency-Key of a deletion', () => {
  it('is answered also after the thing has gone', async () => {
    const name = uniqueWord();
    const again = { idempotencyKey: uniqueWord() };
    const { run } = compose();
    await run('create', { name });
    const first = await run('delete', { name }, undefined, again);
    expect(first.replayed).toBe(false);
    expect(await run('delete', { name }, undefined, again)).toMatchObject({ replayed: true });
    expect(await codeOf(run('delete', { name }, undefined, { idempotencyKey: uniqueWord() }))).toBe('NOT_FOUND');
    expect(await codeOf(run('delete', { name: uniqueWord() }, undefined, again))).toBe('IDEMPOTENCY_MISMATCH');
    expect(await codeOf(run('delete', { name }, callerOf(tenant, ['thing:read']), again)), 'who may not').toBe(
      'NOT_FOUND',
    );
    expect(await codeOf(run('delete', { name }, callerOf(await db.makeTenant()), again)), 'of another tenant').toBe(
      'NOT_FOUND',
    );
  });

  it('answers for what it removed, not for what was made under the name since', async () => {
    const name = uniqueWord();
    const again = { idempotencyKey: uniqueWord() };
    const { run } = compose();
    await run('create', { name });
    await run('delete', { name }, undefined, again);
    await run('create', { name });
    expect(await codeOf(run('delete', { name }, undefined, again))).toBe('IDEMPOTENCY_MISMATCH');
    expect(await thingsNamed(name)).toBe(1);
  });

  it('says the same of what is being deleted and of what is gone', async () => {
    const { execute } = compose();
    const id = await insertVpc({ owner: db.owner, ...tenant, hostId, email: '', password: '', unique: uniqueWord });
    const { rows } = await db.owner.query<{ name: string }>('select name from vpcs where id = $1', [id]);
    const again = { origin: { requestId: 'r' }, idempotencyKey: uniqueWord() };
    const remove = () => execute('boxes.delete', callerOf(tenant), { id }, again);
    const message = `box '${rows[0]!.name}' is being deleted`;
    expect(await remove()).toMatchObject({ output: { message }, replayed: false });
    expect(await remove()).toMatchObject({ output: { message }, replayed: true });
    await db.owner.query('delete from vpcs where id = $1', [id]);
    expect(await remove()).toMatchObject({ output: { message: `box '${id}' is being deleted` }, replayed: true });
    expect(await count(`audit_logs where action = 'box.delete' and resource_id = $1`, [id])).toBe(1);
  });
});

describe('an Idempotency-Key', () => {
  it('is 1 to 255 characters', async () => {
    const { run } = compose();
    for (const idempotencyKey of ['', 'k'.repeat(256)])
      expect(await codeOf(run('create', { name: uniqueWord() }, undefined, { idempotencyKey }))).toBe('INVALID_INPUT');
    await run('create', { name: uniqueWord() }, undefined, { idempotencyKey: 'k'.repeat(255) });
  });

  it('is refused where it could not be kept, and means nothing for a read', async () => {
    const { run } = compose();
    const keyed = { idempotencyKey: uniqueWord() };
    await expect(run('guess', { word: 'x' }, { kind: 'anonymous' }, keyed)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message:
        'things.guess does not accept an Idempotency-Key, because its answer cannot be repeated; remove the header',
    });
    expect((await run('peek', {}, undefined, keyed)).replayed).toBe(false);
  });

  it('with another input is a mismatch, and does nothing', async () => {
    const name = uniqueWord();
    const { run } = compose();
    const again = { idempotencyKey: uniqueWord() };
    await run('create', { name }, undefined, again);
    await expect(run('create', { name: `${name}2` }, undefined, again)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
      status: 409,
    });
    expect(await thingsNamed(`${name}2`)).toBe(0);
  });

  it('is free again when its call was rolled back, and after its day', async () => {
    const name = uniqueWord();
    let fails = true;
    const { run } = compose({
      update: async (call) => {
        if (fails) throw conflict('not now');
        return call.target;
      },
    });
    await run('create', { name });
    const again = { idempotencyKey: uniqueWord() };
    const update = () => run('update', { name }, undefined, again);
    expect(await codeOf(update())).toBe('CONFLICT');
    fails = false;
    expect((await update()).replayed).toBe(false);
    expect((await update()).replayed).toBe(true);
    await db.owner.query(
      `update idempotency_keys set expires_at = now() - interval '1 second' where key like '% ' || $1`,
      [again.idempotencyKey],
    );
    expect((await update()).replayed).toBe(false);
    const { rows } = await db.owner.query<{ left: number }>(
      `select extract(epoch from expires_at - now())::int as left from idempotency_keys where key like '% ' || $1`,
      [again.idempotencyKey],
    );
    expect(rows[0]!.left).toBeGreaterThan(86_300);
  });

  it("is the tenant's and the operation's own", async () => {
    const other = await db.makeTenant();
    const name = uniqueWord();
    const { run } = compose();
    const keyed = { idempotencyKey: uniqueWord() };
    expect((await run('create', { name }, undefined, keyed)).replayed).toBe(false);
    expect((await run('create', { name }, callerOf(other), keyed)).replayed).toBe(false);
    expect((await run('update', { name }, undefined, keyed)).replayed).toBe(false);
  });

  it('is the user’s own: a colleague with the same key does their own thing, and each is answered with theirs', async () => {
    const [name, other] = [uniqueWord(), uniqueWord()];
    const again = { idempotencyKey: uniqueWord() };
    const { run } = compose();
    const colleague = { ...callerOf(tenant), userId: (await db.makeTenant()).userId } as Caller;
    const mine = await run('create', { name }, undefined, again);
    const theirs = await run('create', { name: other }, colleague, again);
    expect([theirs.replayed, theirs.id === mine.id]).toEqual([false, false]);
    expect(await run('create', { name }, undefined, again)).toMatchObject({ id: mine.id, replayed: true });
    expect(await run('create', { name: other }, colleague, again)).toMatchObject({ id: theirs.id, replayed: true });
  });

  it('of an earlier version, which kept no user with it, is good until its time is over', async () => {
    const name = uniqueWord();
    const again = { idempotencyKey: uniqueWord() };
    const { run } = compose();
    const { id } = await run('create', { name }, undefined, again);
    await db.owner.query(`update idempotency_keys set key = $1 where key like '% ' || $1`, [again.idempotencyKey]);
    expect(await run('create', { name }, undefined, again)).toMatchObject({ id, replayed: true });
    await run('delete', { name });
    await db.owner.query(`update idempotency_keys set expires_at = now() where key = $1`, [again.idempotencyKey]);
    expect((await run('create', { name }, undefined, again)).replayed).toBe(false);
  });

  it('is kept with a fingerprint from which nobody can guess the input', async () => {
    const [one, two] = [compose(), compose()];
    const name = uniqueWord();
    const keys = [uniqueWord(), uniqueWord()];
    await one.run('create', { name }, undefined, { idempotencyKey: keys[0]! });
    await two.run('create', { name: `${name}2` }, undefined, { idempotencyKey: keys[1]! });
    // The same input under another master key: another fingerprint.
    const third = compose();
    await third.run('delete', { name });
    await third.run('create', { name }, undefined, { idempotencyKey: keys[1]!.concat('3') });
    const { rows } = await db.owner.query<{ request_hash: string }>(
      'select request_hash from idempotency_keys where key = any($1)',
      [[keys[0], `${keys[1]}3`].map((key) => `${tenant.userId} ${key}`)],
    );
    expect(new Set(rows.map((row) => row.request_hash)).size).toBe(2);
    for (const row of rows) expect(row.request_hash).toMatch(/^[0-9a-f]{64}$/);
  });
});
