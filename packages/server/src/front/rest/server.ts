import { newId } from '../../kernel/ids.ts';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Clock } from '../../kernel/clock.ts';
import { internal } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import { createTokenBuckets } from '../../kernel/token-bucket.ts';
import { addDocs } from './docs.ts';
import { asCloudError, errorBody } from './envelope.ts';
import { addHealth, type HealthCheck } from './health.ts';
import { addOperationRoutes, noSuchRoute, type RouteDeps } from './routes.ts';

export interface RestOptions extends Omit<RouteDeps, 'limits' | 'timestamp' | 'onAuth'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly checks: Readonly<Record<string, HealthCheck>>;
  /** Requests a second: for each key, and for the public operations from each address. */
  readonly rates: { readonly perKey: Rate; readonly perAddress: Rate };
  readonly testMode: boolean;
}

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Largest request body. */
const BODY_LIMIT = 1024 * 1024;
/** A request that is not whole after this long is ended. */
const REQUEST_TIMEOUT_MS = 30_000;

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** The REST door: routes from the registry, health, metrics, OpenAPI and its pages. */
export function createRestServer(options: RestOptions): FastifyInstance {
  const { log, metrics, clock } = options;
  const timestamp = () => new Date(clock.now()).toISOString();
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    genReqId: (message) => {
      const given = message.headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : newId();
    },
    // Paths that the router itself cannot read.
    frameworkErrors: (error, request, reply) => {
      const shown = asCloudError(error);
      void (reply as unknown as FastifyReply)
        .code(shown.status)
        .send(errorBody(shown, { request_id: request.id, timestamp: timestamp() }));
    },
    routerOptions: { maxParamLength: 1100, ignoreTrailingSlash: true },
    logger: false,
  });
  app.decorateRequest('decided', false);
  // A POST without a body is an empty input, whatever its Content-Type says.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body === '' ? done(null, {}) : parseJson(request, body as string, done),
  );

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).headers(SECURITY_HEADERS);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.request(request.method, route, reply.statusCode, reply.elapsedTime);
    if (reply.statusCode >= 500 || log.isLevelEnabled('debug')) {
      log[reply.statusCode >= 500 ? 'error' : 'debug'](
        {
          requestId: request.id,
          method: request.method,
          route,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime),
        },
        'request',
      );
    }
  });
  if (options.testMode) {
    app.addHook('onSend', async (request, reply, payload) => {
      if (!request.decided && reply.statusCode < 400)
        throw internal(`${request.method} ${request.url} answered without an authorisation decision`);
      return payload;
    });
  }
  app.setErrorHandler((error, request, reply) => {
    const shown = asCloudError(error);
    if (shown.status >= 500 && shown !== error) log.error({ err: error, requestId: request.id }, 'request failed');
    if (shown.retryAfter !== undefined) reply.header('retry-after', String(shown.retryAfter));
    return reply.code(shown.status).send(errorBody(shown, { request_id: request.id, timestamp: timestamp() }));
  });
  app.setNotFoundHandler((request, reply) => {
    const shown = noSuchRoute(request.method, request.url);
    return reply.code(404).send(errorBody(shown, { request_id: request.id, timestamp: timestamp() }));
  });

  addHealth(app, options.checks, metrics, timestamp);
  addDocs(app, options.registry);
  addOperationRoutes(app, {
    ...options,
    limits: {
      perKey: createTokenBuckets(clock, options.rates.perKey),
      perAddress: createTokenBuckets(clock, options.rates.perAddress),
    },
    timestamp,
    onAuth: metrics.authAttempt,
  });
  return app;
}
