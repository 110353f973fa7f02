import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { EngineError } from '../../kernel/engine-error.ts';

/** The subset of Incus' REST API (1.0) that we speak, over its unix socket. */

interface Envelope {
  readonly type: 'sync' | 'async' | 'error';
  readonly operation?: string;
  readonly error?: string;
  readonly error_code?: number;
  readonly metadata: unknown;
}

/** An Incus operation, see /1.0/operations. */
export interface IncusOperation {
  readonly id: string;
  readonly class: string;
  readonly status: string;
  readonly status_code: number;
  readonly err: string;
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

export interface IncusInstance {
  readonly name: string;
  readonly project: string;
  readonly status: string;
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface CallOptions {
  readonly project?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Milliseconds for the answer, and for the operation it starts. 10 s by default. */
  readonly timeoutMs?: number;
  /** Ends the waiting, with its reason. What Incus was asked for goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** What Incus answered, in its own words, with its status code. */
export class IncusError extends EngineError {
  /** HTTP status, or 0 where there was none. */
  readonly code: number;
  /** Incus' own words; absent where it did not answer. */
  readonly said: string | undefined;
  constructor(
    kind: EngineError['kind'],
    code: number,
    message: string,
    options?: ErrorOptions & { readonly said?: string },
  ) {
    super(kind, message, options);
    this.name = 'IncusError';
    this.code = code;
    this.said = options?.said;
  }
}

const DEFAULT_TIMEOUT_MS = 10_000;

export class IncusClient {
  readonly socketPath: string;
  readonly dispatcher: Agent;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
    // As many connections as there are calls: one that waits for an operation must not keep others waiting. The callers are bounded.
    this.dispatcher = new Agent({
      connect: { socketPath, timeout: 2_000 },
      pipelining: 1,
      keepAliveTimeout: 10_000,
    });
  }

  async close(): Promise<void> {
    await this.dispatcher.destroy();
  }

  /** One request with a plain answer. */
  async call<T>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options: CallOptions = {},
  ): Promise<T> {
    const envelope = await this.#exchange(method, path, options);
    return envelope.metadata as T;
  }

  /** A list; Incus writes an empty one as null. */
  async list<T>(path: string, options: CallOptions = {}): Promise<readonly T[]> {
    const query = { recursion: '1', ...options.query };
    return (await this.call<readonly T[] | null>('GET', path, { ...options, query })) ?? [];
  }

  /** One request that starts an operation; waits for its end and returns it. */
  async run(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options: CallOptions = {},
  ): Promise<IncusOperation> {
    const started = performance.now();
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const operation = await this.begin(method, path, options);
    const left = Math.max(1, timeoutMs - (performance.now() - started));
    return this.waitFor(operation.id, left, `${method} ${path}`, options.signal);
  }

  /** One request that starts an operation; returns at once. */
  async begin(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options: CallOptions = {},
  ): Promise<IncusOperation> {
    return this.call<IncusOperation>(method, path, options);
  }

  async waitFor(operationId: string, timeoutMs: number, what: string, signal?: AbortSignal): Promise<IncusOperation> {
    const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
    const operation = await this.call<IncusOperation>('GET', `/1.0/operations/${operationId}/wait`, {
      query: { timeout: String(seconds) },
      timeoutMs: seconds * 1000 + 2_000,
      signal,
    }).catch((error: unknown) => {
      // A failed operation answers as a refused request; what was asked says more than that it was waited for.
      if (!(error instanceof IncusError) || error.said === undefined) throw error;
      throw new IncusError(kindOf(0, error.said), error.code, `Incus failed at ${what}: ${error.said}`, {
        said: error.said,
      });
    });
    if (operation.status_code === 200) return operation;
    if (operation.status_code < 200) {
      throw new IncusError('timeout', 0, `Incus did not finish ${what} within ${seconds} s`);
    }
    throw new IncusError(kindOf(0, operation.err), operation.status_code, `Incus failed at ${what}: ${operation.err}`, {
      said: operation.err,
    });
  }

