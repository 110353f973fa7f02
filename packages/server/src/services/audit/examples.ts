import { type Entry, hashEntry, leafHash, leafOf, NO_HASH } from '@thecloud/sdk/audit';
import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { newId } from '../../kernel/ids.ts';
import { AUDIT_COLUMNS, type AuditLogRow, presentAuditLog } from './audit-log.ts';
import type { adminAuditOperations, auditOperations } from './operations.ts';

async function insertRow({ owner, tenantId, userId }: ExampleWorld): Promise<string> {
  const { rows } = await owner.query<{ id: string }>(
    `insert into audit_logs (id, user_id, tenant_id, action, resource_type, resource_id, metadata, key_id, request_id, outcome)
     values ($1, $2, $3, 'vpc.create', 'vpc', $4, '{"name": "main"}', $5, 'example', 'refused') returning id`,
    [newId(), userId, tenantId, newId(), newId()],
  );
  return rows[0]!.id;
}

/** A row and the checkpoint that covers it, and no other. */
async function insertCovered(world: ExampleWorld): Promise<string> {
  const id = await insertRow(world);
  const { owner, tenantId } = world;
  const found = await owner.query<AuditLogRow>(`select ${AUDIT_COLUMNS} from audit_logs a where id = $1`, [id]);
  const row = presentAuditLog(found.rows[0]!);
  const leaf = leafOf(row);
  const last = await owner.query<{ number: string }>(
    'select coalesce(max(number), 0) + 1 as number from audit_entries where tenant_id = $1',
    [tenantId],
  );
  const entry: Entry = {
    tenant_id: tenantId,
    number: last.rows[0]!.number,
    row_count: '1',
    root: leafHash(leaf).toString('hex'),
    previous_hash: NO_HASH,
  };
  const hash = hashEntry(entry).toString('hex');
  await owner.query(`insert into audit_keys (version, public_key) values (1, 'example') on conflict do nothing`);
  const made = await owner.query<{ number: string }>(
    `insert into audit_checkpoints (number, from_xid, to_xid, root, previous_hash, hash, key_version, signature, created_at)
     select coalesce(max(number), 0) + 1, coalesce(max(to_xid), '0'), ($1::numeric + 1)::text::xid8, $2::text, repeat('0', 64), $2::text, 1, 'example', now()
     from audit_checkpoints returning number`,
    [row.xid, hash],
  );
  const checkpoint = made.rows[0]!.number;
  await owner.query(
    `insert into audit_entries (tenant_id, number, checkpoint_number, row_count, root, previous_hash, hash, path)
     values ($1, $2, $3, 1, $4, repeat('0', 64), $5, '{}')`,
    [tenantId, entry.number, checkpoint, entry.root, hash],
  );
  await owner.query('insert into audit_leaves (tenant_id, number, checkpoint_number, leaves) values ($1, $2, $3, $4)', [
    tenantId,
    entry.number,
    checkpoint,
    leaf,
  ]);
  return id;
}

const FILTERS = [
  { action: 'vpc.create' },
  { action: 'vpc.*' },
  { resource_type: 'vpc' },
  { resource_id: 'main' },
  { outcome: 'refused' },
  { key_id: '00000000-0000-7000-8000-0000000000aa' },
  { request_id: 'example' },
  { from: '2026-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' },
];

export const auditExamples: Record<keyof typeof auditOperations, Example> = {
  list: {
    input: async (world) => (await insertRow(world), {}),
    more: async ({ email, userId }) => [...FILTERS, { actor: email }, { actor: userId }],
  },
  get: { input: async (world) => ({ id: await insertRow(world) }) },
  export: {
    input: async (world) => (await insertCovered(world), {}),
    more: async () => [{ format: 'csv' }, { from: '2026-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' }],
  },
  prove: { input: async (world) => ({ id: await insertCovered(world) }) },
  publicKey: { input: async (world) => (await insertCovered(world), {}) },
  retention: { input: async () => ({}) },
  setRetention: { input: async () => ({ days: 400 }) },
};

export const adminAuditExamples: Record<keyof typeof adminAuditOperations, Example> = {
  list: {
    input: async (world) => (await insertRow(world), {}),
    more: async ({ email, tenantId }) => [
      ...FILTERS.map((filter) => ({ ...filter, tenant_id: tenantId })),
      ...FILTERS.slice(4),
      { actor: email },
    ],
  },
  export: {
    input: async (world) => (await insertCovered(world), {}),
    more: async () => [{ format: 'csv' }],
  },
};
