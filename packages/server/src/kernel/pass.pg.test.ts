import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EngineError, type EngineErrorKind } from './engine-error.ts';
import {
  deadlineOf,
  endByError,
  failForGood,
  note,
  noteDelay,
  type Reconciled,
  requireEngine,
  type StatusRow,
} from './pass.ts';
import { loadRow, type Table } from './resource.ts';
import { passOver } from '../testing/pass.ts';
import { type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';

const TABLE: Table<StatusRow> = {
  name: 'vpcs',
  columns:
    'id, tenant_id, name, version, deleted_at, status, status_reason, reason_code, phase_deadline, observed_version',
};
const THING: Reconciled<StatusRow> = {
  kind: 'thing',
  table: TABLE,
  failed: 'error',
  retried: 'pending',
  statusOf: ({ status }) => status,
};
const MINUTE = 60_000;

let db: Seeded;
let tenant: Tenant;
let id: string;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());
beforeEach(async () => {
  const { rows } = await db.owner.query<{ id: string }>(
    `insert into vpcs (user_id, tenant_id, name, cidr_block, network_id, status)
     values ($1, $2, gen_random_uuid(), '10.0.0.0/16', 'n', 'active') returning id`,
    [tenant.userId, tenant.tenantId],
  );
  id = rows[0]!.id;
});

const row = async () => (await db.worker.transaction({ tenantId: '*' }, (sql) => loadRow(sql, TABLE, id)))!;
const pass = (attempts = 1, failingMs = 0) =>
  passOver(db.worker, { id, tenantId: tenant.tenantId, attempts, failingMs });
const events = async () =>
  (
    await db.owner.query<{
      event_type: string;
      reason: string | null;
      changes: unknown;
      actor: string;
      tenant_id: string;
    }>(
      `select event_type, metadata ->> 'reason' as reason, changes, actor, tenant_id from events where resource_id = $1 order by seq`,
      [id],
    )
  ).rows;
const writes = async () =>
  (await db.owner.query<{ xmin: string }>('select xmin::text from vpcs where id = $1', [id])).rows[0]!.xmin;
const end = async (kind: EngineErrorKind, attempts = 1, failingMs = 0) =>
  endByError(pass(attempts, failingMs), THING, await row(), new EngineError(kind, kind), 0).catch(
    (error: Error) => error.message,
  );

describe('writing a status', () => {
  it('writes what differs, its event and what belongs to it in one commit; where nothing differs nothing happens', async () => {
    const before = await row();
    const status = { status: 'error', status_reason: 'why', phase_deadline: new Date(5), observed_version: 1 };
    let also = 0;
    const along = { event: { type: 'THING_TOLD', metadata: { more: 1 } }, also: async () => void also++ };
    const after = await note(pass(), THING, before, status, along);
    expect(after).toEqual({ ...before, ...status });
    expect(await row()).toEqual(after);
    expect(await events()).toEqual([
      {
        event_type: 'THING_TOLD',
        reason: 'why',
        changes: { status: { from: 'active', to: 'error' } },
        actor: 'system:thing',
        tenant_id: tenant.tenantId,
      },
    ]);
    const written = await writes();
    expect(await note(pass(), THING, after, { ...status, phase_deadline: new Date(5) }, along)).toEqual(after);
    expect([await writes(), (await events()).length, also]).toEqual([written, 1, 1]);
    const refused = note(pass(), THING, after, { status: 'active' }, { also: () => Promise.reject(new Error('no')) });
    await expect(refused).rejects.toThrow('no');
    expect(await row()).toEqual(after);
    expect(await events()).toHaveLength(1);
  });

  it('is an event of its own when people see another status, and none when they do not', async () => {
    const before = await row();
    await note(pass(), THING, before, { status_reason: 'slow' });
    expect(await events()).toEqual([]);
    await note(pass(), THING, before, { status: 'pending' });
    expect(await events()).toMatchObject([
      { event_type: 'THING_PENDING', changes: { status: { from: 'active', to: 'pending' } } },
    ]);
    const hidden = { ...THING, statusOf: () => 'same' };
    await note(pass(), hidden, await row(), { status: 'error' });
    expect(await events()).toHaveLength(1);
  });

  it('does not overwrite columns that somebody else changed and that it leaves as they were', async () => {
    await db.owner.query('update vpcs set observed_version = 1 where id = $1', [id]);
    const before = await row();
    await db.owner.query('update vpcs set version = 2, observed_version = 2 where id = $1', [id]);
    await note(pass(), THING, before, { status_reason: 'slow', observed_version: before.version });
    expect(await row()).toMatchObject({ status_reason: 'slow', observed_version: 2 });
  });
});

