import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Sql } from '../../kernel/sql/tx.ts';
import { createManualClock, type ManualClock } from '../../testing/manual-clock.ts';
import { eventually, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { memoryLog } from '../../testing/test-api.ts';
import { createStoredMessages, type StoredMessages } from './stored.ts';
import { insertMessages, insertQueue } from './testing/queue-world.ts';

const MB = 1 << 20;
let db: Seeded;
let tenant: Tenant;
let clock: ManualClock;
let counts: number;
let stored: StoredMessages;
let lines: string[];
let broken: boolean;
beforeAll(async () => {
  db = await seedDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  tenant = await db.makeTenant();
  clock = createManualClock();
  counts = 0;
  lines = [];
  broken = false;
  const sql: Sql = {
    query: async (name, text, values) => {
      if (broken) throw new Error('the database is away');
      const rows = await db.data.query(name, text, values);
      if (name === 'queues.count_stored') counts++;
      return rows as never;
    },
  };
  stored = createStoredMessages({ sql, clock, log: memoryLog(lines) });
});

const allow = (megabytes: number) =>
  db.owner.query(
    `insert into quotas (tenant_id, resource, max) values ($1, 'queue_messages_mb', $2)
     on conflict (tenant_id, resource) do update set max = excluded.max`,
    [tenant.tenantId, megabytes],
  );
const take = (bytes: number, messages = 1) => stored.take(tenant.tenantId, bytes, messages);
/** Takes nothing, and waits until that many counts have ended. */
const counted = async (times: number) => {
  take(0, 0);
  await eventually(`${times} counts`, async () => counts === times);
  await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('what a tenant has stored', () => {
  it("is the size of its messages and 512 bytes for each, in all of its queues and in nobody else's", async () => {
    const other = await db.makeTenant();
    for (const id of [
      await insertQueue(db.owner, tenant),
      await insertQueue(db.owner, tenant, { deleted_at: new Date() }),
    ])
      await insertMessages(db.owner, tenant.tenantId, id, 10, { size: String(MB) });
    await insertMessages(db.owner, other.tenantId, await insertQueue(db.owner, other), 10, { size: String(MB) });
    expect(await stored.used(tenant.tenantId)).toBe(Math.ceil((20 * (MB + 512)) / MB));
    take(MB);
    expect(await stored.used(tenant.tenantId)).toBe(22);
    expect(counts).toBe(1);
  });
});

describe('room for messages', () => {
  it('is refused when what was counted and what was sent since is as much as the quota, with the way out', async () => {
    await allow(2);
    await insertMessages(db.owner, tenant.tenantId, await insertQueue(db.owner, tenant), 1, { size: String(MB) });
    await counted(1);
    take(MB / 2);
    expect(() => take(MB / 2)).toThrow(
      expect.objectContaining({
        code: 'QUOTA_EXCEEDED',
        message: `quota 'queue_messages_mb': 2 of 2 MB of messages in queues are used. Delete or purge messages, or ask the operator of the platform for more: cloud admin quotas set ${tenant.tenantId} queue_messages_mb <max>`,
      }),
    );
    take(100);
  });

  it('counts a message of one byte as a row', async () => {
    await allow(1);
    await counted(1);
    take(1_024, 1_024);
    expect(() => take(MB / 2)).toThrow(/queue_messages_mb/);
  });

  it('comes back a second after messages were deleted', async () => {
    await allow(1);
    const id = await insertQueue(db.owner, tenant);
    await insertMessages(db.owner, tenant.tenantId, id, 1, { size: String(MB) });
    await counted(1);
    expect(() => take(1)).toThrow(/queue_messages_mb/);
    await db.owner.query('delete from queue_messages where queue_id = $1', [id]);
    expect(() => take(1)).toThrow(/queue_messages_mb/);
    await clock.advance(1_000);
    expect(() => take(1)).toThrow(/queue_messages_mb/);
    await eventually('a count', () => counts === 2);
    await eventually('room', () => {
      try {
        take(1);
        return true;
      } catch {
        return false;
      }
    });
  });

  it('is counted once in ten seconds, in the background, and not at all for who does not send', async () => {
    await counted(1);
    for (let n = 0; n < 1_000; n++) take(1);
    await clock.advance(9_999);
    take(1);
    expect(counts).toBe(1);
    await clock.advance(1);
    await counted(2);
  });

  it('is what the operator gives to all, or 10,240 MB', async () => {
    await counted(1);
    take(10_239 * MB, 0);
    expect(() => take(2 * MB, 0)).toThrow(/10240 MB/);
    await db.owner.query(`insert into platform_settings (name, value) values ('quota.queue_messages_mb', '20480')`);
    await clock.advance(10_000);
    expect(() => take(2 * MB, 0)).toThrow();
    await eventually('a count', () => counts === 2);
    await eventually('room', () => {
      try {
        take(2 * MB, 0);
        return true;
      } catch {
        return false;
      }
    });
    await db.owner.query(`delete from platform_settings where name = 'quota.queue_messages_mb'`);
  });

  it('stays as counted last while the database does not answer, and says so in the log', async () => {
    await allow(1);
    await counted(1);
    broken = true;
    await clock.advance(10_000);
    take(MB / 2);
    await eventually('a line', () => lines.length === 1);
    expect(lines[0]).toContain('the last count stands');
    expect(() => take(MB)).toThrow(/queue_messages_mb/);
  });
});
