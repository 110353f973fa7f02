import { textOf } from './text.ts';
import type { AllOptions, CallSpec, ClientOptions, Input, RawAnswer, RawRequest, Transport } from './call.ts';
import { apiError, CloudApiError, CloudConnectionError } from './errors.ts';
import { afterSeconds, backOff, isWorthRetrying, newKey, sleep } from './retry.ts';

interface Envelope {
  readonly data?: unknown;
  readonly meta?: { readonly next_cursor?: string };
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_RETRIES = 3;
const DEFAULT_RETRY_DELAY_MS = 200;
const DEFAULT_LIVE_SECONDS = 60;

export function createTransport(options: ClientOptions): Transport {
  const base = readEndpoint(options.endpoint);
  const requestOf = (spec: CallSpec, input: Input, given: AllOptions): RawRequest => {
    const { path, body } = place(spec, input, given.wait);
    const headers: Record<string, string> = {};
    const tenantId = given.tenantId ?? options.tenantId;
    if (tenantId !== undefined) headers['x-tenant-id'] = tenantId;
    if (spec.idempotent) headers['idempotency-key'] = given.idempotencyKey ?? newKey();
    if (given.ifMatch !== undefined) headers['if-match'] = `"${given.ifMatch}"`;
    const isCommand = spec.live === true && (spec.answer ?? 'json') === 'json';
    const liveSeconds = isCommand ? Number(input.timeout ?? DEFAULT_LIVE_SECONDS) : 0;
    const repeatable = spec.method === 'GET' || spec.idempotent === true;
    return {
      method: spec.method,
      path,
      body,
      headers,
      timeoutMs:
        (given.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS) + ((given.wait ?? 0) + liveSeconds) * 1000,
      retries: repeatable ? (given.retries ?? options.retries ?? DEFAULT_RETRIES) : 0,
      signal: given.signal,
    };
  };
  const call = (spec: CallSpec, input: Input, given: AllOptions): Promise<RawAnswer> =>
    send(base, options, requestOf(spec, input, given));
  return {
    async call<T>(spec: CallSpec, input: Input, given: AllOptions = {}) {
      const answer = await call(spec, input, given);
      if (spec.answer === 'text' || spec.answer === 'stream') return answer.text as T;
      return (answer.status === 204 ? undefined : envelope(answer).data) as T;
    },
    async page<T>(spec: CallSpec, input: Input, given: AllOptions = {}) {
      const { data, meta } = envelope(await call(spec, input, given));
      const items = data as readonly T[];
      return meta?.next_cursor === undefined ? { items } : { items, nextCursor: meta.next_cursor };
    },
    stream: (spec, input, given = {}) => readStream(base, options, requestOf(spec, input, given)),
    socket(spec, input, given = {}) {
      const tenantId = given.tenantId ?? options.tenantId;
      return {
        url: base.replace(/^http/, 'ws') + place(spec, input, undefined).path,
        protocols: [
          'thecloud.v1',
          ...(options.apiKey === undefined ? [] : [`thecloud.key.${options.apiKey}`]),
          ...(tenantId === undefined ? [] : [`thecloud.tenant.${tenantId}`]),
        ],
      };
    },
    send: (request) =>
      send(base, options, {
        ...request,
        headers: { ...(options.tenantId ? { 'x-tenant-id': options.tenantId } : {}), ...request.headers },
      }),
  };
}

function readEndpoint(endpoint: string): string {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw new TypeError(`endpoint '${endpoint}' is not a URL such as http://127.0.0.1:8080`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`endpoint '${endpoint}' must begin with http:// or https://`);
  return url.href.replace(/\/+$/, '');
}

/** Members named in the path go there; the rest into the query (GET, DELETE) or the body. */
function place(spec: CallSpec, input: Input, wait: number | undefined): { path: string; body: unknown } {
  const rest = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const path = spec.path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = rest[name];
    if (value === undefined || value === '' || value === null)
      throw new TypeError(`${spec.name}: ${name} is required, it is part of the path`);
    delete rest[name];
    const text = wellFormed(spec, name, textOf(value));
    // URLs take these for folders: the request would go elsewhere.
    if (text === '.' || text === '..') throw new TypeError(`${spec.name}: '${text}' is not a valid ${name}`);
    return encodeURIComponent(text);
  });
  const query = new URLSearchParams();
  const bodied = spec.method !== 'GET' && spec.method !== 'DELETE';
  if (!bodied) {
    for (const [name, value] of Object.entries(rest))
      for (const one of Array.isArray(value) ? value : [value]) query.append(name, wellFormed(spec, name, textOf(one)));
  }
  if (wait !== undefined && wait > 0) query.set('wait', String(wait));
  return {
    path: query.size > 0 ? `${path}?${query.toString()}` : path,
    body: bodied && Object.keys(rest).length > 0 ? rest : undefined,
  };
}

