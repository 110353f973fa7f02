import type { Call } from './hooks.ts';
import type { ProtocolName } from './model/compact.ts';
import { splitUrl, type WireRequest } from './request.ts';
import { guessProtocol } from './routing/find-service.ts';
import type { S3Address } from './s3/address.ts';
import type { Service } from './service.ts';
import { hasClaim } from './sigv4/claim.ts';

/** One request on its way: what is known so far decides the form of a refusal. */
export class CallState<P> {
  readonly request: WireRequest;
  readonly requestId: string;
  readonly path: string;
  readonly query: string;
  service: Service<P> | undefined;
  #protocol: ProtocolName | undefined;
  operation: string | undefined;
  labels: Record<string, string> = {};
  /** Those of the request, with those that a presigned S3 URL carries. */
  headers: Readonly<Record<string, string>>;
  address: S3Address | undefined;
  /** The caller, once the signature is good. */
  verified: Caller<P> | undefined;
  readonly signal: (() => AbortSignal) | undefined;
  /** The same as hooks see it: one object from first to last. */
  readonly facts: Call<P>;

  constructor(request: WireRequest, requestId: string, signal?: () => AbortSignal) {
    const { path, query } = splitUrl(request.url);
    this.request = request;
    this.headers = request.headers;
    this.requestId = requestId;
    this.path = path;
    this.query = query;
    this.signal = signal;
    this.facts = new Facts(this);
  }

  /** Guessed from the head until the service is known. */
  get protocol(): ProtocolName {
    this.#protocol ??= guessProtocol(this.request);
    return this.#protocol;
  }
  set protocol(protocol: ProtocolName) {
    this.#protocol = protocol;
  }
}

/** Who signed a request, by a header, a URL or the policy of a form. */
export interface Caller<P> {
  readonly principal: P;
  readonly accessKeyId: string;
  readonly claim: { readonly region: string };
}

class Facts<P> implements Call<P> {
  readonly #state: CallState<P>;

  constructor(state: CallState<P>) {
    this.#state = state;
  }
  get request(): WireRequest {
    return this.#state.request;
  }
  get requestId(): string {
    return this.#state.requestId;
  }
  get protocol(): ProtocolName {
    return this.#state.protocol;
  }
  get service(): string | undefined {
    return this.#state.service?.model.id;
  }
  get operation(): string | undefined {
    const { service, operation } = this.#state;
    return operation !== undefined && service?.model.has(operation) ? operation : undefined;
  }
  get bucket(): string | undefined {
    return this.#state.address?.bucket;
  }
  get isSigned(): boolean {
    return this.#state.verified !== undefined || hasClaim(this.#state.request, this.#state.query);
  }
  get principal(): P | undefined {
    return this.#state.verified?.principal;
  }
  get accessKeyId(): string | undefined {
    return this.#state.verified?.accessKeyId;
  }
  get region(): string | undefined {
    return this.#state.verified?.claim.region || undefined;
  }
}
