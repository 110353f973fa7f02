/** The peer: Fastify and the same SQL of the service, with no key, tenant, permission, audit or event. */
import Fastify from 'fastify';
import pg from 'pg';

const { databaseUrl, tenantId, userId } = JSON.parse(process.argv[2]!) as {
  databaseUrl: string;
  tenantId: string;
  userId: string;
};
const pool = new pg.Pool({ connectionString: databaseUrl, max: 25, min: 5 });
const COLUMNS = `id, user_id, tenant_id, name, cidr_block, network_id, arn, version, host_id, uplink_index, status, status_reason,
  observed_version, deleted_at, created_at, updated_at`;
const app = Fastify({ logger: false });

app.get<{ Params: { id: string } }>('/vpcs/:id', async (request) => {
  const { rows } = await pool.query({
    name: 'get',
    text: `select ${COLUMNS} from vpcs where tenant_id = $1 and id = $2 and deleted_at is null`,
    values: [tenantId, request.params.id],
  });
  return { data: rows[0], meta: { request_id: request.id } };
});

app.patch<{ Params: { id: string }; Body: { name: string } }>(
  '/vpcs/:id',
  { schema: { body: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } } },
  async (request) => {
    const { rows } = await pool.query({
      name: 'rename',
      text: `update vpcs set name = $2, version = version + 1, updated_at = now() where id = $1 and user_id = $3 returning ${COLUMNS}`,
      values: [request.params.id, request.body.name, userId],
    });
    return { data: rows[0], meta: { request_id: request.id } };
  },
);

await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ address: app.listeningOrigin });
process.once('disconnect', () => process.exit());
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
