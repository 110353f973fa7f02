import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../testkit/src/index.ts';
import type { Caller } from '../kernel/caller.ts';
import { newId, sha256Hex } from '../kernel/ids.ts';
import type { Notifier } from '../kernel/notifier.ts';
import { enterProof, proveBy } from '../kernel/proof.ts';
import { type Database, openDatabase } from '../kernel/sql/pool.ts';
import type { Sql } from '../kernel/sql/tx.ts';
import { signScopes } from './sign-scopes.ts';
import { uniqueWord } from './test-api.ts';

export interface Seeded {
  readonly test: TestDatabase;
  /** Of the tables' owner. */
  readonly owner: pg.Pool;
  readonly api: Database;
  readonly worker: Database;
  readonly operator: Database;
  readonly data: Database;
  makeTenant(): Promise<Tenant>;
  makeHost(size?: {
    vcpus?: number;
    memoryMb?: number;
    diskGb?: number;
    state?: string;
    reason?: string;
  }): Promise<string>;
  drop(): Promise<void>;
}

export interface Tenant {
  readonly userId: string;
  readonly tenantId: string;
}

/** A test file's database, with a pool of each role. Transactions are watched. */
export async function seedDatabase(): Promise<Seeded> {
  const test = await createTestDatabase();
  const owner = new pg.Pool({ connectionString: test.ownerUrl, max: 4 });
  // A test that ends backends must not end the run.
  owner.on('error', () => {});
  const api = signScopes(
    openDatabase({ connectionString: test.apiUrl, max: 12, min: 0, watchTransactions: true }),
    owner,
  );
  const worker = openDatabase({ connectionString: test.workerUrl, max: 24, min: 0, watchTransactions: true });
  const operator = openDatabase({ connectionString: test.operatorUrl, max: 4, min: 0, watchTransactions: true });
  const data = openDatabase({ connectionString: test.dataUrl, max: 4, min: 0, watchTransactions: true });
  let accounts = 100_000_000_000;
  return {
    test,
    owner,
    api,
    worker,
    operator,
    data,
    async makeTenant() {
      const [userId, tenantId] = [newId(), newId()];
      await owner.query(`insert into users (id, email, password_hash, name) values ($1, $2, '!', 'Some Body')`, [
        userId,
        `${uniqueWord()}@example.com`,
      ]);
      await owner.query(
        `insert into tenants (id, name, slug, owner_id, account_number) values ($1, 'A tenant', $2, $3, $4)`,
        [tenantId, uniqueWord(), userId, String(++accounts)],
      );
      await owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'owner')`, [
        tenantId,
        userId,
      ]);
      return { userId, tenantId };
    },
    async makeHost({ vcpus = 1000, memoryMb = 1_000_000, diskGb = 100_000, state = 'up', reason } = {}) {
      const { rows } = await owner.query<{ id: string }>(
        'insert into hosts (name, vcpus, memory_mb, disk_gb, state, state_reason) values ($1, $2, $3, $4, $5, $6) returning id',
        [`host-${uniqueWord()}`, vcpus, memoryMb, diskGb, state, reason ?? null],
      );
      return rows[0]!.id;
    },
    async drop() {
      await Promise.all([api.close(), worker.close(), operator.close(), data.close(), owner.end()]);
      await test.drop();
    },
  };
}

/** A signed-in caller without the front. */
export const callerOf = (tenant: Tenant, permissions: readonly string[] = ['*']): Caller => ({
  kind: 'user',
  userId: tenant.userId,
  email: 'somebody@example.com',
  platformRole: 'developer',
  keyId: newId(),
  tenantId: tenant.tenantId,
  role: 'owner',
  permissions: new Set(permissions),
});

/** A caller with a key that the database knows. */
export async function callerWithKey(
  db: Pick<Seeded, 'owner'>,
  whose: Tenant,
  permissions: readonly string[] | null = null,
): Promise<{ readonly caller: Caller & { kind: 'user' }; readonly key: string; readonly keyId: string }> {
  const key = `thecloud_${randomBytes(16).toString('hex')}`;
  const keyId = newId();
  await db.owner.query('insert into api_keys (id, user_id, tenant_id, key, permissions) values ($1, $2, $3, $4, $5)', [
    keyId,
    whose.userId,
    whose.tenantId,
    sha256Hex(key),
    permissions,
  ]);
  return { caller: proveBy({ ...(callerOf(whose) as Caller & { kind: 'user' }), keyId }, key), key, keyId };
}

/** Shows a transaction the key of such a caller. */
export const show = (sql: Sql, caller: Caller & { kind: 'user' }): Promise<void> =>
  enterProof(sql, caller, { requestId: newId() }, true);

/** A notifier that tells only what the test says: who subscribes must get by on polling. */
export function createQuietNotifier(): Notifier & { tell(channel: string, payload: string): void } {
  const subscribers = new Map<string, Set<(payload: string) => void>>();
  return {
    subscribe(channel, onPayload) {
      const callbacks = subscribers.get(channel) ?? new Set();
      subscribers.set(channel, callbacks);
      callbacks.add(onPayload);
      return () => callbacks.delete(onPayload);
    },
    tell(channel, payload) {
      for (const callback of subscribers.get(channel) ?? []) callback(payload);
    },
    stop: async () => undefined,
  };
}

/** Waits until the condition holds; throws after `ms`. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean, ms = 10_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

let lastMs = 0;
/** An id that sorts behind all that came before it, also within one millisecond. */
export const orderedId = (): string => {
  lastMs = Math.max(lastMs + 1, Date.now());
  return newId(lastMs);
};
