import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Report, verifyExport } from '@thecloud/sdk/audit';
import { systemClock } from '../../../kernel/clock.ts';
import { newId } from '../../../kernel/ids.ts';
import { eventually, seedDatabase, type Seeded } from '../../../testing/seed.ts';
import { memoryLog } from '../../../testing/test-api.ts';
import { type CheckpointDeps, writeCheckpoints } from '../checkpoint.ts';
import { type ExportRange, exportLines, type Read } from '../export.ts';
import { headIn } from '../head.ts';

export interface AuditWorld extends CheckpointDeps {
  readonly db: Seeded;
  readonly folder: string;
  readonly publicKey: ReturnType<typeof createPublicKey>;
  /** Writes rows as the API does, one transaction each. Answers their ids. */
  write(tenant: { readonly userId: string; readonly tenantId?: string }, count?: number): Promise<string[]>;
  /** Covers all rows. Transactions of other tests, which share the cluster, are waited for; `isHeld`: the test holds one itself. */
  checkpoint(options?: { mostRows?: number; isHeld?: boolean }): Promise<number>;
  /** The lines of an export, read as the database role that serves it. */
  lines(range: ExportRange): Promise<string[]>;
  verify(lines: readonly string[], head?: string): Promise<Report>;
  drop(): Promise<void>;
}

/** A database with a chain of checkpoints that a test writes. */
export async function openAuditWorld(): Promise<AuditWorld> {
  const db = await seedDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'thecloud-audit-'));
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = createPublicKey(privateKey);
  const deps = {
    database: db.worker,
    clock: systemClock,
    log: memoryLog([]),
    privateKey,
    head: headIn(join(folder, 'head.json')),
  };
  return {
    ...deps,
    db,
    folder,
    publicKey,
    async write({ userId, tenantId }, count = 1) {
      const ids: string[] = [];
      for (let nth = 0; nth < count; nth++) {
        const id = newId();
        ids.push(id);
        await db.api.transaction({ userId, ...(tenantId === undefined ? {} : { tenantId }) }, (sql) =>
          sql.query(
            'test.write',
            `insert into audit_logs (id, user_id, tenant_id, action, resource_type, resource_id, metadata, ip_address, user_agent, request_id, key_id)
             values ($1, $2, $3, 'vpc.create', 'vpc', $1::uuid::text, $4, '192.0.2.1', 'curl', 'r-1', $1)`,
            [
              id,
              userId,
              tenantId ?? null,
              JSON.stringify({ zone: 'b', name: `vpc-${nth}`, size: nth, tags: { b: [1], a: null } }),
            ],
          ),
        );
      }
      return ids;
    },
    async checkpoint({ mostRows, isHeld = false } = {}) {
      const isFinal = async () =>
        (
          await db.owner.query<{ ok: boolean }>(
            'select coalesce(max(xid) < pg_snapshot_xmin(pg_current_snapshot()), true) as ok from audit_logs',
          )
        ).rows[0]!.ok;
      if (!isHeld) await eventually('the transactions of other tests have ended', isFinal);
      return writeCheckpoints(deps, undefined, mostRows);
    },
    async lines(range) {
      const { tenantId } = range;
      const read: Read = (fn) =>
        tenantId === undefined
          ? db.operator.transaction({}, fn, { readOnly: true })
          : db.api.transaction({ tenantId }, fn, { readOnly: true });
      const lines: string[] = [];
      for await (const line of exportLines(read, range)) lines.push(JSON.stringify(line));
      return lines;
    },
    verify: (lines, head) => verifyExport(lines, { publicKeys: [publicKey], head }),
    async drop() {
      await db.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
