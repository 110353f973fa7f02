/**
 * Two servers that insert the same row by the same statement. `ours`: an operation of the data plane behind the REST door. `bare`: Fastify with
 * nothing but the same authentication.
 */
import Fastify from 'fastify';
import Type from 'typebox';
import { callerOf } from '../../packages/server/src/front/rest/authenticate.ts';
import { createRestServer } from '../../packages/server/src/front/rest/server.ts';
import { createWaiter } from '../../packages/server/src/front/rest/waiter.ts';
import { systemClock } from '../../packages/server/src/kernel/clock.ts';
import { createExecute } from '../../packages/server/src/kernel/execute.ts';
import { createLiveClient } from '../../packages/server/src/kernel/live.ts';
import { createLog } from '../../packages/server/src/kernel/log.ts';
import { createMetrics } from '../../packages/server/src/kernel/metrics.ts';
import { operation } from '../../packages/server/src/kernel/operation.ts';
import { createRegistry } from '../../packages/server/src/kernel/registry.ts';
import { createSealer } from '../../packages/server/src/kernel/seal.ts';
import { type DataCall, type Kind, service } from '../../packages/server/src/kernel/service.ts';
import { openDatabase } from '../../packages/server/src/kernel/sql/pool.ts';
import type { Sql } from '../../packages/server/src/kernel/sql/tx.ts';
import { createTokenBuckets } from '../../packages/server/src/kernel/token-bucket.ts';
import { createAuthenticator } from '../../packages/server/src/services/identity/index.ts';

const { side, apiUrl, dataUrl } = JSON.parse(process.argv[2]!) as { side: string; apiUrl: string; dataUrl: string };
const clock = systemClock;
const log = createLog('warn', 'bench');
const database = openDatabase({ connectionString: apiUrl });
const data = openDatabase({ connectionString: dataUrl, max: 8 });
const authenticator = createAuthenticator({ database, clock, log });
const rate = { perSecond: 1e6, burst: 1e6 };

interface QueueRow {
  readonly id: string;
  readonly name: string;
}

const insert = async (sql: Sql, tenantId: string, queueId: string, body: string): Promise<string> => {
  const [row] = await sql.query<{ id: string }>(
    'bench.send',
    'insert into queue_messages (queue_id, tenant_id, body) values ($1, $2, $3) returning id',
    [queueId, tenantId, body],
  );
  return row!.id;
};

const queue: Kind<QueueRow> = {
  noun: 'queue',
  find: async (sql, { tenantId, ref }) =>
    (
      await sql.query<QueueRow>('bench.find', 'select id, name from queues where tenant_id = $1 and id = $2', [
        tenantId,
        ref,
      ])
    )[0],
  id: (row) => row.id,
  present: (row) => row,
};

function startOurs() {
  const registry = createRegistry([
    service({
      name: 'messages',
      resource: 'queue',
      title: 'Messages',
      kinds: { queue },
      operations: {
        send: operation({
          summary: 'Send a message',
          plane: 'data',
          effect: 'action',
          http: { method: 'POST', path: '/queues/:id/messages' },
          input: Type.Object({ id: Type.String(), body: Type.String() }, { additionalProperties: false }),
          output: Type.Object({ message_id: Type.String() }),
          target: { kind: 'queue', param: 'id' },
        }),
      },
      handlers: {
        send: async ({ sql, tenantId, target, input }: DataCall<{ body: string }, QueueRow>) => ({
          message_id: await insert(sql, tenantId, target.id, input.body),
        }),
      },
    }),
  ]);
  const metrics = createMetrics('bench');
  const sealer = createSealer(new Map([[1, Buffer.alloc(32)]]));
  const databases = { api: database, operator: database, data };
  const quiet = { subscribe: () => () => undefined, stop: async () => undefined };
  return createRestServer({
    registry,
    execute: createExecute({ databases, registry, sealer, clock, log, metrics }),
    authenticator,
    live: createLiveClient('/nowhere'),
    waiter: createWaiter(quiet, clock),
    clock,
    log,
    metrics,
    checks: {},
    rates: { perKey: rate, perAddress: rate },
    testMode: false,
  });
}

function startBare() {
  const app = Fastify({ logger: false });
  const limits = { perKey: createTokenBuckets(clock, rate), strangers: createTokenBuckets(clock, rate) };
  app.post<{ Params: { id: string }; Body: { body: string } }>(
    '/queues/:id/messages',
    { schema: { body: { type: 'object', required: ['body'], properties: { body: { type: 'string' } } } } },
    async (request) => {
      const caller = await callerOf(request, authenticator, limits, 'cached');
      if (caller.kind !== 'user') throw new Error('nobody');
      const id = await insert(data, caller.tenantId!, request.params.id, request.body.body);
      return { data: { message_id: id }, meta: { request_id: request.id } };
    },
  );
  return app;
}

const app = side === 'ours' ? startOurs() : startBare();
process.send?.({ address: await app.listen({ host: '127.0.0.1', port: 0 }) });
process.once('disconnect', () => process.exit());
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
