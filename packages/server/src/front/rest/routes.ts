import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, isPermitted, type Origin, tenantIdOf } from '../../kernel/caller.ts';
import { CloudError, internal, invalidInput, rateLimited } from '../../kernel/errors.ts';
import type { Execute } from '../../kernel/execute.ts';
import type { PageOf } from '../../kernel/operation.ts';
import type { Entry, Registry } from '../../kernel/registry.ts';
import type { TokenBuckets } from '../../kernel/token-bucket.ts';
import { coerceText } from '../../kernel/validate.ts';
import type { LiveClient } from '../../live/client.ts';
import type { Authenticator } from '../../services/identity/index.ts';
import { addressOf, callerOf, type KeyLimits, takeFrom } from './authenticate.ts';
import { dataBody, type Meta } from './envelope.ts';
import type { LiveAnswers } from './live-answers.ts';
import { endOf, MAX_PER_KEY, type UnderWay } from './under-way.ts';
import { MAX_WAIT_SECONDS, type Share, type Waiter } from './waiter.ts';

export interface RouteDeps {
  readonly registry: Registry;
  readonly execute: Execute;
  readonly authenticator: Authenticator;
  readonly live: LiveClient;
  readonly waiter: Waiter;
  readonly limits: KeyLimits & { readonly perAddress: TokenBuckets };
  readonly underWay: UnderWay;
  readonly liveAnswers: LiveAnswers;
  readonly timestamp: () => string;
  readonly onAuth: (result: string) => void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when an authorisation decision was made, or none is needed: what a guard in test mode looks at. */
    decided: boolean;
  }
}

/** One route an operation, but for those that say `rest: 'custom'`. */
export function addOperationRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const passwords = { underWay: 0 };
  for (const entry of deps.registry.entries.values()) {
    if (entry.descriptor.rest === 'custom') continue;
    app.route({
      method: entry.descriptor.http.method,
      url: entry.descriptor.http.path,
      handler: (request, reply) =>
        entry.scope === 'public'
          ? inTurn(passwords, () => serve(entry, deps, request, reply))
          : serve(entry, deps, request, reply),
    });
  }
}

/** Registering and logging in hash a password inside their transaction: so many connections and no more are theirs. */
const MAX_PASSWORDS = 12;

async function inTurn<T>(passwords: { underWay: number }, work: () => Promise<T>): Promise<T> {
  if (passwords.underWay >= MAX_PASSWORDS) throw rateLimited('too many people log in at this moment; try again', 1);
  passwords.underWay++;
  try {
    return await work();
  } finally {
    passwords.underWay--;
  }
}

async function admit(entry: Entry, deps: RouteDeps, request: FastifyRequest): Promise<Caller> {
  if (entry.scope !== 'public') return callerOf(request, deps.authenticator, deps.limits, deps.onAuth);
  // What is open to anybody must not fail for a key that happens to be sent along.
  takeFrom(deps.limits.perAddress.of(addressOf(request)));
  return { kind: 'anonymous' };
}

async function serve(entry: Entry, deps: RouteDeps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  request.decided = true;
  const caller = await admit(entry, deps, request);
  if (caller.kind === 'user') {
    deps.underWay.enter(caller.keyId, MAX_PER_KEY, request.raw, reply.raw);
    deps.liveAnswers.admit(entry, caller.tenantId, request, reply);
  }
  const { input, waitSeconds } = readInput(entry, request);
  const key = request.headers['idempotency-key'];
  const ifMatch = readIfMatch(request.headers['if-match']);
  const origin: Origin = {
    requestId: request.id,
    ip: addressOf(request),
    ...(request.headers['user-agent'] ? { userAgent: request.headers['user-agent'] } : {}),
  };
  const executed = await deps.execute(entry.name, caller, input, {
    origin,
    ...(typeof key === 'string' ? { idempotencyKey: key } : {}),
    ...(ifMatch === undefined ? {} : { ifMatch }),
  });
  if (deps.liveAnswers.isLong(entry))
    return deps.liveAnswers.answer(entry, { caller, input, origin }, executed.output as string, request, reply);
  let output = entry.descriptor.live ? await deps.live.call(executed.output as string) : executed.output;
  if (waitSeconds > 0 && entry.descriptor.settles)
    output = await waitFor(entry, deps, caller, output as Record<string, unknown>, waitSeconds, origin, request);
  if (executed.replayed) reply.header('idempotency-replayed', 'true');
  return send(entry, deps, request, reply, output);
}

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
      `${unknown.map((name) => `'${name.slice(0, 60)}'`).join(', ')} in the query means nothing here${bodied ? '; members go into the body' : ''}`,
    );
  const body = bodied && request.body !== undefined ? request.body : {};
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalidInput('the body must be a JSON object');
  const text = coerceText(entry.descriptor.input, { ...(bodied ? {} : query), ...(request.params as object) });
  return { input: { ...body, ...text }, waitSeconds: readWait(wait) };
}

