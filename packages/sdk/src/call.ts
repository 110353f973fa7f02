export interface ClientOptions {
  /** Where the REST API listens: `http://127.0.0.1:8080`. */
  readonly endpoint: string;
  /** Without it only the public operations (register, log in) work. */
  readonly apiKey?: string | undefined;
  /** The tenant to act in, a UUID. Default: the key's own. */
  readonly tenantId?: string | undefined;
  /** Milliseconds for a whole call, retries included; `wait` and a command's own time come on top. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Most repetitions of a call that may be repeated. Default 3. */
  readonly retries?: number | undefined;
  /** Milliseconds before the first repetition; it doubles. Default 200. */
  readonly retryDelayMs?: number | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default: the platform's own `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly retries?: number | undefined;
  readonly tenantId?: string | undefined;
}

/** Of operations whose resource takes time to settle. */
export interface WaitOption {
  /** Seconds, at most 60, that the answer may be held back until the resource has settled. Default 0. */
  readonly wait?: number | undefined;
}

/** Of operations that create. */
export interface KeyOption {
  /** The same key makes the same thing once. Default: a new one for each call, so that a repeated request creates nothing twice. */
  readonly idempotencyKey?: string | undefined;
}

/** Of operations that change something that has a version. */
export interface VersionOption {
  /** The `version` that was read; the call fails with CONFLICT when it has moved on. */
  readonly ifMatch?: number | undefined;
}

/** What the transport must know of an operation. */
export interface CallSpec {
  readonly name: string;
  readonly method: string;
  /** `/instances/:id/stop` */
  readonly path: string;
  /** Takes Idempotency-Key. */
  readonly idempotent?: boolean;
  /** Default `json`, the envelope. */
  readonly answer?: 'json' | 'text' | 'stream' | 'socket' | 'events';
  /** Lasts as long as the input's `timeout` says, 60 s by default. */
  readonly live?: boolean;
  readonly settles?: { readonly field: string; readonly values: readonly string[] };
}

/** Where a websocket is to be opened: `new WebSocket(target.url, [...target.protocols])`. The second holds the key. */
export interface SocketTarget {
  readonly url: string;
  readonly protocols: readonly string[];
}

export type AllOptions = CallOptions & WaitOption & KeyOption & VersionOption;
export type Input = Readonly<Record<string, unknown>>;

export interface Page<T> {
  readonly items: readonly T[];
  /** There is more: send it as `cursor`. */
  readonly nextCursor?: string;
}

/** One HTTP request, before the endpoint and the key are added. */
export interface RawRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly signal?: AbortSignal | undefined;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Transport {
  /** What the operation answers: `data`, text, or nothing. Throws CloudApiError, CloudConnectionError, or the signal's reason. */
  call<T>(spec: CallSpec, input: Input, options?: AllOptions): Promise<T>;
  page<T>(spec: CallSpec, input: Input, options?: AllOptions): Promise<Page<T>>;
  /** The chunks of a stream as they arrive. `timeoutMs` limits the time to its beginning. `signal`, or leaving the loop, ends it. */
  stream(spec: CallSpec, input: Input, options?: AllOptions): AsyncGenerator<Uint8Array, void, undefined>;
  socket(spec: CallSpec, input: Input, options?: AllOptions): SocketTarget;
  /** Any request. An answer of 400 or more is thrown. */
  send(request: RawRequest): Promise<RawAnswer>;
}
