import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { createPgSecretRepository } from './secret-repository.pg.ts';
import { rotateDue } from './worker.ts';

const { api, owner, database } = await setUpApi();
const worker = openDatabase({ connectionString: database.workerUrl, max: 2, min: 0 });
afterAll(() => worker.close());

async function good(verb: string, input: Readonly<Record<string, unknown>>) {
  const answer = await api.call(`secrets.${verb}`, input, owner);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.data;
}
const make = async (value: string, more: object = {}): Promise<string> =>
  (await good('create', { name: `s-${uniqueWord()}`, value, ...more })).id;
const valueOf = async (id: string): Promise<string> => (await good('reveal', { id })).value;
const day = 86_400_000;
const daysUntil = (time: string) => Math.round((Date.parse(time) - Date.now()) / day);

describe('a rotation', () => {
  it('makes a password the current value, and the value before the previous one', async () => {
    const id = await make('before');
    expect(Date.parse((await good('rotate', { id })).rotated_at)).toBeGreaterThan(Date.now() - day);
    expect(await valueOf(id)).toMatch(/^[A-Za-z0-9]{32}$/);
    expect((await good('reveal', { id, stage: 'AWSPREVIOUS' })).value).toBe('before');
  });

  it('changes only the password of a JSON object that has one', async () => {
    const id = await make(JSON.stringify({ username: 'ann', password: 'x', port: 5432 }));
    await good('rotate', { id });
    const rotated = JSON.parse(await valueOf(id));
    expect(rotated).toEqual({ username: 'ann', password: expect.stringMatching(/^[A-Za-z0-9]{32}$/), port: 5432 });
  });

  it('is done once under a version id', async () => {
    const id = await make('before');
    await good('rotate', { id, version_id: 'token' });
    const value = await valueOf(id);
    await good('rotate', { id, version_id: 'token' });
    expect(await valueOf(id)).toBe(value);
  });

  it('comes again after so many days, until it is cancelled', async () => {
    const id = await make('before');
    const set = await good('setRotation', { id, days: 30, length: 40 });
    expect(set).toMatchObject({ rotation_days: 30, rotation_length: 40 });
    expect(daysUntil(set.rotates_at)).toBe(30);
    await good('rotate', { id });
    expect(await valueOf(id)).toHaveLength(40);
    expect(daysUntil((await good('get', { id })).rotates_at)).toBe(30);
    expect(daysUntil((await good('setRotation', { id, days: 7 })).rotates_at)).toBe(7);
    const cancelled = await good('cancelRotation', { id });
    expect([cancelled.rotates_at, cancelled.rotation_days]).toEqual([undefined, undefined]);
  });
});

it('what is due is rotated by the worker, with an audit row; what cannot be does not hold up the others', async () => {
  const ids = [await make('one'), await make('AP8=', { encoding: 'base64' }), await make('three')];
  const deleting = await make('kept');
  for (const id of [...ids, deleting]) await good('setRotation', { id, days: 1 });
  await good('delete', { id: deleting });
  await api.owner.query(
    `update secrets set rotates_at = now() - array_position($1, id) * interval '1 minute' where id = any ($1)`,
    [[...ids, deleting]],
  );
  const lines: string[] = [];
  const deps = { database: worker, clock: systemClock, log: memoryLog(lines), sealer: api.sealer };
  await rotateDue(deps, AbortSignal.timeout(10_000));
  for (const id of [ids[0]!, ids[2]!]) {
    expect(await valueOf(id)).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(daysUntil((await good('get', { id })).rotates_at)).toBe(1);
    const { rows } = await api.owner.query(
      `select actor, tenant_id from audit_logs where resource_id = $1 and action = 'secret.rotate'`,
      [id],
    );
    expect(rows).toEqual([{ actor: 'system:secret-rotation', tenant_id: owner.tenantId }]);
  }
  expect(await valueOf(ids[1]!)).toBe('AP8=');
  expect(Date.parse((await good('get', { id: ids[1]! })).rotates_at)).toBeGreaterThan(Date.now() + 3_000_000);
  expect(lines.join('')).toContain('tried again in an hour');
  await good('restore', { id: deleting });
  expect(await valueOf(deleting)).toBe('kept');
});

it('two workers do not rotate the same secret', async () => {
  const id = await make('one');
  await good('setRotation', { id, days: 1 });
  await api.owner.query(`update secrets set rotates_at = '2000-01-01' where id = $1`, [id]);
  const now = new Date('2000-01-02');
  await worker.transaction({ tenantId: '*' }, async (sql) => {
    expect(await createPgSecretRepository(sql).takeDue(now)).toMatchObject({ id });
    const other = await worker.transaction({ tenantId: '*' }, (second) =>
      createPgSecretRepository(second).takeDue(now),
    );
    expect(other).toBeUndefined();
  });
  const later = new Date('2200-01-01');
  await worker.transaction({ tenantId: '*' }, (sql) => createPgSecretRepository(sql).postpone(id, later));
  expect(await good('get', { id })).toMatchObject({ rotates_at: later.toISOString() });
});