describe('a deadline', () => {
  it('counts from when its reason was first written down', async () => {
    const waiting = { ...(await row()), reason_code: 'A', phase_deadline: new Date(10) };
    expect(deadlineOf(waiting, 'A', 500, 100)).toEqual(new Date(10));
    expect(deadlineOf(waiting, 'B', 500, 100)).toEqual(new Date(600));
    expect(deadlineOf({ ...waiting, phase_deadline: null }, 'A', 500, 100)).toEqual(new Date(600));
  });
});

describe('an error of the engine', () => {
  it('that is away is waited for, however often', async () => {
    expect(await end('unavailable', 99, 60 * MINUTE)).toMatchObject({ kind: 'again', because: 'unavailable' });
    expect(await row()).toMatchObject({
      status: 'active',
      status_reason: 'the host is not available at the moment; the platform continues when it is',
      reason_code: 'WAITING_FOR_ENGINE',
    });
    const away = { availability: async () => ({ ok: false, missing: 'no tools' }) as const };
    await expect(requireEngine(away)).rejects.toMatchObject({ kind: 'unavailable', message: 'no tools' });
    await requireEngine({ availability: async () => ({ ok: true }) });
  });

  it('that finds the spec invalid is final, and told once for each version', async () => {
    for (let times = 0; times < 2; times++)
      expect(await end('invalid')).toEqual({ kind: 'settled', because: 'invalid' });
    expect(await row()).toMatchObject({ status: 'error', reason_code: 'ENGINE_REFUSED', observed_version: 1 });
    expect(await events()).toMatchObject([
      {
        event_type: 'THING_ERROR',
        reason: 'the host cannot provide this configuration; delete it and create it with another one',
      },
    ]);
    await db.owner.query('update vpcs set version = 2 where id = $1', [id]);
    await end('invalid');
    expect(await events()).toHaveLength(2);
  });

  it.each(['failed', 'timeout', 'not_found'] as const)(
    'of the kind %s is final after two minutes and five tries in a row',
    async (kind) => {
      // Eight tries within half a second, and a clock that jumped on.
      expect(await end(kind, 8, 500)).toBe(kind);
      expect(await end(kind, 4, 60 * MINUTE)).toBe(kind);
      expect(await row()).toMatchObject({ status: 'active', reason_code: 'ENGINE_FAILED', observed_version: null });
      expect(await end(kind, 5, 2 * MINUTE)).toEqual({ kind: 'settled', because: kind });
      expect(await row()).toMatchObject({ status: 'error', reason_code: 'ENGINE_FAILED', observed_version: 1 });
      expect(await end(kind, 1), 'what is tried again is on its way').toBe(kind);
      expect(await row()).toMatchObject({ status: 'pending' });
    },
  );

  it('is none where it is a bug of ours', async () => {
    await expect(endByError(pass(), THING, await row(), new TypeError('a bug'), 0)).rejects.toThrow('a bug');
    expect(await row()).toMatchObject({ status_reason: null });
  });

  it('is given in the words of the service where that knows better', async () => {
    expect(await failForGood(pass(), THING, await row(), 'NO_IMAGE', 'no such image')).toEqual({
      kind: 'settled',
      because: 'no such image',
    });
    expect(await row()).toMatchObject({ status: 'error', status_reason: 'no such image', reason_code: 'NO_IMAGE' });
  });
});

describe('a deletion', () => {
  beforeEach(async () => {
    await db.owner.query('update vpcs set deleted_at = now() where id = $1', [id]);
  });

  it('is tried on whatever the engine says, and says why it is delayed', async () => {
    expect(await end('invalid', 50)).toBe('invalid');
    expect(await end('unavailable', 50)).toMatchObject({ kind: 'again' });
    expect(await row()).toMatchObject({
      status: 'active',
      status_reason: 'the host cannot remove it at the moment; the platform retries until it is gone',
      reason_code: 'DELETE_DELAYED',
    });
    expect(await events()).toEqual([]);
  });

  it('that is delayed for more than five minutes is stuck, and told once', async () => {
    await noteDelay(pass(), THING, await row(), 'busy', 0);
    await noteDelay(pass(), THING, await row(), 'busier', 5 * MINUTE);
    expect([(await row()).reason_code, await events()]).toEqual(['DELETE_DELAYED', []]);
    for (const [at, words] of [
      [6, 'busy'],
      [7, 'busy'],
      [99, 'busier'],
    ] as const) {
      await noteDelay(pass(), THING, await row(), words, at * MINUTE);
      expect(await row()).toMatchObject({ reason_code: 'DELETE_STUCK', status_reason: words });
    }
    expect(await events()).toMatchObject([{ event_type: 'THING_DELETE_STUCK', reason: 'busy' }]);
  });
});
