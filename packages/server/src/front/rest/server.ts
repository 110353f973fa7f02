import { createServer } from 'node:http';
import { newId } from '../../kernel/ids.ts';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { isOperator } from '../../kernel/caller.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type CloudError, internal } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { LiveClient } from '../../live/client.ts';
import type { Connections } from '../connections.ts';
import { HTTP_LIMITS } from '../limits.ts';
import { passageOf } from '../passage.ts';
import type { Untaken } from '../under-way.ts';
import { answerOnSocket, hasLeft, nameFlaw } from '../unreadable.ts';
import { addressOf, callerOf } from './authenticate.ts';
import { addConsole } from './console-files.ts';
import { guardConsole } from './console-session.ts';
import { addCors } from './cors.ts';
import { addDocs } from './docs.ts';
import { asCloudError, errorBody } from './envelope.ts';
import { addHealth, type HealthOptions } from './health.ts';
import { refuseUnknownHosts } from './host-names.ts';
import { createLiveAnswers } from './live-answers.ts';
import { answerUnrouted } from './methods.ts';
import { spend } from './rate-headers.ts';
import { readRequests } from './read-request.ts';
import { addOperationRoutes, type RouteDeps } from './routes.ts';
import { isUpgrade } from './sockets.ts';

export interface RestOptions
  extends Omit<RouteDeps, 'timestamp' | 'onAuth' | 'liveAnswers'>,
    Omit<HealthOptions, 'live'> {
  readonly live: LiveClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Addresses and networks whose X-Forwarded-For is believed. Default none. */
  readonly trustedProxies?: readonly string[];
  /** Whose pages may call from a browser: `https://console.example.com`. Default none. */
  readonly corsOrigins?: readonly string[];
  /** Names by which people reach the platform, beside addresses and localhost. Default none. */
  readonly hosts?: readonly string[];
  /** The built web console. Default: there is none. */
  readonly consoleDir?: string | undefined;
  /** Of all doors together. */
  readonly untaken: Untaken;
  readonly connections: Connections;
  readonly testMode: boolean;
}

/** Largest body in bytes of what is no operation; each operation says its own. */
const BODY_LIMIT = 4096;
/** What is left unread of a refused request's body in bytes, and is still read away to keep the connection. */
const READ_AWAY = 64 * 1024;

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  // JSON loads nothing; the pages of /docs say what they need.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

/** The REST door: routes from the registry, health, metrics, OpenAPI and its pages. */
export function createRestServer(options: RestOptions): FastifyInstance {
  const { log, metrics, clock, connections } = options;
  const timestamp = () => new Date(clock.now()).toISOString();
  const headersOf = (requestId: string) => ({ ...SECURITY_HEADERS, 'x-request-id': requestId });
  const bodyOf = (shown: CloudError, requestId: string) =>
    errorBody(shown, { request_id: requestId, timestamp: timestamp() });
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    genReqId: (message) => {
      const given = message.headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : newId();
    },
    // Paths that the router itself cannot read.
    frameworkErrors: (error, request, reply) => {
      const shown = asCloudError(error);
      void (reply as unknown as FastifyReply)
        .code(shown.status)
        .headers(headersOf(request.id))
        .send(bodyOf(shown, request.id));
    },
    clientErrorHandler: (error, socket) => {
      if (hasLeft(error)) return void socket.destroy();
      const shown = nameFlaw(error);
      const requestId = newId();
      const headers = { ...headersOf(requestId), 'content-type': 'application/json; charset=utf-8' };
      answerOnSocket(socket, shown.status, headers, JSON.stringify(bodyOf(shown, requestId)));
    },
    serverFactory(handler) {
      const server = createServer(
        {
          ...HTTP_LIMITS,
          // Node would answer without a body; the hook below answers with one.
          requireHostHeader: false,
          shouldUpgradeCallback: (message) => isUpgrade(message) && connections.takeOver(message.socket),
        },
        connections.inTurn(handler),
      );
      connections.guard(server);
      return server;
    },
    // What arrives while it ends is served: the connections are closed behind it.
    return503OnClosing: false,
    // The longest name has 255 characters, each of up to 12 in a URL.
    routerOptions: { maxParamLength: 255 * 12, ignoreTrailingSlash: true },
    // An empty list would do, and cost each request a look at its headers.
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    logger: false,
  });
  // An expectation that is not known may be left aside (RFC 9110, 10.1.1); Node would answer 417 without a body.
  app.server.on('checkExpectation', (message, response) => app.server.emit('request', message, response));
  app.decorateRequest('decided', false);
  app.decorateRequest('answeredAt', 0);

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headersOf(request.id));
  });
  // Everything else that can be asked for has a limit beside what it does.
  app.addHook('onRequest', async (request, reply) => {
    if (!request.routeOptions.config.isOperation)
      spend(reply, options.limits.open.of(addressOf(request)), 'from this address');
  });
  refuseUnknownHosts(app, options.hosts ?? []);
  addCors(app, options.corsOrigins ?? []);
  readRequests(app);
  guardConsole(app);
  answerUnrouted(app);
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
  // Fastify writes the answer between these two.
  app.addHook('preSerialization', (request, _reply, payload, done) => {
    request.answeredAt = performance.now();
    done(null, payload);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.answeredAt > 0) request.account?.spend(performance.now() - request.answeredAt);
    const { caller } = request;
    if (caller?.kind === 'user' && (typeof payload === 'string' || Buffer.isBuffer(payload)))
      options.heldBytes.answer(
        caller.tenantId ?? caller.userId,
        Buffer.byteLength(payload),
        passageOf(request.raw, reply.raw),
      );
    options.untaken.watch(reply.raw, payload);
    return payload;
  });
  if (options.testMode) {
    app.addHook('onSend', async (request, reply, payload) => {
      if (!request.decided && reply.statusCode < 400)
        throw internal(`${request.method} ${request.url} answered without an authorisation decision`);
      return payload;
    });
  }
  app.setErrorHandler((error, request, reply) => {
    const shown = asCloudError(error, request.routeOptions.bodyLimit);
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if (!request.raw.complete && (encoding !== undefined || Number(length ?? 0) > READ_AWAY))
      reply.header('connection', 'close');
    if (shown.status >= 500 && shown !== error) log.error({ err: error, requestId: request.id }, 'request failed');
    if (shown.retryAfter !== undefined) reply.header('retry-after', String(shown.retryAfter));
    return reply.code(shown.status).send(bodyOf(shown, request.id));
  });

  addHealth(app, options, timestamp, async (request, reply) => {
    const caller = await callerOf(request, reply, options.authenticator, options.limits, 'cached');
    return isOperator(caller);
  });
  addDocs(app, options.registry);
  addConsole(app, options.consoleDir, log);
  addOperationRoutes(app, {
    ...options,
    timestamp,
    onAuth: metrics.authAttempt,
    liveAnswers: createLiveAnswers(app, options),
  });
  return app;
}
