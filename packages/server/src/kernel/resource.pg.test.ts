import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INSTANCES as instances } from '../services/instances/instance.ts';
import { VPCS as vpcs } from '../services/vpcs/vpc.ts';
import { orderedId, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { uniqueWord } from '../testing/test-api.ts';
import { newId } from './ids.ts';
import {
  countLive,
  findRow,
  holdRow,
  kindOf,
  listRows,
  loadRow,
  markDeleted,
  noteStatus,
  presentRow,
  removeTombstone,
  type ResourceRow,
  type Table,
} from './resource.ts';
import type { Sql } from './sql/tx.ts';

let db: Seeded;
let tenant: Tenant;
let stranger: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  stranger = await db.makeTenant();
});
afterAll(() => db.drop());

/** As the role of the API, which sees the rows of one tenant. */
const asApi = <T>(work: (sql: Sql) => Promise<T>, who = tenant) => db.api.transaction(who, work);
/** As the role of the worker, which sees all. */
const asWorker = <T>(work: (sql: Sql) => Promise<T>) => db.worker.transaction({ tenantId: '*' }, work);

interface Case {
  readonly table: Table<ResourceRow>;
  readonly insert: string;
}
const cases: readonly Case[] = [
  {
    table: vpcs,
    insert: `insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id) values ($1, $2, $3, $4, '10.0.0.0/16', 'net')`,
  },
  {
    table: instances,
    insert: `insert into instances (id, user_id, tenant_id, name, image, status) values ($1, $2, $3, $4, 'busybox', 'RUNNING')`,
  },
];

