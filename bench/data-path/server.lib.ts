/**
 * Two servers that insert the same row by the same statement. `ours`: an operation of the data plane behind the REST door. `bare`: Fastify with
 * nothing but the same authentication.
 */
import Fastify from 'fastify';
import { callerOf } from '../../packages/server/src/front/rest/authenticate.ts';
import { createRates } from '../../packages/server/src/front/limits.ts';
import { createProcessorShares } from '../../packages/server/src/front/processor-shares.ts';
import { createConnections } from '../../packages/server/src/front/connections.ts';
import { createHeldBytes } from '../../packages/server/src/front/held-bytes.ts';
import { createUnderWay, createUntaken } from '../../packages/server/src/front/under-way.ts';
import { createRestServer } from '../../packages/server/src/front/rest/server.ts';
import { createWaiter } from '../../packages/server/src/front/rest/waiter.ts';
import { systemClock } from '../../packages/server/src/kernel/clock.ts';
import { createExecute } from '../../packages/server/src/kernel/execute.ts';
import { createLiveClient } from '../../packages/server/src/live/client.ts';
import { createLog } from '../../packages/server/src/kernel/log.ts';
import { createMetrics } from '../../packages/server/src/kernel/metrics.ts';
import { createRegistry } from '../../packages/server/src/kernel/registry.ts';
import { createSealer } from '../../packages/server/src/kernel/seal.ts';
import { openDatabase } from '../../packages/server/src/kernel/sql/pool.ts';
import { createMessagesService, insertMessage } from '../../packages/server/src/testing/toy-messages.ts';
import { createAuthenticator } from '../../packages/server/src/services/identity/index.ts';

const { side, apiUrl, dataUrl } = JSON.parse(process.argv[2]!) as { side: string; apiUrl: string; dataUrl: string };
const clock = systemClock;
const log = createLog('warn', 'bench');
const database = openDatabase({ connectionString: apiUrl });
const data = openDatabase({ connectionString: dataUrl, max: 8 });
const authenticator = createAuthenticator({ database, clock, log });
const rate = { perSecond: 1e6, burst: 1e6 };

function startOurs() {
  const registry = createRegistry([createMessagesService()]);
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
    limits: createRates(clock, { perKey: rate, perAddress: rate }),
    shares: createProcessorShares(clock, metrics),
    underWay: createUnderWay(),
    heldBytes: createHeldBytes(clock, metrics),
    untaken: createUntaken(clock, metrics),
    connections: createConnections({ metrics }),
    testMode: false,
  });
}

function startBare() {
  const app = Fastify({ logger: false });
  const limits = createRates(clock, { perKey: rate, perAddress: rate });
  app.post<{ Params: { id: string }; Body: { body: string } }>(
    '/queues/:id/messages',
    { schema: { body: { type: 'object', required: ['body'], properties: { body: { type: 'string' } } } } },
    async (request, reply) => {
      const caller = await callerOf(request, reply, authenticator, limits, 'cached');
      if (caller.kind !== 'user') throw new Error('nobody');
      const id = await insertMessage(data, caller.tenantId!, request.params.id, request.body.body);
      return { data: { message_id: id }, meta: { request_id: request.id } };
    },
  );
  return app;
}

const app = side === 'ours' ? startOurs() : startBare();
process.send?.({ address: await app.listen({ host: '127.0.0.1', port: 0 }) });
process.once('disconnect', () => process.exit());
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
