import { availableParallelism } from 'node:os';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { admit, isAuthorised } from '../../kernel/authorise.ts';
import { type Caller, type Origin, tenantIdOf } from '../../kernel/caller.ts';
import { CloudError, invalidInput } from '../../kernel/errors.ts';
import type { Execute, Executed } from '../../kernel/execute.ts';
import type { PageOf } from '../../kernel/operation.ts';
import type { Entry, Registry } from '../../kernel/registry.ts';
import { sourceOf } from '../../kernel/source.ts';
import { coerceText } from '../../kernel/validate.ts';
import type { Authenticator, Freshness } from '../../services/identity/index.ts';
import type { Rates } from '../limits.ts';
import { bytesToCome, type HeldBytes } from '../held-bytes.ts';
import { onClose, passageOf } from '../passage.ts';
import { createTurns } from '../turns.ts';
import type { Account, ProcessorShares } from '../processor-shares.ts';
import { STRANGERS_AT_ONCE, type UnderWay } from '../under-way.ts';
import { addressOf, callerOf, enterTenant, keyOf, lookUpCaller } from './authenticate.ts';
import { keepSession, withSessionKey } from './console-session.ts';
import { dataBody, type Meta } from './envelope.ts';
import type { LiveAnswers } from './live-answers.ts';
import { spend } from './rate-headers.ts';
import { MAX_WAIT_SECONDS, type Share, type Waiter } from './waiter.ts';

export interface RouteDeps {
  readonly registry: Registry;
  readonly execute: Execute;
  readonly authenticator: Authenticator;
  readonly waiter: Waiter;
  readonly limits: Rates;
  readonly shares: ProcessorShares;
  readonly underWay: UnderWay;
  readonly heldBytes: HeldBytes;
  readonly liveAnswers: LiveAnswers;
  readonly timestamp: () => string;
  readonly onAuth: (result: string) => void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when an authorisation decision was made, or none is needed: what a guard in test mode looks at. */
    decided: boolean;
    /** Who calls: found out by the headers alone, before the body is read. */
    caller: Caller;
    /** When its answer was there and began to be written, in milliseconds of `performance.now()`; 0: not yet. */
    answeredAt: number;
    /** Who pays for the processor's time. */
    account: Account | undefined;
  }
  interface FastifyContextConfig {
    /** Set for operations, which have limits of their caller. */
    isOperation?: boolean;
  }
}

/**
 * Registrations, logins and the like. Each keeps a core busy for a twentieth of a second: half of the cores, since the rest of the platform needs
 * some too. What waits is done within some three seconds.
 */
const PASSWORDS = { atOnce: Math.max(2, Math.floor(availableParallelism() / 2)), waiting: 100, waitingOf: 12 };
/** Milliseconds after which who calls is asked again once the body has come. */
const SLOW_MS = 500;

/** One route an operation, but for those that say `rest: 'custom'`. */
export function addOperationRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const passwords = createTurns(PASSWORDS);
  app.decorateRequest('caller');
  app.decorateRequest('account');
  for (const entry of deps.registry.entries.values()) {
    if (entry.descriptor.rest === 'custom') continue;
    const { method, path, alias } = entry.descriptor.http;
    for (const url of [path, ...(alias === undefined ? [] : [alias])])
      app.route({
        method,
        url,
        bodyLimit: entry.bodyLimit,
        config: { isOperation: true },
        onRequest: async (request, reply) => {
          request.decided = true;
          await waitForShare(deps, request);
          request.caller = await letIn(entry, deps, request, reply);
        },
        handler: (request, reply) =>
          entry.cost === 'password'
            ? passwords.take(
                sourceOf(addressOf(request)),
                () => serve(entry, deps, request, reply),
                () => passageOf(request.raw, reply.raw).isOver,
              )
            : serve(entry, deps, request, reply),
      });
  }
}

/** A key that was revoked changes nothing from then on, also through another process, and reads no secret; what else it reads may be a second late. */
const freshnessFor = (entry: Entry): Freshness => (entry.leavesTrace && entry.plane === 'control' ? 'now' : 'cached');

/**
 * Waits for the caller's share of the processor, before anything is done: also what will be refused takes time. By what is known of the key; a
 * tenant that the request names is found out only behind this.
 */
async function waitForShare({ limits, shares }: RouteDeps, request: FastifyRequest): Promise<void> {
  const key = keyOf(request);
  const bucket = key === undefined ? undefined : limits.perKey.known(key);
  const tenantId = bucket && limits.tenantOf.get(bucket);
  request.account = shares.of(tenantId ?? sourceOf(addressOf(request)));
  const { socket } = request.raw;
  const turn = request.account.enter(() => socket.destroyed);
  if (turn) await turn;
}

