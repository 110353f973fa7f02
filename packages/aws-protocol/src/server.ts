import { randomUUID } from 'node:crypto';
import { checkHead, guardBody, release } from './answer.ts';
import { type BodyFacts, storedEncoding } from './body.ts';
import { Authenticator } from './authenticate.ts';
import { parsePairs } from './codec/form.ts';
import { DEFAULT_LIMITS, type Limits, Malformed } from './codec/malformed.ts';
import { AwsError, Refusal } from './errors.ts';
import type { ProtocolName } from './model/compact.ts';
import type { Operation } from './model/schema.ts';
import { failureOf } from './protocol/failure.ts';
import { awsJson, rpcV2Cbor } from './protocol/json.ts';
import type { InputParts, Protocol } from './protocol/protocol.ts';
import { query as queryProtocol } from './protocol/query.ts';
import { inputStreams, restJson, restXml } from './protocol/rest.ts';
import { splitUrl, type WireRequest, type WireResponse } from './request.ts';
import { isForm, ServiceFinder } from './routing/find-service.ts';
import { addressOf, type S3Address } from './s3/address.ts';
import { checkOverrides } from './s3/overrides.ts';
import { isPostForm, readPostForm } from './s3/post-form.ts';
import type { Service } from './service.ts';
import { S3_NAMES } from './sigv4/canonical.ts';
import { hasClaim } from './sigv4/claim.ts';
import type { CredentialProvider, Verified, VerifyOptions } from './sigv4/verify.ts';
import type { Context } from './types.ts';
import { isThenable } from './thenable.ts';
import { validateInput } from './validate.ts';

export interface ServerOptions<P> {
  readonly services: readonly Service<P>[];
  readonly credentials: CredentialProvider<P>;
  /**
   * Asked once the service is known, before anybody is looked up and before the body is read. `isSigned`: `credentials` will be asked, unless
   * what the request says of its signature cannot be read. What it throws is the answer: the place for limits on strangers.
   */
  readonly admit?: (request: WireRequest, service: string | undefined, isSigned: boolean) => void;
  /** Told of a good signature, before the input is read. What it throws is the answer: the place for limits on the caller. */
  readonly onVerified?: (principal: P, request: WireRequest, service: string | undefined) => void;
  /** Let unsigned requests in, by service id and operation; their principal is undefined. Default: none. */
  readonly allowAnonymous?: (service: string, operation: string) => boolean;
  /** Domains below which S3 buckets are virtual hosts, for example `s3.example.org`. */
  readonly s3Domains?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly signature?: VerifyOptions;
  /** Told of everything that was not the caller's fault. Default: nothing is done. */
  readonly onError?: (error: unknown, request: WireRequest, requestId: string) => void;
  readonly newRequestId?: () => string;
}

const PROTOCOLS: Record<ProtocolName, Protocol> = {
  awsJson1_0: awsJson('1.0'),
  awsJson1_1: awsJson('1.1'),
  awsQuery: queryProtocol('awsQuery'),
  ec2Query: queryProtocol('ec2Query'),
  restJson1: restJson(),
  restXml: restXml(),
  rpcv2Cbor: rpcV2Cbor(),
};

/** One request on its way: what is known so far decides the form of a refusal. */
interface Call<P> {
  readonly request: WireRequest;
  readonly requestId: string;
  readonly path: string;
  readonly query: string;
  service: Service<P> | undefined;
  protocol: ProtocolName;
  operation: string | undefined;
  labels: Record<string, string>;
  address: S3Address | undefined;
  readonly signal: (() => AbortSignal) | undefined;
}

/** Serves AWS requests: routes, authenticates, reads, validates, calls the handler, writes. Never throws, never rejects. */
export class AwsServer<P = unknown> {
  readonly services: readonly Service<P>[];
  readonly limits: Limits;
  readonly #options: ServerOptions<P>;
  readonly #finder: ServiceFinder<P>;
  readonly #authenticator: Authenticator<P>;

  constructor(options: ServerOptions<P>) {
    this.services = options.services;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#options = options;
    this.#finder = new ServiceFinder(options.services);
    this.#authenticator = new Authenticator(options.credentials, this.limits, options.signature);
  }

