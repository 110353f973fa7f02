import type { FastifyInstance, FastifyRequest } from 'fastify';
import { forbidden } from '../../kernel/errors.ts';
import type { Metrics } from '../../kernel/metrics.ts';

/** Resolves when it is well; rejects with the reason in words. */
export type HealthCheck = () => Promise<void>;

/** A check that has not answered after this long is down. */
const CHECK_TIMEOUT_MS = 2_000;

const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** `/health/live`: the process turns. `/health/ready` and `/health`: it can serve. `/metrics`: Prometheus, on loopback only. */
export function addHealth(
  app: FastifyInstance,
  checks: Readonly<Record<string, HealthCheck>>,
  metrics: Metrics,
  timestamp: () => string,
): void {
  const open = (request: FastifyRequest) => {
    request.decided = true;
  };
  app.get('/health/live', async (request) => {
    open(request);
    return { status: 'ok' };
  });
  for (const path of ['/health', '/health/ready']) {
    app.get(path, async (request, reply) => {
      open(request);
      const results = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => [name, await run(check)] as const),
      );
      const up = results.every(([, result]) => result === 'UP');
      return reply
        .code(up ? 200 : 503)
        .send({ status: up ? 'UP' : 'DEGRADED', checks: Object.fromEntries(results), time: timestamp() });
    });
  }
  app.get('/metrics', async (request, reply) => {
    // What a proxy on this host passes on comes from loopback too, and says so.
    const passedOn = request.headers['x-forwarded-for'] ?? request.headers.forwarded;
    if (!LOOPBACK.has(request.ip) || passedOn !== undefined) throw forbidden('metrics are served on loopback only');
    open(request);
    return reply.type(metrics.prometheus.contentType).send(await metrics.prometheus.metrics());
  });
}

async function run(check: HealthCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), late]);
    return 'UP';
  } catch (error) {
    return `DOWN: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
  }
}