describe.each(cases.map((one) => [one.table.name, one] as const))(
  'a resource in the table %s',
  (_, { table, insert }) => {
    const make = async (name = uniqueWord(), who = tenant): Promise<{ id: string; name: string }> => {
      const id = orderedId();
      await db.owner.query(insert, [id, who.userId, who.tenantId, name]);
      return { id, name };
    };
    const find = (ref: string, who = tenant, asked = who, lock = false) =>
      asApi((sql) => findRow(sql, table, { ...asked, ref, lock }), who);
    const remove = (id: string, at = new Date()) => asApi((sql) => markDeleted(sql, table, id, at));
    const load = (id: string) => asWorker((sql) => loadRow(sql, table, id));

    it('is found by id or by name', async () => {
      const { id, name } = await make();
      for (const ref of [id, id.toUpperCase(), name])
        for (const lock of [false, true])
          expect(await find(ref, tenant, tenant, lock)).toMatchObject({ id, name, version: 1, deleted_at: null });
      for (const ref of [newId(), uniqueWord(), '', "' or true --"]) expect(await find(ref)).toBeUndefined();
    });

    /** Ids of one millisecond, which differ in the last two digits of the time's part, or in the tail's. */
    const twins = async (...tails: readonly string[]): Promise<readonly string[]> => {
      const start = orderedId().slice(0, 18);
      const ids = tails.map((tail) => `${start}-${tail}`);
      for (const id of ids) await db.owner.query(insert, [id, tenant.userId, tenant.tenantId, uniqueWord()]);
      return ids;
    };

    it('is found by a part of its id: a prefix, or the digits that tell ids of one minute apart', async () => {
      const word = () => newId().slice(-12);
      const [first] = await twins(`8aaa-${word()}`, `8bbb-${word()}`);
      const digits = first!.replaceAll('-', '');
      const ec2 = `${table.ec2Prefix}-`;
      for (const ref of [first!.slice(0, 21), first!.slice(0, 35), digits.slice(0, 31), digits.slice(15, 27)])
        for (const lock of [false, true])
          expect((await find(ref.toUpperCase(), tenant, tenant, lock))?.id, ref).toBe(first);
      expect((await find(ec2 + digits.slice(15, 23)))?.id).toBe(first);
      expect((await asWorker((sql) => holdRow(sql, table, tenant.tenantId, digits.slice(15, 27))))?.id).toBe(first);
      for (const ref of [digits.slice(15, 22), digits.slice(16, 30), `x${digits.slice(15, 27)}`, `${digits}0`])
        expect(await find(ref), ref).toBeUndefined();
      expect(await find(digits.slice(15, 27), stranger)).toBeUndefined();
      expect(await find(digits.slice(15, 27), stranger, tenant)).toBeUndefined();
      expect(
        await asWorker((sql) => findRow(sql, table, { ...stranger, ref: digits.slice(15, 27), lock: false })),
      ).toBeUndefined();
    });

    it('is not chosen among several whose ids begin alike: the error lists them', async () => {
      const ids = await twins('8aaa-000000000001', '8aaa-000000000002', '8aaa-000000000003');
      const refusal = await find(ids[0]!.slice(0, 25)).catch((error: Error) => error);
      expect(refusal).toMatchObject({ code: 'INVALID_INPUT', status: 400 });
      expect((refusal as Error).message).toContain(`'${ids[0]!.slice(0, 25)}' begins 3 ids: ${ids[0]} (`);
      for (const id of ids) expect((refusal as Error).message).toContain(id);
      expect((refusal as Error).message).toMatch(/; use more digits$/);
    });

    it('with a name that could be a part of an id is found by its name first', async () => {
      const { id } = await make();
      const named = await make(id.slice(0, 23));
      expect((await find(id.slice(0, 23)))?.id).toBe(named.id);
      await remove(named.id);
      expect((await find(id.slice(0, 23)))?.id).toBe(id);
    });

    it('is not found by another tenant, neither through the door nor around it', async () => {
      const { id, name } = await make();
      for (const ref of [id, name]) {
        expect(await find(ref, stranger)).toBeUndefined();
        expect(await find(ref, stranger, tenant), 'row-level security is the second lock').toBeUndefined();
        // The worker sees all tenants: there the statement's own condition is what counts.
        expect(await asWorker((sql) => findRow(sql, table, { ...stranger, ref, lock: false }))).toBeUndefined();
        expect(await asWorker((sql) => holdRow(sql, table, stranger.tenantId, ref))).toBeUndefined();
      }
      await make(name, stranger);
      expect((await find(name))?.id).toBe(id);
    });

    it('is found by its id while it is being deleted, and no more by its name, which another may have', async () => {
      const { id, name } = await make();
      await remove(id);
      expect(await find(id)).toMatchObject({ id, deleted_at: expect.any(Date), version: 2 });
      expect(await find(name)).toBeUndefined();
      const next = await make(name);
      expect((await find(name))?.id).toBe(next.id);
      expect((await find(id))?.id).toBe(id);
    });

    it('is locked where that is asked: who writes waits, who reads does not', async () => {
      const { id } = await make();
      const order: string[] = [];
      let other: Promise<unknown> = Promise.resolve();
      await asApi(async (sql) => {
        await findRow(sql, table, { ...tenant, ref: id, lock: true });
        other = find(id, tenant, tenant, true).then(() => order.push('writer'));
        await find(id);
        order.push('reader');
        await new Promise((resolve) => setTimeout(resolve, 40));
        order.push('holder');
      });
      await other;
      expect(order).toEqual(['reader', 'holder', 'writer']);
    });

    it('is held against its deletion by who puts something in it; others hold it too', async () => {
      const { id, name } = await make();
      const order: string[] = [];
      let other: Promise<unknown> = Promise.resolve();
      await asApi(async (sql) => {
        expect((await holdRow(sql, table, tenant.tenantId, name))?.id).toBe(id);
        expect((await asApi((second) => holdRow(second, table, tenant.tenantId, id)))?.id).toBe(id);
        other = asApi(async (deleting) => {
          await findRow(deleting, table, { ...tenant, ref: id, lock: true });
          await markDeleted(deleting, table, id, new Date());
        }).then(() => order.push('deleted'));
        await new Promise((resolve) => setTimeout(resolve, 40));
        order.push('held');
      });
      await other;
      expect(order).toEqual(['held', 'deleted']);
      for (const ref of [id, name])
        expect(await asApi((sql) => holdRow(sql, table, tenant.tenantId, ref))).toBeUndefined();
    });

    it('cannot be held any more when it was deleted while one waited for it', async () => {
      const { id } = await make();
      let held: Promise<unknown> = Promise.resolve();
      await asApi(async (sql) => {
        await findRow(sql, table, { ...tenant, ref: id, lock: true });
        held = asApi((other) => holdRow(other, table, tenant.tenantId, id));
        await new Promise((resolve) => setTimeout(resolve, 40));
        await markDeleted(sql, table, id, new Date());
      });
      expect(await held).toBeUndefined();
    });

    it('is listed newest first, one more than asked, from where one left, with what is being deleted', async () => {
      const who = await db.makeTenant();
      const ids: string[] = [];
      for (let i = 0; i < 4; i++) ids.unshift((await make(uniqueWord(), who)).id);
      await make();
      const list = (limit: number, after: string | null) =>
        asApi(async (sql) => (await listRows(sql, table, who.tenantId, { limit, after })).map((row) => row.id), who);
      expect(await list(2, null)).toEqual(ids.slice(0, 3));
      expect(await list(2, ids[1]!)).toEqual(ids.slice(2));
      expect(await list(2, ids[3]!)).toEqual([]);
      await asApi((sql) => markDeleted(sql, table, ids[0]!, new Date()), who);
      expect(await list(9, null)).toEqual(ids);
      const filtered = (name: string) =>
        asApi((sql) => listRows(sql, table, who.tenantId, { limit: 9, after: null }, { equal: { name } }), who);
      const { name } = (await find(ids[2]!, who))!;
      expect((await filtered(name)).map((row) => row.id)).toEqual([ids[2]]);
    });

    it('is listed for its tenant only', async () => {
      const who = await db.makeTenant();
      await make(uniqueWord(), who);
      const page = { limit: 9, after: null };
      expect(await asApi((sql) => listRows(sql, table, who.tenantId, page), stranger)).toEqual([]);
      expect(await asWorker((sql) => listRows(sql, table, who.tenantId, page))).toHaveLength(1);
    });

    it('is counted while it is not being deleted', async () => {
      const who = await db.makeTenant();
      const { id } = await make(uniqueWord(), who);
      await make(uniqueWord(), who);
      const counted = (as = who) => asApi((sql) => countLive(sql, table, who.tenantId), as);
      expect([await counted(), await counted(stranger)]).toEqual([2, 0]);
      await asApi((sql) => markDeleted(sql, table, id, new Date()), who);
      expect(await counted()).toBe(1);
    });

    it('is loaded by a worker for any tenant, deleted or not', async () => {
      const [one, two] = [await make(), await make(uniqueWord(), stranger)];
      await remove(one.id);
      expect(await load(one.id)).toMatchObject({
        id: one.id,
        tenant_id: tenant.tenantId,
        deleted_at: expect.any(Date),
      });
      expect(await load(two.id)).toMatchObject({ id: two.id, tenant_id: stranger.tenantId, deleted_at: null });
      expect(await load(newId())).toBeUndefined();
      expect(await asApi((sql) => loadRow(sql, table, two.id))).toBeUndefined();
    });

    it('is marked as deleted once: the first word holds', async () => {
      const { id } = await make();
      await remove(id, new Date(7));
      await remove(id, new Date(99));
      expect(await load(id)).toMatchObject({ deleted_at: new Date(7), updated_at: new Date(7), version: 2 });
      const theirs = await make(uniqueWord(), stranger);
      await remove(theirs.id);
      expect(await load(theirs.id)).toMatchObject({ deleted_at: null, version: 1 });
    });

    it('is removed by a worker, and only when it is to be deleted', async () => {
      const { id } = await make();
      const end = () => asWorker((sql) => removeTombstone(sql, table, id));
      expect([await end(), (await load(id))?.id]).toEqual([false, id]);
      await remove(id);
      await expect(
        asApi((sql) => removeTombstone(sql, table, id)),
        'the API removes nothing',
      ).rejects.toThrow(/permission denied/);
      expect([await end(), await load(id), await end()]).toEqual([true, undefined, false]);
    });

    it('has a status, of which only the columns named are written', async () => {
      const { id } = await make();
      await asWorker((sql) =>
        noteStatus(sql, table, id, { status: 'ERROR', status_reason: 'no room', observed_version: 1 }),
      );
      await asWorker((sql) => noteStatus(sql, table, newId(), { status: 'ERROR' }));
      expect(await load(id)).toMatchObject({
        status: 'ERROR',
        status_reason: 'no room',
        observed_version: 1,
        version: 1,
      });
    });

    it('of a kind is looked up, presented and listed by these functions', async () => {
      const { id, name } = await make();
      const kind = kindOf(table, { noun: 'thing', present: (row) => ({ shown: row.name }) });
      const found = (await asApi((sql) => kind.find(sql, { ...tenant, ref: name, lock: false })))!;
      expect([kind.id(found), kind.name!(found), kind.version!(found), kind.isDeleting!(found)]).toEqual([
        id,
        name,
        1,
        false,
      ]);
      expect(kind.present(found, { kind: 'anonymous' })).toEqual({ shown: name });
      await remove(id);
      const deleted = (await asApi((sql) => kind.find(sql, { ...tenant, ref: id, lock: false })))!;
      expect([kind.isDeleting!(deleted), kind.version!(deleted)]).toEqual([true, 2]);
      const listed = await asApi((sql) => kind.list!(sql, tenant, { limit: 1000, after: null }, undefined));
      expect(listed.map((row) => row.id)).toContain(id);
    });
  },
);

describe('a row as the wire shows it', () => {
  it('has the members named, without those that are null, and times in ISO 8601', () => {
    const row = {
      id: 'a',
      at: new Date(0),
      gone: null,
      missing: undefined,
      no: false,
      zero: 0,
      empty: '',
      secret: 's',
    };
    expect(presentRow(row, ['id', 'at', 'gone', 'missing', 'no', 'zero', 'empty'])).toEqual({
      id: 'a',
      at: '1970-01-01T00:00:00.000Z',
      no: false,
      zero: 0,
      empty: '',
    });
  });
});