/** Refuses by the head alone who has no business here. */
async function letIn(entry: Entry, deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
  if (entry.scope === 'public') {
    // What is open to anybody must not fail for a key that happens to be sent along.
    // What only reads has another limit: who watches the status must not use up the logins of an address.
    const { perAddress, strangers } = deps.limits;
    const address = addressOf(request);
    spend(reply, (entry.writes ? perAddress : strangers).of(address), 'from this address');
    const source = sourceOf(address);
    deps.underWay.enter(`stranger ${source}`, STRANGERS_AT_ONCE, request.raw, reply.raw);
    await holdBody(entry, deps, request, reply, 'stranger', source);
    return { kind: 'anonymous' };
  }
  const caller = await whoCalls(entry, deps, request, reply).catch(async (error: unknown) => {
    if (error instanceof CloudError && error.denial) await deps.execute.denied(entry, error.denial, originOf(request));
    throw error;
  });
  if (caller.kind === 'user') {
    deps.underWay.enterKey(caller.keyId, caller.tenantId, request.raw, reply.raw);
    deps.liveAnswers.admit(entry, caller, request, reply);
    await holdBody(entry, deps, request, reply, 'tenant', caller.tenantId ?? caller.userId);
  }
  return caller;
}

/** Counts the body that is to be read, and waits until a large one may be. That of a GET or a DELETE is read too, if there is one. */
function holdBody(
  entry: Entry,
  deps: Pick<RouteDeps, 'heldBytes'>,
  request: FastifyRequest,
  reply: FastifyReply,
  ...whose: [whose: 'tenant' | 'stranger', name: string]
): Promise<void> | undefined {
  const bytes = bytesToCome(request.headers, entry.bodyLimit);
  return bytes > 0 ? deps.heldBytes.take(...whose, bytes, passageOf(request.raw, reply.raw)) : undefined;
}

/** The caller in the tenant in which the call acts, admitted to the operation. */
async function whoCalls(entry: Entry, deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
  const first = await callerOf(request, reply, deps.authenticator, deps.limits, freshnessFor(entry), deps.onAuth);
  const caller = await enterTenant(entry, request, first, deps.authenticator, freshnessFor(entry));
  admit(entry, caller);
  return caller;
}

/** The key may have been revoked while the client sent the body. */
async function stillIn(entry: Entry, deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
  if (request.caller.kind !== 'user' || reply.elapsedTime < SLOW_MS) return request.caller;
  const caller = await lookUpCaller(request, reply, deps.authenticator, freshnessFor(entry));
  return enterTenant(entry, request, caller, deps.authenticator, freshnessFor(entry));
}

async function serve(entry: Entry, deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const caller = await stillIn(entry, deps, request, reply);
  const { input: given, waitSeconds } = readInput(entry, request);
  const input = withSessionKey(entry, request, given);
  const key = request.headers['idempotency-key'];
  const ifMatch = readIfMatch(request.headers['if-match']);
  const origin = originOf(request);
  const begun = performance.now();
  const executing = deps.execute(entry.name, caller, input, {
    origin,
    ...(entry.plane === 'data' ? { signal: passageOf(request.raw, reply.raw).signal } : {}),
    ...(typeof key === 'string' ? { idempotencyKey: key } : {}),
    ...(ifMatch === undefined ? {} : { ifMatch }),
  });
  // Until it first waits for something: what checks the input is most of it.
  request.account?.spend(performance.now() - begun);
  let executed = await executing;
  if (deps.liveAnswers.isLong(entry))
    return deps.liveAnswers.answer(entry, { caller, input, origin }, executed.output, request, reply);
  if (executed.replayed) reply.header('idempotency-replayed', 'true');
  if (entry.descriptor.live)
    executed = {
      ...executed,
      output: await deps.liveAnswers.call(entry, { caller, input, origin }, executed.output as string, request),
    };
  if (waitSeconds > 0 && entry.descriptor.settles)
    executed = await waitFor(entry, deps, caller, executed, waitSeconds, origin, request, reply);
  return send(entry, deps, request, reply, executed);
}

const originOf = (request: FastifyRequest): Origin => ({
  requestId: request.id,
  ip: addressOf(request),
  ...(request.headers['user-agent'] ? { userAgent: request.headers['user-agent'] } : {}),
});

