import { recordChange } from '../../kernel/audit.ts';
import { CloudError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { findRow } from '../../kernel/resource.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type SecretRow, SECRETS } from './secret.ts';
import { readSecret } from './versions.ts';

/** What reads secrets by their names, for something of its tenant that is being started. */
export interface SecretReading {
  readonly tenantId: string;
  readonly names: readonly string[];
  readonly now: Date;
  /** Who reads, and for what: `instance`, and the instance's id. */
  readonly actor: string;
  readonly metadata: object;
}

/** The secret of this very name, as it can be read; not one whose id the name could be a part of. */
export async function findNamed(sql: Sql, tenantId: string, name: string): Promise<SecretRow | undefined> {
  const row = await findRow(sql, SECRETS, { tenantId, userId: '', ref: name, lock: false }).catch((error: unknown) => {
    // Several ids that it could be a part of.
    if (error instanceof CloudError) return undefined;
    throw error;
  });
  return row?.name === name && row.deletes_at === null ? row : undefined;
}

/**
 * The current values by name, or in words what is missing. For a worker: each read leaves its audit row in this transaction, and nothing is read if one
 * is missing.
 */
export async function readSecrets(
  sql: Sql,
  sealer: Pick<Sealer, 'open'>,
  { tenantId, names, now, actor, metadata }: SecretReading,
): Promise<{ readonly values: ReadonlyMap<string, string> } | { readonly missing: string }> {
  const rows: SecretRow[] = [];
  for (const name of new Set(names)) {
    const row = await findNamed(sql, tenantId, name);
    if (!row) return { missing: `the secret '${name}' does not exist or is being deleted` };
    rows.push(row);
  }
  const values = new Map<string, string>();
  for (const row of rows) {
    try {
      const { value, encoding } = await readSecret({ sql, tenantId, now }, sealer, row);
      if (encoding === 'base64') return { missing: `the value of the secret '${row.name}' is bytes and not text` };
      values.set(row.name, value);
    } catch (error) {
      if (error instanceof CloudError) return { missing: `the secret '${row.name}' has no value` };
      throw error;
    }
  }
  for (const row of rows)
    await recordChange(
      sql,
      {
        operation: { name: 'secrets.reveal', audit: 'secret.access', resource: 'secret', event: 'SECRET_ACCESS' },
        caller: { kind: 'system', name: actor, tenantId },
        origin: { requestId: newId() },
        tenantId,
        userId: undefined,
        resourceId: row.id,
        metadata,
      },
      newId(),
      newId(),
    );
  return { values };
}
