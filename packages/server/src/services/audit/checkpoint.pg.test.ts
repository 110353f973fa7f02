import { existsSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tenant } from '../../testing/seed.ts';
import { exportLines, type Read } from './export.ts';
import { type AuditWorld, openAuditWorld } from './testing/audit-world.ts';

let world: AuditWorld;
let a: Tenant;
let b: Tenant;
beforeAll(async () => {
  world = await openAuditWorld();
  [a, b] = [await world.db.makeTenant(), await world.db.makeTenant()];
});
afterAll(() => world.drop());

const good = { isGood: true, findings: [], isWhole: true };

describe('checkpoints', () => {
  it("cover every tenant's rows, and the platform's own, so that each export verifies by itself", async () => {
    await world.write(a, 3);
    await world.write(b, 2);
    await world.write({ userId: a.userId });
    expect(await world.checkpoint()).toBe(1);
    expect(await world.checkpoint(), 'nothing is new').toBe(0);
    await world.write(a, 2);
    await world.checkpoint();
    const late = await world.write(a, 1);
    expect(await world.verify(await world.lines({ tenantId: a.tenantId }))).toMatchObject({
      ...good,
      verified: 5,
      uncovered: 1,
      checkpoints: 2,
    });
    // Its last line but one is the newest checkpoint, in which it has no rows.
    expect(await world.verify(await world.lines({ tenantId: b.tenantId }))).toMatchObject({
      ...good,
      verified: 2,
      uncovered: 0,
      checkpoints: 2,
    });
    const all = await world.lines({});
    expect(await world.verify(all)).toMatchObject({ ...good, verified: 8, uncovered: 1, checkpoints: 2 });
    expect(all.join('\n')).toContain(late[0]);
    expect((await world.lines({ tenantId: b.tenantId })).join('\n')).not.toContain(a.tenantId);
  });

  it('give each tenant a hash to note that its later exports contain too, also when only others were busy', async () => {
    await world.write(b, 1);
    await world.checkpoint();
    await world.write(a, 1);
    await world.checkpoint();
    const noted = (await world.verify(await world.lines({ tenantId: b.tenantId }))).last!.hash;
    await world.write(a, 1);
    await world.checkpoint();
    expect(await world.verify(await world.lines({ tenantId: b.tenantId }), noted)).toMatchObject(good);
    const whole = (await world.verify(await world.lines({}))).last!.hash;
    await world.write(b, 1);
    await world.checkpoint();
    expect(await world.verify(await world.lines({}), whole)).toMatchObject(good);
  });

  it('verify in an export during which retention removes the oldest rows, whenever that is', async () => {
    for (let moment = 1; moment <= 8; moment++) {
      const { tenantId, userId } = await world.db.makeTenant();
      for (let nth = 0; nth < 2; nth++) {
        await world.write({ tenantId, userId }, 2);
        await world.checkpoint();
      }
      let reads = 0;
      const read: Read = async (fn) => {
        if (++reads === moment) await removeOldest(tenantId);
        return world.db.api.transaction({ tenantId }, fn, { readOnly: true });
      };
      const lines: string[] = [];
      for await (const line of exportLines(read, { tenantId })) lines.push(JSON.stringify(line));
      expect(await world.verify(lines), `before read ${moment} of ${reads}`).toMatchObject(good);
    }
  });

  it('leave a row of a slow transaction to the next one, though its seq is lower, and cover none twice', async () => {
    await world.checkpoint();
    const slow = await world.db.owner.connect();
    await slow.query('begin');
    await slow.query(
      `insert into audit_logs (user_id, tenant_id, action, resource_type) values ($1, $2, 'slow', 'vpc')`,
      [a.userId, a.tenantId],
    );
    await world.write(a, 5);
    const before = await world.verify(await world.lines({ tenantId: a.tenantId }));
    await world.checkpoint({ isHeld: true });
    const during = await world.verify(await world.lines({ tenantId: a.tenantId }));
    expect(before.uncovered).toBe(5);
    expect(during).toMatchObject({ ...good, uncovered: 5 });
    await slow.query('commit');
    slow.release();
    await world.write(a, 1);
    await world.checkpoint();
    expect(await world.verify(await world.lines({ tenantId: a.tenantId }))).toMatchObject({
      ...good,
      verified: before.verified + before.uncovered + 2,
      uncovered: 0,
    });
    await expectEachOnce();
  });

  it('never miss a row under writers whose transactions overlap', async () => {
    let writing = true;
    const writers = Array.from({ length: 6 }, async (_, nth) => {
      const client = await world.db.owner.connect();
      for (let round = 0; round < 25; round++) {
        await client.query('begin');
        await client.query(
          `insert into audit_logs (user_id, tenant_id, action, resource_type) values ($1, $2, 'storm', 'vpc')`,
          [nth % 2 ? a.userId : b.userId, nth % 2 ? a.tenantId : b.tenantId],
        );
        if (round % 3 === 0) await new Promise((resolve) => setTimeout(resolve, nth * 3));
        await client.query(round % 5 === 4 ? 'rollback' : 'commit');
      }
      client.release();
    });
    const sweeper = (async () => {
      while (writing) await world.checkpoint({ mostRows: 7, isHeld: true });
    })();
    await Promise.all(writers);
    writing = false;
    await sweeper;
    await world.checkpoint({ mostRows: 7 });
    expect(await world.verify(await world.lines({}))).toMatchObject({ ...good, uncovered: 0 });
    await expectEachOnce();
  });

  it('are cut at a number of rows, but never within a transaction', async () => {
    const client = await world.db.owner.connect();
    await client.query('begin');
    for (let nth = 0; nth < 9; nth++)
      await client.query(
        `insert into audit_logs (user_id, tenant_id, action, resource_type) values ($1, $2, 'one', 'vpc')`,
        [a.userId, a.tenantId],
      );
    await client.query('commit');
    client.release();
    await world.write(a, 5);
    expect(await world.checkpoint({ mostRows: 4 })).toBe(3);
    const { rows } = await world.db.owner.query<{ row_count: string }>(
      'select row_count from audit_entries order by checkpoint_number desc, tenant_id limit 3',
    );
    expect(rows.map((row) => Number(row.row_count)).reverse()).toEqual([9, 4, 1]);
    expect(await world.verify(await world.lines({}))).toMatchObject(good);
  });

  it('stop when the database no longer has the one that was signed last', async () => {
    const report = await world.verify(await world.lines({}));
    await world.db.owner.query('begin; alter table audit_logs disable trigger user; commit');
    const client = await world.db.owner.connect();
    await client.query('begin');
    await client.query(`delete from audit_leaves where checkpoint_number = $1`, [report.last!.number]);
    await client.query(`delete from audit_entries where checkpoint_number = $1`, [report.last!.number]);
    await client.query(`delete from audit_checkpoints where number = $1`, [report.last!.number]);
    await client.query('commit');
    client.release();
    await expect(world.checkpoint()).rejects.toThrow(/was signed, and the database does not have it/);
    // Offline, who noted the newest checkpoint sees it too.
    const cut = await world.lines({});
    expect(await world.verify(cut)).toMatchObject({ isGood: true });
    expect((await world.verify(cut, report.last!.hash)).findings[0]?.message).toContain('was removed');
    expect(existsSync(world.head.path)).toBe(true);
    rmSync(world.head.path);
    expect(await world.checkpoint()).toBe(1);
  });
});

/** As retention does. */
async function removeOldest(tenantId: string): Promise<void> {
  await world.db.owner.query(
    `with entry as (delete from audit_leaves where tenant_id = $1
       and number = (select min(number) from audit_leaves where tenant_id = $1) returning checkpoint_number)
     delete from audit_logs a using entry join audit_checkpoints p on p.number = entry.checkpoint_number
     where a.tenant_id = $1 and a.xid >= p.from_xid and a.xid < p.to_xid`,
    [tenantId],
  );
}

/** Every row is in exactly one list of leaves. */
async function expectEachOnce(): Promise<void> {
  const { rows } = await world.db.owner.query<{ id: string; times: number }>(
    `select a.id, count(l.id)::int as times from audit_logs a left join (
       select encode(substring(leaves from n * 48 + 1 for 16), 'hex')::uuid as id
       from audit_leaves, generate_series(0, length(leaves) / 48 - 1) as n) as l on l.id = a.id
     group by a.id having count(l.id) <> 1`,
  );
  expect(rows).toEqual([]);
}
