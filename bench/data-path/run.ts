/**
 * What does the data path cost over authentication? CPU of the server's process for each call of an operation of the data plane that inserts one row,
 * against bare Fastify with the same authentication and the same statement. Target: at most 60 µs more.
 */
import { join } from 'node:path';
import pg from 'pg';
import { migrateUp } from '../../packages/server/src/migrations/migrate.ts';
import { startPostgresCluster } from '../../packages/testkit/src/postgres-cluster.ts';
import { sha256Hex } from '../../packages/server/src/kernel/ids.ts';
import { alternate, load, median, record } from '../measure.ts';
import { cpuOf, type Server, startServer } from '../server-process.ts';

const ROUNDS = 5;
const CALLS = 4_000;
const CONNECTIONS = 16;
const KEY = `thecloud_${'a'.repeat(32)}`;

/** A user with a key, a tenant and a queue; answers the queue's id. */
async function seed(ownerUrl: string): Promise<string> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const { rows } = await owner.query<{ queue: string }>(
    `with person as (insert into users (email, password_hash, name) values ('bench@example.org', '-', 'Bench') returning id),
       home as (insert into tenants (name, slug, owner_id, account_number) select 'Bench', 'bench', id, '123456789012' from person returning id, owner_id),
       member as (insert into memberships (tenant_id, user_id, role) select id, owner_id, 'owner' from home),
       key as (insert into api_keys (user_id, tenant_id, key, name) select owner_id, id, $1, 'bench' from home)
     insert into queues (user_id, tenant_id, name, arn) select owner_id, id, 'bench', 'arn:bench' from home returning id as queue`,
    [sha256Hex(KEY)],
  );
  await owner.end();
  return rows[0]!.queue;
}

const cluster = await startPostgresCluster({ durable: true });
const servers: Server[] = [];
try {
  const ownerUrl = cluster.url('postgres', 'postgres');
  await migrateUp({ connectionString: ownerUrl, folder: join(import.meta.dirname, '../../migrations') });
  const queue = await seed(ownerUrl);
  const urls = { apiUrl: cluster.url('cloud_api', 'postgres'), dataUrl: cluster.url('cloud_data', 'postgres') };
  const file = join(import.meta.dirname, 'server.lib.ts');
  const ours = await startServer(file, { side: 'ours', ...urls });
  servers.push(ours);
  const bare = await startServer(file, { side: 'bare', ...urls });
  servers.push(bare);
  const body = JSON.stringify({ body: 'x'.repeat(256) });
  const headers = { 'content-type': 'application/json', 'x-api-key': KEY };
  const send = (server: Server) => async () => {
    const before = await cpuOf(server);
    await load(CALLS, CONNECTIONS, () =>
      fetch(`${server.address}/queues/${queue}/messages`, { method: 'POST', headers, body }),
    );
    return ((await cpuOf(server)) - before) / CALLS;
  };
  await send(ours)();
  await send(bare)();
  const { a, b } = await alternate(ROUNDS, send(ours), send(bare));
  const more = median(a) - median(b);
  await record(
    'data-path',
    `one insert: ${Math.round(median(a))} µs CPU a call, bare Fastify with the same authentication ${Math.round(median(b))} µs: ${Math.round(more)} µs more, ${(median(a) / median(b)).toFixed(2)} ×`,
  );
} finally {
  for (const server of servers) server.process.kill('SIGKILL');
  await cluster.stop();
}
