import type { BodyFacts } from './body-checks.ts';
import type { CallState } from './call.ts';
import { AwsError } from './errors.ts';
import type { ProtocolName } from './model/compact.ts';
import type { Context } from './types.ts';

/** The handler's second argument. A class, because an object literal with a getter costs 2 us per request. */
export class CallContext<P> implements Context<P> {
  readonly service: string;
  readonly operation: string;
  readonly protocol: ProtocolName;
  readonly requestId: string;
  readonly principal: P | undefined;
  readonly accessKeyId: string | undefined;
  readonly region: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  readonly answerHeaders: Record<string, string> = {};
  answerStatus: number | undefined = undefined;
  readonly body: () => BodyFacts;
  readonly #makeSignal: (() => AbortSignal) | undefined;
  #signal: AbortSignal | undefined;

  constructor(call: CallState<P>, service: string, operation: string, facts: (() => BodyFacts) | undefined) {
    const { verified } = call;
    this.service = service;
    this.operation = operation;
    this.protocol = call.protocol;
    this.requestId = call.requestId;
    this.principal = verified?.principal;
    this.accessKeyId = verified?.accessKeyId;
    this.region = verified?.claim.region || undefined;
    this.headers = call.headers;
    this.url = call.request.url;
    this.body = facts ?? noBody;
    this.#makeSignal = call.signal;
  }

  get signal(): AbortSignal | undefined {
    this.#signal ??= this.#makeSignal?.();
    return this.#signal;
  }
}

function noBody(): never {
  throw new AwsError('InternalError', 'this operation has no streamed body', { status: 500 });
}
