/**
 * The audit trail at a million rows. What does the checkpoint sweep cost at 1,000 rows a second, how large is an export, and how long does
 * `cloud audit verify` take? Target: below 30 s.
 */
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { buildCli } from '../../packages/cli/build.ts';
import { writePublicKey } from '../../packages/sdk/src/audit/index.ts';
import { systemClock } from '../../packages/server/src/kernel/clock.ts';
import { openDatabase } from '../../packages/server/src/kernel/sql/pool.ts';
import { writeCheckpoints } from '../../packages/server/src/services/audit/checkpoint.ts';
import { exportLines, jsonLines } from '../../packages/server/src/services/audit/export.ts';
import { headIn } from '../../packages/server/src/services/audit/head.ts';
import { signScopes } from '../../packages/server/src/testing/sign-scopes.ts';
import { memoryLog } from '../../packages/server/src/testing/test-api.ts';
import { startDurableDatabase } from '../durable-database.ts';
import { ms, record } from '../measure.ts';

const ROWS = Number(process.argv[2] ?? 1_000_000);
/** Rows of a transaction. */
const AT_ONCE = 10;
const SECOND = 1_000;

const { url, stop } = await startDurableDatabase();
const folder = mkdtempSync(join(tmpdir(), 'thecloud-bench-audit-'));
try {
  const owner = new pg.Pool({ connectionString: url('postgres'), max: 2 });
  const worker = openDatabase({ connectionString: url('cloud_worker'), max: 4, min: 1 });
  const api = signScopes(openDatabase({ connectionString: url('cloud_api'), max: 4, min: 1 }), owner);
  const { rows } = await owner.query<{ user_id: string; tenant_id: string }>(
    `with u as (insert into users (email, password_hash, name) values ('a@example.com', '!', 'A') returning id)
     insert into tenants (name, slug, owner_id, account_number) select 'a', 'a', id, '700000000001' from u returning owner_id as user_id, id as tenant_id`,
  );
  const { user_id: userId, tenant_id: tenantId } = rows[0]!;
  const { privateKey } = generateKeyPairSync('ed25519');
  const deps = {
    database: worker,
    clock: systemClock,
    log: memoryLog([]),
    privateKey,
    head: headIn(join(folder, 'head.json')),
  };
  const took = async <T>(work: () => Promise<T>): Promise<readonly [number, T]> => {
    const started = performance.now();
    const result = await work();
    return [performance.now() - started, result];
  };
  /** As the platform writes rows: ten in a transaction here, which makes filling quicker. */
  const fill = (count: number) =>
    owner.query(
      `do $$ begin for n in 1..${count / AT_ONCE} loop
         insert into audit_logs (user_id, tenant_id, action, resource_type, resource_id, metadata, ip_address, user_agent, request_id, key_id)
         select '${userId}', '${tenantId}', 'instance.launch', 'instance', gen_random_uuid(),
           jsonb_build_object('name', 'web-' || n || '-' || i, 'image', 'debian/12', 'vpc_id', 'main', 'labels', jsonb_build_object('tier', 'web')),
           '192.0.2.17', 'cloud/0.1.0 node/24', gen_random_uuid(), gen_random_uuid() from generate_series(1, ${AT_ONCE}) as i;
         commit; end loop; end $$`,
    );
  // A minute at 1,000 rows/s.
  await fill(60 * SECOND);
  const [minute] = await took(() => writeCheckpoints(deps));
  await fill(ROWS - 60 * SECOND);
  let written = 0;
  const [rest] = await took(async () => {
    for (let made = 1; made > 0; written += made) made = await writeCheckpoints(deps);
  });
  const file = join(folder, 'trail.jsonl');
  const [exported] = await took(() =>
    pipeline(
      Readable.from(
        jsonLines(exportLines((fn) => api.transaction({ tenantId }, fn, { readOnly: true }), { tenantId })),
      ),
      createWriteStream(file),
    ),
  );
  const cli = await buildCli(join(folder, 'cli', 'cloud.js'));
  const args = [cli, 'audit', 'verify', file, '--public-key', writePublicKey(createPublicKey(privateKey))];
  const [verified, said] = await took(async () => execFileSync(process.execPath, args, { encoding: 'utf8' }));
  const { rows: sizes } = await owner.query<{ size: string }>(
    `select pg_total_relation_size('audit_leaves')::text as size`,
  );
  await record(
    `audit trail, ${ROWS} rows`,
    `sweep of a minute at 1,000 rows/s ${ms(minute)}; ${written} checkpoints over the rest in ${(rest / 1000).toFixed(1)} s; leaves kept ${(Number(sizes[0]!.size) / 1e6).toFixed(0)} MB; export ${(exported / 1000).toFixed(1)} s, ${(statSync(file).size / 1e6).toFixed(0)} MB; cloud audit verify ${(verified / 1000).toFixed(1)} s (${said.split('\n', 1)[0]})`,
  );
  await Promise.all([worker.close(), api.close(), owner.end()]);
} finally {
  rmSync(folder, { recursive: true, force: true });
  await stop();
}