/** Path, query and body as the one flat object that the operation takes. `wait` is the front's own. */
function readInput(entry: Entry, request: FastifyRequest): { input: Record<string, unknown>; waitSeconds: number } {
  const { wait, ...query } = request.query as Record<string, unknown>;
  const bodied = entry.descriptor.http.method !== 'GET' && entry.descriptor.http.method !== 'DELETE';
  const unknown = [
    ...(wait !== undefined && !entry.descriptor.settles ? ['wait'] : []),
    ...(bodied ? Object.keys(query) : []),
  ];
  if (unknown.length > 0)
    throw invalidInput(
      `${unknown.map((name) => `'${name.slice(0, 60)}'`).join(', ')} is not a query parameter of this operation${bodied ? '; send members in the body' : ''}`,
    );
  const body = request.body ?? (request.body === null ? null : {});
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalidInput('the body must be a JSON object');
  if (!bodied && Object.keys(body).length > 0)
    throw invalidInput(`${entry.descriptor.http.method} takes no body; send members in the query`);
  const lastId = entry.answer === 'events' ? request.headers['last-event-id'] : undefined;
  if (typeof lastId === 'string' && lastId !== '') query.after = lastId;
  const text = coerceText(entry.descriptor.input, { ...(bodied ? {} : query), ...(request.params as object) });
  return { input: { ...body, ...text }, waitSeconds: readWait(wait) };
}

function readWait(wait: unknown): number {
  if (wait === undefined) return 0;
  if (typeof wait !== 'string') throw invalidInput('wait is set more than once; set it once');
  const seconds = /^(?:0|[1-9]\d?)$/.test(wait) ? Number(wait) : Number.NaN;
  if (!(seconds <= MAX_WAIT_SECONDS)) {
    throw invalidInput(`wait '${wait.slice(0, 20)}' must be a whole number of seconds from 0 to ${MAX_WAIT_SECONDS}`);
  }
  return seconds;
}

function readIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined;
  const match = /^(?:W\/)?"(\d+)"$|^(\d+)$/.exec(header);
  if (!match) throw invalidInput(`If-Match '${header.slice(0, 40)}' is not a version such as "3"`);
  return Number(match[1] ?? match[2]);
}

/** Holds the answer until the resource has settled at the version that this call made. */
async function waitFor(
  entry: Entry,
  deps: RouteDeps,
  caller: Caller,
  first: Executed,
  seconds: number,
  origin: Origin,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Executed> {
  const { field, values, reader: verb } = entry.descriptor.settles!;
  const reader = deps.registry.entries.get(`${entry.service}.${verb}`)!;
  let seen = first;
  // What was changed is changed: who may not look at it again gets the first answer.
  if (first.id === undefined || !isAuthorised(reader, caller)) return seen;
  const { id } = first;
  // The connection's own close: a request that was read to its end has closed long ago.
  const gone = new AbortController();
  const stop = onClose(request.raw.socket, () => gone.abort(new Error('the client went away')));
  const hasSettled = () =>
    seen.isDeleting === true || values.includes(String((seen.output as Record<string, unknown>)[field]));
  // Asked again at each look: what a key opens ends after 30 s, and with the key.
  const look = async () => {
    const asNow = await lookUpCaller(request, reply, deps.authenticator, 'cached');
    const inTenant = await enterTenant(entry, request, asNow, deps.authenticator, 'cached');
    return deps.execute(reader.name, inTenant, { id }, { origin });
  };
  const isSettled = async (share: Share) => {
    if (hasSettled()) return true;
    try {
      seen = await share(look);
    } catch (error) {
      // Somebody deleted it during the wait, or revoked the key; the change was still made.
      if (entry.writes && error instanceof CloudError && [401, 403, 404].includes(error.status)) return true;
      throw error;
    }
    return hasSettled();
  };
  try {
    await deps.waiter.until(id, seconds, isSettled, gone.signal, {
      tenantId: tenantIdOf(caller) ?? '',
      name: `${reader.name} ${id} ${caller.kind === 'user' ? caller.keyId : caller.kind}`,
    });
  } finally {
    stop();
  }
  return seen;
}

/** Nothing to say. */
const isNothing = (output: unknown): boolean => Object.keys(output ?? {}).length === 0;

function send(
  entry: Entry,
  deps: RouteDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { output, version }: Executed,
): FastifyReply {
  reply.code(entry.status);
  if (entry.status === 204 && isNothing(output)) return reply.send();
  if (entry.status === 204) reply.code(200);
  if (entry.answer === 'text') return reply.type('text/plain; charset=utf-8').send(output as string);
  const meta: Meta = { request_id: request.id, timestamp: deps.timestamp() };
  if (entry.descriptor.effect === 'list') {
    const page = output as PageOf<unknown>;
    return reply.send(
      dataBody(page.items, page.nextCursor === undefined ? meta : { ...meta, next_cursor: page.nextCursor }),
    );
  }
  if (version !== undefined) reply.header('etag', `"${version}"`);
  return reply.send(dataBody(keepSession(entry, request, reply, output, meta.timestamp), meta));
}
