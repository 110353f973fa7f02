import {
  type AnyHandlers,
  type Call,
  type Context,
  loadModel,
  Refusal,
  Service as AwsService,
} from '@thecloud/aws-protocol';
import type { AwsAction, AwsActions, AwsContext, AwsServiceId } from '../../kernel/aws-actions.ts';
import type { Caller, Origin } from '../../kernel/caller.ts';
import { CloudError, unauthorized } from '../../kernel/errors.ts';
import type { Execute } from '../../kernel/execute.ts';
import type { Service } from '../../kernel/service.ts';
import type { TokenBucket } from '../../kernel/token-bucket.ts';
import type { ClientSide } from '../caller-address.ts';
import { AWS_LIMITS } from '../limits.ts';
import type { AwsRequest } from './aws-request.ts';
import { baseUrlOf } from './base-url.ts';
import type { KnownKey } from './credentials.ts';
import { asAwsError, codesWithoutWords } from './errors.ts';

/** Who signed a request, and the request. */
export interface Principal {
  readonly accessKeyId: string;
  readonly keyId: string;
  /** The key's own: no other can be named at this door. */
  readonly tenantId: string;
  /** The key as it is now: it may have been revoked while the body came. */
  readonly lookUp: () => Promise<KnownKey | undefined>;
  readonly request: AwsRequest;
  /** What this attempt was taken from: given back when its signature is good. */
  readonly attempts: TokenBucket;
}

export interface GatewayOptions {
  readonly services: readonly Service[];
  readonly execute: Execute;
  /** The platform's one. */
  readonly region: string;
  readonly schemeOf: ClientSide['schemeOf'];
  /** A request that ends well without an authorisation decision is an error of ours. */
  readonly testMode: boolean;
}

/** Clients sign for this region where an AWS service has one endpoint for the whole world. */
const GLOBAL_REGION = 'us-east-1';
const GLOBAL_SERVICES: ReadonlySet<string> = new Set<AwsServiceId>(['iam', 'sts']);

/** The actions of our services, put together by AWS's: only models of services that have any are loaded. */
export function createGateway(options: GatewayOptions): readonly AwsService<Principal>[] {
  const tables = new Map<AwsServiceId, AnyHandlers<Principal>>();
  for (const service of options.services) {
    for (const part of service.aws ?? []) {
      const missing = codesWithoutWords(Object.keys(service.errors ?? {}), part.errors ?? {});
      if (missing.length > 0) throw new Error(`${service.name}: no AWS code for ${missing.join(', ')}`);
      const table = tables.get(part.service) ?? {};
      tables.set(part.service, table);
      for (const [name, action] of Object.entries(part.actions)) {
        if (table[name]) throw new Error(`${part.service} ${name} is an action of two services`);
        table[name] = bind(part, action, options);
      }
      for (const [name, why] of Object.entries(part.unsupported ?? {}))
        table[name] = () => Promise.reject(new Refusal('notImplemented', `${name} is not supported: ${why}.`));
    }
  }
  const parts = options.services.flatMap((service) => service.aws ?? []);
  return [...tables].map(([id, handlers]) => {
    const limits = parts.flatMap((part) => (part.service === id ? (part.bodyLimit ?? AWS_LIMITS.bodyBytes) : []));
    return new AwsService(loadModel(id), handlers, { bodyBytes: Math.max(...limits) });
  });
}

function bind(part: AwsActions, action: AwsAction, options: GatewayOptions): AnyHandlers<Principal>[string] {
  const { execute, testMode } = options;
  return async (input, context) => {
    const { lookUp, request } = context.principal!;
    // Read and checked since the signature was found to be good, without a pause.
    request.account?.spend(performance.now() - request.measuredFrom);
    let call: ActionCall | undefined;
    try {
      const key = await lookUp();
      if (!key) throw unauthorized('this access key does not exist');
      call = new ActionCall(options, context, key.judge(request.origin.ip));
      const output = await action(input, call);
      if (testMode && !call.decided)
        throw new Error(`${context.service}.${context.operation} answered without an authorisation decision`);
      return output;
    } catch (error) {
      if (error instanceof CloudError && error.denial && !call?.decided) {
        // Denied before the action said which operation it wants: it is written down in AWS's words.
        const name = `${context.service}:${context.operation}`;
        const origin = { ...request.origin, requestId: context.requestId };
        await execute.denied({ name, audit: name, resource: context.service }, error.denial, origin);
      }
      throw asAwsError(error, part.errors);
    } finally {
      // The answer is written next.
      request.measuredFrom = performance.now();
    }
  };
}

/** One run of an action. A class, because an object literal with a getter costs 2 us. */
class ActionCall implements AwsContext {
  readonly caller: Caller;
  readonly accountNumber: string;
  readonly region: string;
  readonly requestId: string;
  /** Whether an operation was asked, and with it whether the caller may. */
  decided = false;
  readonly #options: GatewayOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #request: AwsRequest;

  constructor(
    options: GatewayOptions,
    { headers, principal, requestId }: Context<Principal>,
    { caller, accountNumber }: { readonly caller: Caller; readonly accountNumber: string },
  ) {
    this.caller = caller;
    this.accountNumber = accountNumber;
    this.region = options.region;
    this.requestId = requestId;
    this.#options = options;
    this.#headers = headers;
    this.#request = principal!.request;
  }

  get baseUrl(): string {
    return baseUrlOf(this.#options.schemeOf(this.#request.incoming), this.#headers['host']);
  }

  async execute(
    operation: string,
    input: Readonly<Record<string, unknown>>,
    options?: Parameters<AwsContext['execute']>[2],
  ) {
    this.decided = true;
    const origin: Origin = { ...this.#request.origin, requestId: this.requestId };
    const { signal } = this.#request.passage;
    const begun = performance.now();
    const executing = this.#options.execute(operation, this.caller, input, { ...options, origin, signal });
    // Until it first waits for something: what checks the input is most of it.
    this.#request.account?.spend(performance.now() - begun);
    return (await executing).output;
  }
}

/** Refuses what was signed for another region than ours: its client may mean another cloud. */
export function refuseOtherRegions({ service, region }: Call<Principal>, ours: string): void {
  if (region === ours || (region === GLOBAL_REGION && service && GLOBAL_SERVICES.has(service))) return;
  throw new Refusal('signatureMismatch', `Credential should be scoped to a valid region: '${ours}', not '${region}'.`);
}