  async handle(request: WireRequest, signal?: () => AbortSignal): Promise<WireResponse> {
    const requestId = (this.#options.newRequestId ?? randomUUID)();
    const call: Call<P> = {
      request,
      requestId,
      ...splitUrl(request.url),
      service: undefined,
      protocol: guessProtocol(request),
      operation: undefined,
      labels: {},
      address: undefined,
      signal,
    };
    let answer: WireResponse | undefined;
    try {
      answer = await this.#serve(call);
      checkHead(answer);
    } catch (error) {
      release(answer?.body);
      answer = this.#refuse(call, error);
    }
    if (request.method === 'HEAD') {
      release(answer.body);
      answer.body = '';
    } else guardBody(answer, (error) => this.#report(call, error));
    return answer;
  }

  /** Whoever is told may fail as well: the caller shall have an answer all the same. */
  #report(call: Call<P>, error: unknown): void {
    try {
      this.#options.onError?.(error, call.request, call.requestId);
    } catch (broken) {
      process.emitWarning(broken instanceof Error ? broken : String(broken));
    }
  }

  /** The answer to a request that could not even be handed over, for example one with ambiguous headers. */
  refuse(request: WireRequest, error: unknown): WireResponse {
    const requestId = (this.#options.newRequestId ?? randomUUID)();
    const at = splitUrl(request.url);
    return this.#refuse(
      {
        request,
        requestId,
        ...at,
        service: undefined,
        protocol: guessProtocol(request),
        operation: undefined,
        labels: {},
        address: undefined,
        signal: undefined,
      },
      error,
    );
  }

  #refuse(call: Call<P>, error: unknown): WireResponse {
    const model = call.service?.model;
    const failure = failureOf(error, call.protocol, model);
    if (failure.status >= 500 && failure.status !== 501) this.#report(call, error);
    try {
      const written = PROTOCOLS[call.protocol].writeError(failure, {
        model,
        requestId: call.requestId,
        limits: this.limits,
      });
      checkHead(written);
      return written;
    } catch (broken) {
      this.#report(call, broken);
      const bare = failureOf(broken, call.protocol, model);
      return PROTOCOLS[call.protocol].writeError(bare, { model, requestId: call.requestId, limits: this.limits });
    }
  }