  /** Sends a stream and waits for the operation that takes it in. */
  async upload(path: string, body: Readable, bytes: number, timeoutMs: number): Promise<IncusOperation> {
    const response = await this.#send('POST', path, { timeoutMs }, body, {
      'content-type': 'application/octet-stream',
      'content-length': String(bytes),
    });
    const text = await response.body.text();
    if (response.statusCode >= 400) throw toError('POST', path, response.statusCode, text);
    const operation = (JSON.parse(text) as Envelope).metadata as IncusOperation;
    return this.waitFor(operation.id, timeoutMs, `POST ${path}`);
  }

  /** A file or log as it is. */
  async fetchBytes(path: string, options: CallOptions = {}): Promise<Uint8Array> {
    const response = await this.#send('GET', path, options);
    const bytes = new Uint8Array(await response.body.arrayBuffer());
    if (response.statusCode >= 400) throw toError('GET', path, response.statusCode, Buffer.from(bytes).toString());
    return bytes;
  }

  /** What is at a path in an instance: `file`, `directory` or `symlink`; undefined where nothing can be reached. */
  async typeOfFile(instance: string, path: string, options: CallOptions): Promise<string | undefined> {
    const where = `/1.0/instances/${instance}/files`;
    const response = await this.#send('HEAD', where, { ...options, query: { path } });
    await response.body.dump();
    if (response.statusCode >= 400) return undefined;
    return String(response.headers['x-incus-type'] ?? 'file');
  }

  async #exchange(method: string, path: string, options: CallOptions): Promise<Envelope> {
    const response = await this.#send(method, path, options);
    const text = await response.body.text();
    let envelope: Envelope;
    try {
      envelope = JSON.parse(text) as Envelope;
    } catch (cause) {
      throw new IncusError('failed', response.statusCode, `Incus answered ${method} ${path} with no JSON`, { cause });
    }
    if (envelope.type === 'error') {
      const code = envelope.error_code ?? response.statusCode;
      const said = envelope.error ?? 'no reason given';
      throw new IncusError(kindOf(code, said), code, `Incus refused ${method} ${path}: ${said}`, { said });
    }
    return envelope;
  }

  async #send(method: string, path: string, options: CallOptions, stream?: Readable, headers?: Record<string, string>) {
    const query = new URLSearchParams(options.query);
    if (options.project !== undefined) query.set('project', options.project);
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const suffix = query.size === 0 ? '' : `?${query.toString()}`;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await request(`http://incus${path}${suffix}`, {
        method: method as 'GET',
        dispatcher: this.dispatcher,
        signal: options.signal ? AbortSignal.any([timeout, options.signal]) : timeout,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        ...(stream === undefined ? {} : { body: stream }),
        ...(headers === undefined ? {} : { headers }),
        ...(options.body === undefined
          ? {}
          : { body: JSON.stringify(options.body), headers: { 'content-type': 'application/json' } }),
      });
    } catch (cause) {
      options.signal?.throwIfAborted();
      throw connectionError(method, path, timeoutMs, cause);
    }
  }
}

function connectionError(method: string, path: string, timeoutMs: number, cause: unknown): IncusError {
  const error = cause as NodeJS.ErrnoException;
  const timedOut =
    error.name === 'TimeoutError' || error.name === 'AbortError' || error.code === 'UND_ERR_HEADERS_TIMEOUT';
  if (timedOut)
    return new IncusError('timeout', 0, `Incus did not answer ${method} ${path} within ${timeoutMs} ms`, { cause });
  return new IncusError('unavailable', 0, `Incus cannot be reached for ${method} ${path}: ${error.message}`, { cause });
}

function toError(method: string, path: string, code: number, text: string): IncusError {
  let said = text.slice(0, 300);
  try {
    said = (JSON.parse(text) as Envelope).error ?? said;
  } catch {
    // Not every refusal is JSON; its text is as good.
  }
  return new IncusError(kindOf(code, said), code, `Incus refused ${method} ${path}: ${said}`, { said });
}

/** What the kernel says where the pool or the disk below it has no room, or has failed: no fault of what was asked for. */
const STORAGE_TROUBLE = /no space left on device|read-only file system|input\/output error|structure needs cleaning/i;

/** Incus says much with 400 and 500 only; its text tells a passing trouble from a wrong spec. */
export function kindOf(code: number, said: string): EngineError['kind'] {
  if (STORAGE_TROUBLE.test(said)) return 'unavailable';
  if (code === 404 || /not found|image not provided/i.test(said)) return 'not_found';
  if (code === 503 || /busy running|database is locked|daemon is (starting|shutting)|try again/i.test(said))
    return 'unavailable';
  if (code === 400) return 'invalid';
  return 'failed';
}

/** For paths: Incus names hold no slashes, image aliases do. */
export const segment = (name: string): string => encodeURIComponent(name);
