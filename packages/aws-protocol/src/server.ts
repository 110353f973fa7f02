import { randomUUID } from 'node:crypto';
import { checkHead, guardBody, release } from './answer.ts';
import { storedEncoding } from './body.ts';
import type { BodyFacts } from './body-checks.ts';
import { Authenticator } from './authenticate.ts';
import { type Caller, CallState } from './call.ts';
import { CallContext } from './call-context.ts';
import { parsePairs } from './codec/form.ts';
import { addCors, announcedBy, answerPreflight, type Cors, rulesFor } from './cors.ts';
import { DEFAULT_LIMITS, type Limits, Malformed } from './codec/malformed.ts';
import { headersTooLarge, Refusal } from './errors.ts';
import type { CallFailure } from './hooks.ts';
import type { Operation } from './model/schema.ts';
import { failureOf } from './protocol/failure.ts';
import type { InputParts } from './protocol/protocol.ts';
import { PROTOCOLS } from './protocol/protocols.ts';
import { inputStreams } from './protocol/rest.ts';
import type { WireRequest, WireResponse } from './request.ts';
import { isForm, ServiceFinder } from './routing/find-service.ts';
import { addressOf, type S3Address } from './s3/address.ts';
import { hoistedHeaders } from './s3/hoisted.ts';
import { checkOverrides } from './s3/overrides.ts';
import { isPostForm, readPostForm } from './s3/post-form.ts';
import type { ServerOptions } from './server-options.ts';
import { checkValues } from './s3/values.ts';
import type { Service } from './service.ts';
import { S3_NAMES } from './sigv4/canonical.ts';
import { isThenable } from './thenable.ts';
import { withQueueUrl } from './sqs/queue-url.ts';
import { validateInput } from './validate.ts';