function readWait(wait: unknown): number {
  if (wait === undefined) return 0;
  if (typeof wait !== 'string') throw invalidInput('wait is given more than once');
  const seconds = /^(?:0|[1-9]\d?)$/.test(wait) ? Number(wait) : Number.NaN;
  if (!(seconds <= MAX_WAIT_SECONDS)) {
    throw invalidInput(`wait '${wait.slice(0, 20)}' must be whole seconds from 0 to ${MAX_WAIT_SECONDS}`);
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
  first: Record<string, unknown>,
  seconds: number,
  origin: Origin,
  request: FastifyRequest,
): Promise<unknown> {
  const { field, values } = entry.descriptor.settles!;
  const reader = deps.registry.entries.get(`${entry.service}.get`);
  if (!reader) throw internal(`${entry.name} settles, and ${entry.service} has no get`);
  let output = first;
  // What was changed is changed: who may not look at it again gets the first answer.
  if (caller.kind === 'user' && reader.permission !== undefined && !isPermitted(caller.permissions, reader.permission))
    return output;
  // The connection's own close: a request that was read to its end has closed long ago.
  const end = endOf(request.raw.socket);
  const gone = new AbortController();
  const onEnd = () => gone.abort(end.reason);
  if (end.aborted) onEnd();
  end.addEventListener('abort', onEnd);
  const look = async () => (await deps.execute(reader.name, caller, { id: first.id }, { origin })).output;
  const isSettled = async (share: Share) => {
    if (values.includes(String(output[field]))) return true;
    try {
      output = (await share(look)) as typeof output;
    } catch (error) {
      // Deleted by somebody else while it was waited for: the change had been made all the same.
      if (entry.writes && error instanceof CloudError && error.code === 'NOT_FOUND') return true;
      throw error;
    }
    return values.includes(String(output[field]));
  };
  try {
    await deps.waiter.until(String(first.id), seconds, isSettled, gone.signal, {
      tenantId: tenantIdOf(caller) ?? '',
      name: `${reader.name} ${String(first.id)} ${caller.kind === 'user' ? caller.keyId : caller.kind}`,
    });
  } finally {
    end.removeEventListener('abort', onEnd);
  }
  return output;
}

function send(
  entry: Entry,
  deps: RouteDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  output: unknown,
): FastifyReply {
  reply.code(entry.status);
  if (entry.status === 204) return reply.send();
  if (entry.descriptor.answer === 'text') return reply.type('text/plain; charset=utf-8').send(output as string);
  const meta: Meta = { request_id: request.id, timestamp: deps.timestamp() };
  if (entry.descriptor.effect === 'list') {
    const page = output as PageOf<unknown>;
    return reply.send(
      dataBody(page.items, page.nextCursor === undefined ? meta : { ...meta, next_cursor: page.nextCursor }),
    );
  }
  const version = (output as { version?: number } | undefined)?.version;
  if (version !== undefined) reply.header('etag', `"${version}"`);
  return reply.send(dataBody(output, meta));
}
