import type { ProtocolName } from './model/compact.ts';
import type { Model } from './model/schema.ts';
import { RestRoutes } from './routing/rest-routes.ts';
import type { AnyHandlers, Handlers } from './types.ts';

export interface ServiceOptions {
  /** Check constraints beyond types and required members (overlay/constraints). Default true. */
  readonly validate?: boolean;
  /** Bytes of a body of its requests that is held in memory. Default: the server's `limits.bodyBytes`. */
  readonly bodyBytes?: number;
}

/** A model with the handlers that serve it. */
export class Service<P = unknown> {
  readonly model: Model;
  readonly validate: boolean;
  readonly bodyBytes: number | undefined;
  readonly jsonProtocol: ProtocolName | undefined;
  readonly #handlers: ReadonlyMap<string, (input: unknown, context: unknown) => unknown>;
  #routes: RestRoutes | undefined;

  constructor(model: Model, handlers: AnyHandlers<P>, options: ServiceOptions = {}) {
    const table = new Map<string, (input: unknown, context: unknown) => unknown>();
    for (const [name, handler] of Object.entries(handlers)) {
      if (!model.has(name)) throw new RangeError(`${model.serviceId} has no operation ${name}`);
      if (typeof handler === 'function') table.set(name, (handler as (...args: unknown[]) => unknown).bind(handlers));
    }
    this.model = model;
    this.jsonProtocol = model.protocols.find((protocol) => protocol.startsWith('awsJson'));
    this.validate = options.validate ?? true;
    this.bodyBytes = options.bodyBytes;
    this.#handlers = table;
  }

  /** The operations that are served, and those that answer NotImplemented. */
  get served(): string[] {
    return [...this.#handlers.keys()].sort();
  }
  get unsupported(): string[] {
    return this.model.operationNames.filter((name) => !this.#handlers.has(name));
  }

  handler(operation: string): ((input: unknown, context: unknown) => unknown) | undefined {
    return this.#handlers.get(operation);
  }

  get routes(): RestRoutes {
    this.#routes ??= new RestRoutes(this.model);
    return this.#routes;
  }

  /** Whether it answers to this version of an API. EC2 answers to all of its own before; others have one each. */
  answersVersion(version: string): boolean {
    const own = this.model.version;
    return version === own || (this.speaks('ec2Query') && /^\d{4}-\d\d-\d\d$/.test(version) && version < own);
  }

  speaks(protocol: ProtocolName): boolean {
    return this.model.protocols.includes(protocol);
  }
}

/**
 * Binds typed handlers to a model. `M` is the SDK client's module type, imported as a type only:
 * `serve<typeof import('@aws-sdk/client-sqs')>(loadModel('sqs'), { … })`.
 */
export function serve<M, P = unknown>(model: Model, handlers: Handlers<M, P>, options?: ServiceOptions): Service<P> {
  return new Service<P>(model, handlers as AnyHandlers<P>, options);
}

/** Operations that AWS serves unsigned: their caller has no key yet. For `allowAnonymous`. */
export const UNSIGNED_OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  sts: ['AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity'],
};