/** A URL cannot hold half a surrogate pair: another character would be sent in its place. */
function wellFormed(spec: CallSpec, name: string, text: string): string {
  if (text.isWellFormed()) return text;
  throw new TypeError(`${spec.name}: ${name} contains half a surrogate pair; remove it`);
}

async function send(base: string, options: ClientOptions, request: RawRequest): Promise<RawAnswer> {
  return repeat(base, options, request, async (signal) => {
    const response = await fetchOnce(base, options, request, signal);
    return { status: response.status, headers: response.headers, text: await response.text() };
  });
}

/** The deadline is for the beginning: what comes later takes the time it takes. */
async function* readStream(
  base: string,
  options: ClientOptions,
  request: RawRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  const leaving = new AbortController();
  const leave = () => leaving.abort(request.signal?.reason);
  request.signal?.addEventListener('abort', leave, { once: true });
  try {
    const response = await repeat(base, options, request, (signal) => {
      const late = () => leaving.abort(signal.reason);
      signal.addEventListener('abort', late, { once: true });
      return fetchOnce(base, options, request, leaving.signal).finally(() => signal.removeEventListener('abort', late));
    });
    const reader = response.body?.getReader();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done || value === undefined) return;
      yield value;
    }
  } catch (error) {
    request.signal?.throwIfAborted();
    if (error instanceof CloudApiError || error instanceof CloudConnectionError) throw error;
    const where = `${request.method} ${base}${request.path.split('?')[0]}`;
    throw new CloudConnectionError('cut off', `what came from ${where} was cut off before its end`, error);
  } finally {
    request.signal?.removeEventListener('abort', leave);
    leaving.abort(new Error('nobody reads any further'));
  }
}

/** Asks until there is an answer, or no more time or sense in asking. */
async function repeat<T>(
  base: string,
  options: ClientOptions,
  request: RawRequest,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + request.timeoutMs;
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(signal);
    } catch (error) {
      request.signal?.throwIfAborted();
      const where = `${request.method} ${base}${request.path.split('?')[0]}`;
      if (timeout.aborted)
        throw new CloudConnectionError(
          'timeout',
          `no answer from ${where} within ${request.timeoutMs / 1000} s`,
          error,
        );
      const failure = error instanceof CloudApiError ? error : unreachable(base, error);
      if (attempt >= request.retries || !isWorthRetrying(failure)) throw failure;
      const delay = backOff(attempt, options.retryDelayMs ?? DEFAULT_RETRY_DELAY_MS, failure);
      if (delay === undefined || performance.now() + delay >= deadline) throw failure;
      await sleep(delay, request.signal);
    }
  }
}

/** Throws what the server refused with. */
async function fetchOnce(
  base: string,
  options: ClientOptions,
  request: RawRequest,
  signal: AbortSignal,
): Promise<Response> {
  const headers = new Headers({ ...options.headers, ...request.headers });
  if (options.apiKey !== undefined) headers.set('x-api-key', options.apiKey);
  if (request.body !== undefined) headers.set('content-type', 'application/json');
  const response = await (options.fetch ?? globalThis.fetch)(base + request.path, {
    method: request.method,
    headers,
    signal,
    // A redirect to another host would take the key along.
    redirect: 'error',
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  if (response.ok) return response;
  throw refusal({ status: response.status, headers: response.headers, text: await response.text() });
}

function refusal(answer: RawAnswer): CloudApiError {
  const parsed = parse(answer.text) as {
    error?: { code?: unknown; message?: unknown };
    meta?: { request_id?: string };
  };
  const extra = {
    requestId: parsed?.meta?.request_id ?? answer.headers.get('x-request-id') ?? undefined,
    retryAfter: afterSeconds(answer.headers.get('retry-after')),
  };
  if (typeof parsed?.error?.code !== 'string') return unexpected(answer, extra);
  return apiError(parsed.error.code, answer.status, String(parsed.error.message), extra);
}

function envelope(answer: RawAnswer): Envelope {
  const parsed = parse(answer.text) as Envelope | undefined;
  if (typeof parsed !== 'object' || parsed === null || !('data' in parsed)) throw unexpected(answer, {});
  return parsed;
}

const unexpected = (answer: RawAnswer, extra: object): CloudApiError =>
  new CloudApiError(
    'UNEXPECTED_ANSWER',
    answer.status,
    `HTTP ${answer.status} with ${answer.headers.get('content-type') ?? 'no content type'} is not an answer of the platform; check the endpoint`,
    extra,
  );

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `fetch` says "fetch failed"; what happened is in the cause. */
function unreachable(base: string, error: unknown): CloudConnectionError {
  const cause = (error as { cause?: { code?: string; message?: string } } | undefined)?.cause;
  const code = cause?.code ?? 'unreachable';
  return new CloudConnectionError(
    code,
    `${base} cannot be reached (${cause?.code ?? cause?.message ?? String(error)})`,
    error,
  );
}