  async #serve(call: Call<P>): Promise<WireResponse> {
    const { request } = call;
    if (request.url.length > this.limits.headerBytes) throw new Refusal('tooLarge', 'The request target is too long.');
    const found = this.#finder.find(request, call.path, call.query);
    call.service = found.service;
    call.protocol = found.protocol;
    call.operation = found.operation;
    this.#options.admit?.(request, found.service?.model.id, hasClaim(request, call.query));
    const form = found.protocol === 'awsQuery' || found.protocol === 'ec2Query';
    const rest = found.protocol === 'restJson1' || found.protocol === 'restXml';
    if (rest && call.service) {
      if (call.service.model.id === 's3' && isPostForm(request)) {
        call.address = addressOf(request.headers['host'] ?? '', call.path, this.#options.s3Domains ?? []);
        // Below a bucket it is the type of an object to come.
        if (call.address.path === '/') return await this.#postForm(call, call.service, call.address);
      }
      this.#routeRest(call, call.service);
    }
    if (!form && call.service === undefined)
      throw new Refusal('unknownService', 'No service here answers to this request.');

    const streams =
      rest &&
      call.service?.model.has(call.operation ?? '') &&
      inputStreams(call.service.model.operation(call.operation as string));
    const { verified, opened, body } = await this.#authenticator.authenticate(request, {
      isS3: call.service?.model.id === 's3',
      streams: Boolean(streams),
      mayBeUnsigned: form || this.#mayBeUnsigned(call),
      checksumsOfObject: call.service?.model.id === 's3' && call.operation === 'CompleteMultipartUpload',
      bucketOfHost: call.address?.virtualHost ? call.address.bucket : undefined,
    });
    if (verified) this.#options.onVerified?.(verified.principal, request, call.service?.model.id);
    const pairs = rest ? parsePairs(call.query, false, this.limits.nodes) : form ? this.#formPairs(call, body) : [];
    if (form) this.#routeForm(call, pairs);
    const { service } = call;
    if (!service) throw new Refusal('unknownService', 'No service here answers to this request.');
    if (!service.speaks(call.protocol)) {
      throw new Refusal('unknownOperation', `${service.model.serviceId} does not speak ${call.protocol}.`);
    }
    if (call.operation === undefined || !service.model.has(call.operation)) {
      throw new Refusal(
        'unknownOperation',
        call.operation === undefined
          ? 'No operation has this method and path.'
          : `The operation ${call.operation.slice(0, 128)} is not known.`,
      );
    }
    if (verified === undefined && !this.#options.allowAnonymous?.(service.model.id, call.operation)) {
      throw new Refusal('missingAuthentication', 'Request is missing Authentication Token');
    }
    if (verified && !isScopedTo(verified.claim.service, service)) {
      throw new Refusal(
        'signatureMismatch',
        `Credential should be scoped to correct service: '${service.model.signingName}'.`,
      );
    }
    const handler = service.handler(call.operation);
    if (!handler) throw new Refusal('notImplemented', `The operation ${call.operation} is not implemented here.`);
    const operation = service.model.operation(call.operation);
    const input = this.#readInput(call, service, operation, {
      headers: request.headers,
      body,
      stream: opened?.stream,
      labels: call.labels,
      query: pairs,
    });
    return await this.#answer(call, service, operation, handler, input, verified, opened?.facts);
  }

  /** False only where it is known already: what is wrong otherwise is told first. */
  #mayBeUnsigned({ service, operation, protocol }: Call<P>): boolean {
    if (!service || operation === undefined || !service.model.has(operation) || !service.speaks(protocol)) return true;
    return this.#options.allowAnonymous?.(service.model.id, operation) === true;
  }

  #routeRest(call: Call<P>, service: Service<P>): void {
    const { request } = call;
    const pairs = parsePairs(call.query, false, this.limits.nodes);
    let { path } = call;
    if (service.model.id === 's3') {
      // Its host names no bucket, but may look as if it did. An object may have this name: the route is what tells.
      if (
        path === '/WriteGetObjectResponse' &&
        request.method === 'POST' &&
        request.headers['x-amz-request-route'] !== undefined
      ) {
        call.operation = 'WriteGetObjectResponse';
        return;
      }
      call.address = addressOf(request.headers['host'] ?? '', path, this.#options.s3Domains ?? []);
      path = call.address.path;
    }
    const match = service.routes.match(request.method, path, pairs, request.headers, call.address?.bucket);
    if (!match) return;
    call.operation = match.operation;
    call.labels = match.labels;
    if (call.address?.bucket !== undefined) call.labels['Bucket'] = call.address.bucket;
  }

  #formPairs(call: Call<P>, body: Uint8Array): [string, string][] {
    const pairs = parsePairs(call.query, true, this.limits.nodes);
    if (body.length === 0) return pairs;
    if (!isForm(call.request.headers)) throw new Malformed('The body must be application/x-www-form-urlencoded.');
    return [
      ...pairs,
      ...parsePairs(
        Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'),
        true,
        this.limits.nodes,
      ),
    ];
  }

  #routeForm(call: Call<P>, pairs: readonly [string, string][]): void {
    const action = pairs.find(([name]) => name === 'Action')?.[1];
    const version = pairs.find(([name]) => name === 'Version')?.[1];
    // Several services may share a signing name and a host; the version tells them apart.
    if (!call.service || (version !== undefined && call.service.model.version !== version)) {
      const picked = this.#finder.pickByVersion(version, action);
      if (picked && (!call.service || picked.model.signingName === call.service.model.signingName))
        call.service = picked;
    }
    if (call.service?.speaks('ec2Query')) call.protocol = 'ec2Query';
    if (action === undefined) throw new Refusal('unknownOperation', 'The request must contain the parameter Action.');
    call.operation = action;
  }

  #readInput(call: Call<P>, service: Service<P>, operation: Operation, parts: InputParts): Record<string, unknown> {
    const input = PROTOCOLS[call.protocol].readInput(operation, parts, this.limits);
    if (service.model.id === 's3') checkOverrides(parts.query);
    if (service.model.id === 's3' && 'ContentEncoding' in input) {
      const kept = storedEncoding(call.request.headers);
      if (kept === undefined) delete input['ContentEncoding'];
      else input['ContentEncoding'] = kept;
    }
    if (service.validate && operation.input) validateInput(operation.input, input);
    return input;
  }

  async #answer(
    call: Call<P>,
    service: Service<P>,
    operation: Operation,
    handler: (input: unknown, context: unknown) => unknown,
    input: Record<string, unknown>,
    verified: Verified<P> | undefined,
    facts: (() => BodyFacts) | undefined,
  ): Promise<WireResponse> {
    let signal: AbortSignal | undefined;
    const context: Context<P> = {
      service: service.model.id,
      operation: operation.name,
      protocol: call.protocol,
      requestId: call.requestId,
      principal: verified?.principal,
      accessKeyId: verified?.accessKeyId,
      region: verified?.claim.region || undefined,
      headers: call.request.headers,
      url: call.request.url,
      get signal() {
        signal ??= call.signal?.();
        return signal;
      },
      answerHeaders: {},
      answerStatus: undefined,
      body: facts ?? noBody,
    };
    const made = handler(input, context);
    const output = ((isThenable(made) ? await made : made) ?? {}) as Record<string, unknown>;
    let answer: WireResponse;
    try {
      answer = PROTOCOLS[call.protocol].writeOutput(operation, output, {
        model: service.model,
        requestId: call.requestId,
        limits: this.limits,
        report: (error) => this.#report(call, error),
      });
    } catch (error) {
      for (const value of Object.values(output)) release(value);
      throw error;
    }
    Object.assign(answer.headers, context.answerHeaders);
    // The model knows only 200 for it, but clients take a range for one by its 206.
    if (service.model.id === 's3' && operation.name === 'GetObject' && output['ContentRange'] !== undefined)
      answer.status = 206;
    if (context.answerStatus !== undefined) answer.status = context.answerStatus;
    return answer;
  }

  async #postForm(call: Call<P>, service: Service<P>, { bucket }: S3Address): Promise<WireResponse> {
    if (bucket === undefined) throw new Refusal('unknownOperation', 'A form upload needs a bucket.');
    call.operation = 'PutObject';
    const handler = service.handler('PutObject');
    if (!handler) throw new Refusal('notImplemented', 'The operation PutObject is not implemented here.');
    const form = await readPostForm(
      call.request,
      bucket,
      this.#options.credentials,
      this.#options.signature?.now ?? Date.now,
    );
    if (!form.signed && !this.#options.allowAnonymous?.('s3', 'PutObject'))
      throw new Refusal('accessDenied', 'Access Denied');
    if (form.signed) this.#options.onVerified?.(form.principal as P, call.request, 's3');
    const operation = service.model.operation('PutObject');
    const verified = form.signed
      ? ({ principal: form.principal, accessKeyId: form.accessKeyId, claim: { region: form.region } } as Verified<P>)
      : undefined;
    const put = await this.#answer(call, service, operation, handler, form.input, verified, form.facts);
    return form.answer(put, bucket, call.requestId);
  }
}

/** S3 has signing names of its own for some kinds of bucket. */
function isScopedTo<P>(name: string, service: Service<P>): boolean {
  return name === service.model.signingName || (service.model.id === 's3' && S3_NAMES.has(name));
}

function noBody(): never {
  throw new AwsError('InternalError', 'this operation has no streamed body', { status: 500 });
}

/** The form of refusals that come before the service is known. */
function guessProtocol({ headers, url }: WireRequest): ProtocolName {
  if (headers['smithy-protocol'] !== undefined) return 'rpcv2Cbor';
  if (headers['x-amz-target'] !== undefined)
    return headers['content-type']?.includes('json-1.0') ? 'awsJson1_0' : 'awsJson1_1';
  if (isForm(headers) || /[?&]Action=/.test(url)) return 'awsQuery';
  return 'restXml';
}
