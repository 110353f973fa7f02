import { createServer, type RequestListener, type Server } from 'node:http';
import { Readable } from 'node:stream';
import {
  AwsServer,
  type Call,
  type CallFailure,
  type Outcome,
  Refusal,
  type WireRequest,
} from '@thecloud/aws-protocol';
import {
  deferContinue,
  maxHeaderSizeOf,
  type NodeHooks,
  nodeListener,
  unreadableListener,
} from '@thecloud/aws-protocol/node';
import type { Clock } from '../../kernel/clock.ts';
import { CloudError, type KernelErrorCode } from '../../kernel/errors.ts';
import type { Execute } from '../../kernel/execute.ts';
import { newId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { Registry } from '../../kernel/registry.ts';
import { sourceOf } from '../../kernel/source.ts';
import { createClientSide } from '../caller-address.ts';
import { areUp, type HealthChecks, runAll } from '../health-checks.ts';
import type { Connections } from '../connections.ts';
import { bytesToCome, type HeldBytes } from '../held-bytes.ts';
import { AWS_LIMITS, HTTP_LIMITS, type Rates, takeFrom } from '../limits.ts';
import { passageOf } from '../passage.ts';
import { hasLeft } from '../unreadable.ts';
import { type ProcessorShares, readingMs } from '../processor-shares.ts';
import { STRANGERS_AT_ONCE, type UnderWay, type Untaken } from '../under-way.ts';
import type { AwsRequest } from './aws-request.ts';
import type { AwsCredentials } from './credentials.ts';
import { asAwsError, isAnswer } from './errors.ts';
import { createGateway, type Principal, refuseOtherRegions } from './gateway.ts';

export interface AwsOptions {
  readonly registry: Registry;
  readonly execute: Execute;
  readonly credentials: AwsCredentials;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The REST door's too: a stranger has one share for both. */
  readonly limits: Rates;
  /** Of all doors together. */
  readonly shares: ProcessorShares;
  readonly underWay: UnderWay;
  /** Of all doors together. */
  readonly heldBytes: HeldBytes;
  readonly untaken: Untaken;
  readonly connections: Connections;
  readonly region: string;
  /** Checks without which the door cannot serve. */
  readonly checks: HealthChecks;
  /** Addresses and networks whose X-Forwarded-For is believed. Default none. */
  readonly trustedProxies?: readonly string[];
  readonly testMode: boolean;
}

/** The bucket of what is tried in a key's name from an address where it was good before. */
const attemptsOf = (accessKeyId: string, address: string): string => `${accessKeyId} ${sourceOf(address)}`;

/**
 * Bytes of a body without a signature that are read. Nothing here is served unsigned, but a form says only in its body of which service it is, and so
 * in whose words to refuse it.
 */
const UNSIGNED_BODY = 4 << 10;

/** For load balancers: no action of AWS is there, and no bucket can have this name. */
const HEALTH_PATH = '/_health';

/** The AWS door: the actions of all services, in AWS's protocols, for requests that are signed with a key's AWS pair. Not listening yet. */
export function createAwsServer(options: AwsOptions): Server {
  const { clock, log, metrics, limits, underWay } = options;
  const { addressOf, schemeOf } = createClientSide(options.trustedProxies ?? []);
  const requests = new WeakMap<WireRequest, AwsRequest>();
  const requestOf = (wire: WireRequest): AwsRequest => requests.get(wire)!;

  /** Runs a step of the door itself; what it throws becomes AWS's. */
  const step = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw asAwsError(error);
    }
  };

  const services = createGateway({ ...options, schemeOf, services: options.registry.services });
  const bodyLimits = new Map(
    services.map((service) => [service.model.id as string, service.bodyBytes ?? AWS_LIMITS.bodyBytes]),
  );
  const hold = ({ bodyBytes, passage }: AwsRequest, whose: 'tenant' | 'stranger', name: string) =>
    bodyBytes > 0 ? options.heldBytes.take(whose, name, bodyBytes, passage) : undefined;

  /** Before anything is done of what was asked: also what will be refused takes time. */
  const enterShare = async (request: AwsRequest, name: string) => {
    request.account = options.shares.of(name);
    try {
      await request.account.enter(() => request.incoming.socket.destroyed);
    } catch (error) {
      throw asAwsError(error);
    }
    request.measuredFrom = performance.now();
  };

  const aws = new AwsServer<Principal>({
    services,
    limits: AWS_LIMITS,
    signature: { now: () => clock.now() },
    newRequestId: () => newId(clock.now()),
    admit({ request: wire, service, isSigned }) {
      const request = requestOf(wire);
      request.bodyBytes = bytesToCome(wire.headers, bodyLimits.get(service ?? '') ?? AWS_LIMITS.bodyBytes);
      if (isSigned) return;
      step(() => takeFrom(limits.strangers.of(request.origin.ip)));
      if (request.bodyBytes > UNSIGNED_BODY)
        throw new Refusal('missingAuthentication', 'Request is missing Authentication Token');
      const source = sourceOf(request.origin.ip);
      step(() => {
        underWay.enter(`stranger ${source}`, STRANGERS_AT_ONCE, request.incoming, request.outgoing);
        void hold(request, 'stranger', source);
      });
    },
    // An access key's id is no secret. Until the signature is found to be good, a request counts as a stranger's, or as one of those that name
    // a key from an address where it was good before: neither uses up what the key's owner may ask.
    async credentials(accessKeyId, wire) {
      const request = requestOf(wire);
      const { ip } = request.origin;
      const known = limits.perKey.known(attemptsOf(accessKeyId, ip));
      const attempts = known ?? limits.strangers.of(ip);
      try {
        takeFrom(attempts);
        const lookUp = () => options.credentials.find(accessKeyId);
        const key = await lookUp().catch((error: unknown) => {
          // A failed lookup does not count against the caller.
          attempts.give();
          throw error;
        });
        if (!key) return undefined;
        // Most clients sign without stating a digest of the body: it must be read to find out whether the signature is good.
        if (known) await hold(request, 'tenant', key.tenantId);
        else await hold(request, 'stranger', sourceOf(ip));
        return {
          ...key.secrets,
          principal: { accessKeyId, keyId: key.keyId, tenantId: key.tenantId, lookUp, request, attempts },
        };
      } catch (error) {
        throw asAwsError(error);
      }
    },
    async onVerified({ principal }) {
      const { accessKeyId, keyId, tenantId, request, attempts } = principal!;
      metrics.authAttempt('success');
      attempts.give();
      request.tenantId = tenantId;
      limits.perKey.of(attemptsOf(accessKeyId, request.origin.ip));
      await enterShare(request, tenantId);
      request.account?.spend(readingMs(Number(request.incoming.headers['content-length'] ?? 0)));
      step(() => {
        takeFrom(limits.perKey.of(keyId), 'with this key');
        takeFrom(limits.perTenant.of(tenantId), 'of this tenant');
        underWay.enterKey(keyId, tenantId, request.incoming, request.outgoing);
      });
    },
    authorize: (call) => refuseOtherRegions(call, options.region),
    onAnswer(call, outcome) {
      const request = requests.get(call.request);
      // What could not be read as HTTP never became a request.
      if (!request) return;
      if (!call.principal) metrics.authAttempt(call.isSigned ? 'failure' : 'anonymous');
      request.passage.atEnd(() => note(call, outcome, request.begunAt));
    },
    onError(error, { requestId }) {
      if (!isAnswer(error)) log.error({ err: error, requestId }, 'request failed');
    },
  });

  const hooks: NodeHooks = {
    received(wire, incoming, outgoing) {
      const userAgent = wire.headers['user-agent'];
      requests.set(wire, {
        incoming,
        outgoing,
        origin: { ip: addressOf(incoming), ...(userAgent ? { userAgent } : {}) },
        begunAt: clock.monotonic(),
        passage: passageOf(incoming, outgoing),
        bodyBytes: 0,
        tenantId: undefined,
        account: undefined,
        measuredFrom: 0,
      });
    },
    answering(answer, wire, outgoing) {
      const request = requests.get(wire);
      if (request?.tenantId !== undefined && !(answer.body instanceof Readable)) {
        try {
          options.heldBytes.answer(request.tenantId, Buffer.byteLength(answer.body), request.passage);
        } catch (error) {
          Object.assign(answer, aws.refuse(wire, asAwsError(error)));
        }
      }
      answer.headers['x-content-type-options'] = 'nosniff';
      answer.headers['cache-control'] ??= 'no-store';
      if (request && request.measuredFrom > 0) request.account?.spend(performance.now() - request.measuredFrom);
      if (!server.listening) answer.headers['connection'] = 'close';
      options.untaken.watch(outgoing, answer.body);
    },
  };

  const note = (call: Call<Principal>, { status, failure }: Outcome, begunAt: number) => {
    const ms = clock.monotonic() - begunAt;
    const { method } = call.request;
    // Only what callers of ours ask for and is served has a name, so that strangers make no series.
    const isServed = call.principal && call.operation && failure?.reason !== 'notImplemented';
    const route = `aws:${isServed ? `${call.service}.${call.operation}` : 'none'}`;
    metrics.request(method, route, status, ms);
    const level = isOurs(status, failure) ? 'error' : 'debug';
    if (log.isLevelEnabled(level))
      log[level]({ requestId: call.requestId, method, route, status, ms: Math.round(ms) }, 'request');
  };

  const actions = nodeListener(aws, hooks);
  const health: RequestListener = async (incoming, outgoing) => {
    const begunAt = clock.monotonic();
    const isAllowed = limits.strangers.of(addressOf(incoming)).take();
    const isUp = isAllowed && areUp(await runAll(options.checks));
    const body = JSON.stringify({ status: isUp ? 'UP' : isAllowed ? 'DOWN' : 'UNKNOWN' });
    const status = isUp ? 200 : isAllowed ? 503 : 429;
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    outgoing.writeHead(status, server.listening ? headers : { ...headers, connection: 'close' }).end(body);
    metrics.request(incoming.method ?? '', 'aws:health', status, clock.monotonic() - begunAt);
  };
  const listener: RequestListener = (incoming, outgoing) =>
    (incoming.url === HEALTH_PATH ? health : actions)(incoming, outgoing);
  const refuse = unreadableListener(aws);
  const { inTurn, guard } = options.connections;
  const server = createServer({ ...HTTP_LIMITS, maxHeaderSize: maxHeaderSizeOf(aws) }, inTurn(listener))
    .on('checkContinue', inTurn(deferContinue(listener)))
    .on('clientError', (error, socket) => (hasLeft(error) ? socket.destroy() : refuse(error, socket)));
  guard(server);
  return server;
}

/** Not faults of ours, although AWS's status for them is 5xx: a rate limit, and a client that left before its answer. */
const CALLERS_FAULT: ReadonlySet<string> = new Set<KernelErrorCode>(['RATE_LIMITED', 'REQUEST_TIMEOUT']);

/** Whether an answer tells of a fault of ours. What is not implemented is none. */
function isOurs(status: number, failure: CallFailure | undefined): boolean {
  const cause: unknown = failure?.error instanceof Error ? failure.error.cause : undefined;
  return status >= 500 && status !== 501 && !(cause instanceof CloudError && CALLERS_FAULT.has(cause.code));
}