/** Serves AWS requests: routes, authenticates, parses, validates, calls the handler, and serialises the answer. Never throws or rejects. */
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
    const call = new CallState<P>(request, this.#newRequestId(), signal);
    let answer: WireResponse | undefined;
    let failure: CallFailure | undefined;
    try {
      answer = await this.#serve(call);
      checkHead(answer);
    } catch (error) {
      release(answer?.body);
      ({ answer, failure } = this.#refuse(call, error));
    }
    if (request.method === 'HEAD') {
      release(answer.body);
      answer.body = '';
    } else guardBody(answer, (error) => this.#report(call, error));
    if (this.#options.cors) await this.#addCors(call, answer, this.#options.cors);
    this.#tell(call, answer, failure);
    return answer;
  }

  /** Returns the answer to a request that cannot be passed to `handle`, for example one with ambiguous headers. */
  refuse(request: WireRequest, error: unknown): WireResponse {
    const call = new CallState<P>(request, this.#newRequestId());
    const { answer, failure } = this.#refuse(call, error);
    this.#tell(call, answer, failure);
    return answer;
  }

  #newRequestId(): string {
    return (this.#options.newRequestId ?? randomUUID)();
  }

  async #addCors(call: CallState<P>, answer: WireResponse, cors: Cors<P>): Promise<void> {
    if (announcedBy(call.request)) return;
    try {
      addCors(
        call.request,
        answer,
        call.request.headers['origin'] === undefined ? [] : await rulesFor(cors, call.facts),
      );
    } catch (error) {
      // The answer stands; only a page of another origin cannot read it.
      this.#report(call, error);
    }
  }

  #tell(call: CallState<P>, { status }: WireResponse, failure: CallFailure | undefined): void {
    try {
      this.#options.onAnswer?.(call.facts, { status, failure });
    } catch (broken) {
      this.#report(call, broken);
    }
  }

  /** A hook may fail too; the caller still gets an answer. */
  #report(call: CallState<P>, error: unknown): void {
    try {
      this.#options.onError?.(error, call.facts);
    } catch (broken) {
      process.emitWarning(broken instanceof Error ? broken : String(broken));
    }
  }

  #refuse(call: CallState<P>, error: unknown): { answer: WireResponse; failure: CallFailure } {
    const model = call.service?.model;
    const write = (thrown: unknown) => {
      const failure = failureOf(thrown, call.protocol, model);
      if (failure.status >= 500 && failure.status !== 501) this.#report(call, thrown);
      const answer = PROTOCOLS[call.protocol].writeError(failure, {
        model,
        requestId: call.requestId,
        limits: this.limits,
      });
      checkHead(answer);
      const { code, message, reason } = failure;
      return { answer, failure: { code, message, reason, error: thrown } };
    };
    try {
      return write(error);
    } catch (broken) {
      return write(broken);
    }
  }

  async #serve(call: CallState<P>): Promise<WireResponse> {
    const { request } = call;
    if (request.url.length > this.limits.headerBytes) throw headersTooLarge();
    const announced = this.#options.cors && announcedBy(request);
    const found = this.#finder.find(announced ?? request, call.path, call.query);
    call.service = found.service;
    call.protocol = found.protocol;
    call.operation = found.operation;
    this.#options.admit?.(call.facts);
    if (announced && this.#options.cors) {
      if (call.service?.model.id === 's3')
        call.address = addressOf(request.headers['host'] ?? '', call.path, this.#options.s3Domains ?? []);
      return answerPreflight(request, await rulesFor(this.#options.cors, call.facts));
    }
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
      headers: call.headers,
      mayBeUnsigned: form || this.#mayBeUnsigned(call),
      checksumsOfObject: call.service?.model.id === 's3' && call.operation === 'CompleteMultipartUpload',
      bucketOfHost: call.address?.virtualHost ? call.address.bucket : undefined,
      bodyBytes: call.service?.bodyBytes,
    });
    if (verified) await this.#verified(call, verified);
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
          ? `No operation has this method and path${call.protocol.startsWith('awsJson') ? ', and there is no X-Amz-Target' : ''}.`
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
      headers: call.headers,
      body,
      stream: opened?.stream,
      labels: call.labels,
      query: form && service.model.id === 'sqs' ? withQueueUrl(operation, request, pairs) : pairs,
    });
    return await this.#answer(call, service, operation, handler, input, opened?.facts);
  }

  #verified(call: CallState<P>, caller: Caller<P>): void | Promise<void> {
    call.verified = caller;
    return this.#options.onVerified?.(call.facts);
  }

  /** False only where it is known already: what is wrong otherwise is told first. */
  #mayBeUnsigned({ service, operation, protocol }: CallState<P>): boolean {
    if (!service || operation === undefined || !service.model.has(operation) || !service.speaks(protocol)) return true;
    return this.#options.allowAnonymous?.(service.model.id, operation) === true;
  }

  #routeRest(call: CallState<P>, service: Service<P>): void {
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
      call.headers = hoistedHeaders(request, call.query);
      call.address = addressOf(request.headers['host'] ?? '', path, this.#options.s3Domains ?? []);
      path = call.address.path;
    }
    const match = service.routes.match(request.method, path, pairs, call.headers, call.address?.bucket);
    if (!match) return;
    call.operation = match.operation;
    call.labels = match.labels;
    if (call.address?.bucket !== undefined) call.labels['Bucket'] = call.address.bucket;
  }

  #formPairs(call: CallState<P>, body: Uint8Array): [string, string][] {
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

  #routeForm(call: CallState<P>, pairs: readonly [string, string][]): void {
    const action = pairs.find(([name]) => name === 'Action')?.[1];
    const version = pairs.find(([name]) => name === 'Version')?.[1];
    // Several services may share a signing name and a host; the version tells them apart.
    if (!call.service || (version !== undefined && call.service.model.version !== version)) {
      const picked = this.#finder.pickByVersion(version, action);
      if (picked && (!call.service || picked.model.signingName === call.service.model.signingName))
        call.service = picked;
    }
    if (call.service?.speaks('ec2Query')) call.protocol = 'ec2Query';
    if (action === undefined) throw new Refusal('missingAction', 'The request must contain the parameter Action');
    if (version !== undefined && call.service?.answersVersion(version) === false) {
      const shown = [action, version].map((word) => word.slice(0, 128));
      throw new Refusal('unknownOperation', `Could not find operation ${shown[0]} for version ${shown[1]}`);
    }
    call.operation = action;
  }

  #readInput(
    call: CallState<P>,
    service: Service<P>,
    operation: Operation,
    parts: InputParts,
  ): Record<string, unknown> {
    const input = PROTOCOLS[call.protocol].readInput(operation, parts, this.limits);
    if (service.model.id === 's3') checkOverrides(parts.query);
    if (service.model.id === 's3' && 'ContentEncoding' in input) {
      const kept = storedEncoding(call.headers);
      if (kept === undefined) delete input['ContentEncoding'];
      else input['ContentEncoding'] = kept;
    }
    validate(service, operation, input);
    return input;
  }

  async #answer(
    call: CallState<P>,
    service: Service<P>,
    operation: Operation,
    handler: (input: unknown, context: unknown) => unknown,
    input: Record<string, unknown>,
    facts: (() => BodyFacts) | undefined,
  ): Promise<WireResponse> {
    const context = new CallContext(call, service.model.id, operation.name, facts);
    const allowed = this.#options.authorize?.(call.facts, input);
    if (isThenable(allowed)) await allowed;
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
    if (
      service.model.id === 's3' &&
      /^(?:Get|Head)Object$/.test(operation.name) &&
      output['ContentRange'] !== undefined
    )
      answer.status = 206;
    if (context.answerStatus !== undefined) answer.status = context.answerStatus;
    return answer;
  }

  async #postForm(call: CallState<P>, service: Service<P>, { bucket }: S3Address): Promise<WireResponse> {
    if (bucket === undefined) throw new Refusal('unknownOperation', 'A form upload needs a bucket.');
    call.operation = 'PutObject';
    const handler = service.handler('PutObject');
    if (!handler) throw new Refusal('notImplemented', 'The operation PutObject is not implemented here.');
    const form = await readPostForm(call.request, bucket, {
      model: service.model,
      credentials: this.#options.credentials,
      limits: this.limits,
      now: this.#options.signature?.now ?? Date.now,
    });
    if (form.signer) {
      const { principal, accessKeyId, region = '' } = form.signer;
      await this.#verified(call, { principal, accessKeyId, claim: { region } });
    } else if (!this.#options.allowAnonymous?.('s3', 'PutObject')) throw new Refusal('accessDenied', 'Access Denied');
    const operation = service.model.operation('PutObject');
    validate(service, operation, form.input);
    const put = await this.#answer(call, service, operation, handler, form.input, form.facts);
    return form.answer(put, bucket, call.requestId);
  }
}

/** S3 has signing names of its own for some kinds of bucket. */
function isScopedTo<P>(name: string, service: Service<P>): boolean {
  return name === service.model.signingName || (service.model.id === 's3' && S3_NAMES.has(name));
}

function validate<P>(service: Service<P>, { input: shape }: Operation, input: Record<string, unknown>): void {
  if (!service.validate || !shape) return;
  if (service.model.id === 's3') checkValues(shape, input);
  validateInput(shape, input);
}
