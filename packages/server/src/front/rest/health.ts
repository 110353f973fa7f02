import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AggregatorRegistry } from 'prom-client';
import { forbidden } from '../../kernel/errors.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { LiveClient } from '../../live/client.ts';
import { areUp, type HealthChecks, runAll } from '../health-checks.ts';

export interface HealthOptions {
  /** Checks without which the API cannot serve: 503. */
  readonly checks: HealthChecks;
  /** Checks that are reported but do not change the status, because the API still answers without a worker. Default: none. */
  readonly parts?: HealthChecks;
  readonly metrics: Metrics;
  readonly live: Pick<LiveClient, 'metrics'>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/**
 * `/health/live`: the process runs. `/health/ready` and `/health`: whether it can serve, and which parts are up. `/metrics`: Prometheus metrics of
 * this process and the worker, on loopback or with the operator's key.
 */
export function addHealth(
  app: FastifyInstance,
  options: HealthOptions,
  timestamp: () => string,
  isOperator: (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>,
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
      const [needed, told] = await Promise.all([runAll(options.checks), runAll(options.parts ?? {})]);
      const checks = { ...needed, ...told };
      const mayKnowWhy = areUp(checks) || isNear(request) || (await isOperator(request, reply).catch(() => false));
      return reply.code(areUp(needed) ? 200 : 503).send({
        status: areUp(checks) ? 'UP' : 'DEGRADED',
        checks: mayKnowWhy ? checks : withoutReasons(checks),
        time: timestamp(),
      });
    });
  }
  app.get('/metrics', async (request, reply) => {
    if (!isNear(request) && !(await isOperator(request, reply)))
      throw forbidden("metrics are available on loopback or with the operator's key");
    open(request);
    return reply.type(options.metrics.prometheus.contentType).send(await writeMetrics(options));
  });
}

/** A proxy on this host also connects from loopback, and names the client in a header. */
const isNear = ({ ip, headers }: FastifyRequest): boolean =>
  LOOPBACK.has(ip) && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined;

/** Results without reasons, because reasons contain paths and sizes of the host. */
const withoutReasons = (checks: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(checks).map(([name, result]) => [name, result === 'UP' ? 'UP' : 'DOWN']));

/** Each family once, with the samples of both processes. */
async function writeMetrics({ metrics, live }: HealthOptions): Promise<string> {
  const [own, theirs] = await Promise.allSettled([metrics.prometheus.getMetricsAsJSON(), live.metrics()]);
  if (own.status === 'rejected') throw own.reason;
  const all = theirs.status === 'fulfilled' ? [own.value, theirs.value] : [own.value];
  const text = await AggregatorRegistry.aggregate(all).metrics();
  return theirs.status === 'fulfilled' ? text : `${text}# the worker did not answer: its metrics are missing\n`;
}
