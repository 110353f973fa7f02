/**
 * What does execute() cost? CPU of the server's process for each request: key, tenancy, row-level security, permission (and audit and
 * event for the write) against bare Fastify with the service's own SQL. Targets: reads 1.5 ×, writes 3 ×.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgresCluster } from '../../packages/testkit/src/postgres-cluster.ts';
import { migrateUp } from '../../packages/server/src/migrations/migrate.ts';
import { alternate, load, median, record } from '../measure.ts';
import { cpuOf, type Server, startServer } from '../server-process.ts';

const ROUNDS = 5;
const READS = 4_000;
const WRITES = 1_500;
const CONNECTIONS = 16;

async function grantVpcs(ownerUrl: string, tenantId: string): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  await owner.query(`insert into quotas (tenant_id, resource, max) values ($1, 'vpcs', $2)`, [tenantId, CONNECTIONS]);
  await owner.end();
}

const folder = await mkdtemp(join(tmpdir(), 'tc-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const cluster = await startPostgresCluster({ durable: true });
const servers: Server[] = [];
try {
  await migrateUp({
    connectionString: cluster.url('postgres', 'postgres'),
    folder: join(import.meta.dirname, '../../migrations'),
  });
  const ours = await startServer(join(import.meta.dirname, 'our-server.lib.ts'), {
    databaseUrl: cluster.url('cloud_api', 'postgres'),
    dataDir: folder,
  });
  servers.push(ours);
  const json = { 'content-type': 'application/json' };
  const person = JSON.stringify({ email: 'bench@example.org', password: 'correct horse battery', name: 'Bench' });
  await fetch(`${ours.address}/auth/register`, { method: 'POST', headers: json, body: person });
  const login = (await (
    await fetch(`${ours.address}/auth/login`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ email: 'bench@example.org', password: 'correct horse battery' }),
    })
  ).json()) as {
    data: { api_key: string; user: { id: string; tenant_id: string } };
  };
  const headers = { ...json, 'x-api-key': login.data.api_key };
  // One for each connection: what is measured is a write, not the wait for a row that another one holds.
  await grantVpcs(cluster.url('postgres', 'postgres'), login.data.user.tenant_id);
  const ids: string[] = [];
  for (let index = 0; index < CONNECTIONS; index++) {
    const body = JSON.stringify({ name: `made-${index}` });
    const answer = await fetch(`${ours.address}/vpcs`, { method: 'POST', headers, body });
    ids.push(((await answer.json()) as { data: { id: string } }).data.id);
  }
  const bare = await startServer(join(import.meta.dirname, 'bare-server.lib.ts'), {
    databaseUrl: cluster.url('postgres', 'postgres'),
    tenantId: login.data.user.tenant_id,
    userId: login.data.user.id,
  });
  servers.push(bare);

  const measure = (server: Server, total: number, send: (index: number) => Promise<Response>) => async () => {
    const before = await cpuOf(server);
    await load(total, CONNECTIONS, send);
    return ((await cpuOf(server)) - before) / total;
  };
  const read = (server: Server) => measure(server, READS, () => fetch(`${server.address}/vpcs/${ids[0]}`, { headers }));
  const write = (server: Server) =>
    measure(server, WRITES, (index) =>
      fetch(`${server.address}/vpcs/${ids[index % CONNECTIONS]}`, {
        method: 'PATCH',
        headers,
        body: JSON.stringify({ name: `bench-${index}` }),
      }),
    );
  await read(ours)();
  await read(bare)();
  for (const [what, side] of [
    ['read', read],
    ['write', write],
  ] as const) {
    const { a, b } = await alternate(ROUNDS, side(ours), side(bare));
    const ratio = median(a) / median(b);
    await record(
      'execute',
      `${what}: ${Math.round(median(a))} µs CPU a request, bare Fastify ${Math.round(median(b))} µs: ${ratio.toFixed(2)} ×`,
    );
  }
} finally {
  for (const server of servers) server.process.kill('SIGKILL');
  await cluster.stop();
}
