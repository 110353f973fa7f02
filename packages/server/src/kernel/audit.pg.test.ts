import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedDatabase, type Seeded } from '../testing/seed.ts';
import { auditableInput, recordRefusal } from './audit.ts';
import type { Caller } from './caller.ts';
import { attemptOf } from './control-path.ts';
import { newId } from './ids.ts';
import type { Entry } from './registry.ts';

let db: Seeded;
beforeAll(async () => {
  db = await seedDatabase();
});
afterAll(() => db.drop());

const entry = {
  name: 'vpcs.update',
  audit: 'vpc.update',
  resource: 'vpc',
  targets: [{ param: 'id' }],
  descriptor: { secrets: ['password'] },
} as unknown as Entry;

it('an attempt that is refused before its input was checked is written down, whatever that holds', async () => {
  const { userId, tenantId } = await db.makeTenant();
  const caller = { kind: 'user', userId, tenantId, keyId: newId() } as unknown as Caller;
  const inputs = [
    { id: 'a\0b', name: 'n' },
    { id: '\ud800', password: 'secret' },
    { id: 'x', name: 'half \udc00', 'me\0mber': 1 },
    { id: 'y', name: 'a backslash \\u0000' },
  ];
  for (const input of inputs)
    await db.api.transaction({ userId, tenantId }, (sql) =>
      recordRefusal(sql, attemptOf(entry, caller, input, { requestId: 'r' }), newId()),
    );
  const { rows } = await db.owner.query(
    'select resource_id, metadata from audit_logs where tenant_id = $1 order by seq',
    [tenantId],
  );
  expect(rows).toEqual([
    { resource_id: 'a\uFFFDb', metadata: { truncated: true, members: ['id', 'name'] } },
    { resource_id: '\uFFFD', metadata: { truncated: true, members: ['id'] } },
    { resource_id: 'x', metadata: { truncated: true, members: ['id', 'name', 'me\uFFFDmber'] } },
    { resource_id: 'y', metadata: { truncated: true, members: ['id', 'name'] } },
  ]);
});

it('a longer input leaves few names of members', () => {
  const input = Object.fromEntries(Array.from({ length: 10_000 }, (_, nth) => [`member-${nth}`, nth]));
  expect(JSON.stringify(auditableInput(entry, input)).length).toBeLessThan(4_096);
});
