import type { Static, TSchema } from 'typebox';

/** `read` and `list` change nothing; the others write, and leave an audit row and an event. A read does so too if it is `audited`. */
export type Effect = 'read' | 'list' | 'create' | 'update' | 'action' | 'delete';

/** Who may call: anybody, a signed-in user, a member of the active tenant with the permission, the platform's operator. */
export type Scope = 'public' | 'user' | 'tenant' | 'operator';

/** In place of a tenant's id or slug: the active tenant, X-Tenant-ID's or the key's. */
export const CURRENT_TENANT = 'current';

export interface HttpBinding {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/instances/:id/stop`; the parameters are members of the input. */
  readonly path: string;
  /** A second path, which the clients of the original call. Only the REST door knows it. */
  readonly alias?: string;
  /** Default: 201 for a create, 200 otherwise. */
  readonly status?: 101 | 200 | 201 | 202 | 204;
}

/** The main cost of a call, each with its own limit on calls in progress. `password`: a slow hash. `engine`: the worker and an engine. */
export type CostClass = 'password' | 'engine' | 'data' | 'control';

/** A resource that the call names: `param` is the input member with its id or name. */
export interface Target {
  readonly kind: string;
  readonly param: string;
}

/**
 * An operation as plain data: no functions, no hooks. Route, validation, permission, audit row, event, idempotency, metrics, OpenAPI,
 * SDK, CLI and the negative tests derive from it.
 *
 * The input is one flat object. Members named in the path come from the path; the rest from the query (GET, DELETE) or the body.
 */
export interface Operation<I extends TSchema = TSchema, O extends TSchema = TSchema> {
  readonly summary: string;
  readonly description?: string;
  /** `data`: no transaction, no audit row, cached authority, metered in aggregate. Default control. */
  readonly plane?: 'control' | 'data';
  readonly effect: Effect;
  /** Default tenant. */
  readonly scope?: Scope;
  readonly http: HttpBinding;
  readonly input: I;
  /** For a list: one item. */
  readonly output: O;
  /** Codes beyond the kernel's own. */
  readonly errors?: readonly string[];
  /** Looked up before authorisation; 404 if the caller's tenant does not have it. */
  readonly target?: Target;
  /** In place of `target` for a sub-resource, outermost first; each is looked up within the previous one. */
  readonly targets?: readonly Target[];
  /** The kind that it creates, so that a replayed Idempotency-Key finds the resource. */
  readonly creates?: string;
  /** The kind that presents the handler's rows. Without it, the handler returns the output itself. */
  readonly answers?: string;
  /** Input members that name another resource, with its kind. */
  readonly references?: Readonly<Record<string, string>>;
  /** Quotas that a call counts against, shown in help and OpenAPI. For an operation with a `quota` step. */
  readonly uses?: readonly string[];
  /**
   * The member of the path that names the tenant in which the call acts, by id or slug; `current` is the active tenant. Its operation has the
   * tenant as its first target. Default: the call acts in the active tenant.
   */
  readonly tenant?: string;
  /** Default `<resource>:<read|create|update|delete>` after the effect. */
  readonly permission?: string;
  /** Default `<resource>.<verb>`. */
  readonly audit?: string;
  /** Default `<RESOURCE>_<VERB>`. */
  readonly event?: string;
  /** Of a read whose answer is secret: it leaves an audit row and an event, in its transaction, as a write does. */
  readonly audited?: true;
  /** Where `?wait=` stops: the output's member and the values at which the resource has settled. */
  readonly settles?: {
    readonly field: string;
    readonly values: readonly string[];
    /** The verb of the same service that reads the resource while it settles, with the input `id`. */
    readonly reader: string;
  };
  /** Members of the input that are never logged, audited or fingerprinted. */
  readonly secrets?: readonly string[];
  /** Members of the output that are secret, and that nothing else shows: a new key, the value of a secret. Never logged or audited. */
  readonly shownOnce?: readonly string[];
  /** Default: `engine` with `live`, `data` on the data plane, else `control`. */
  readonly cost?: CostClass;
  /** Longest body in bytes that is read. Default 4096. */
  readonly bodyLimit?: number;
  /** The handler returns a ticket, and the caller gets the worker's answer. Always true for a socket. */
  readonly live?: boolean;
  /**
   * Default `json`, the envelope. `text` is `text/plain`; `socket` is a websocket. `stream` is sent as it is produced: with `live` the worker's
   * `text/plain`, otherwise a download of the handler's. `events` are server-sent events, which the input member `after` resumes.
   */
  readonly answer?: 'json' | 'text' | 'stream' | 'socket' | 'events';
  /** The content types of a download, the default first. */
  readonly content?: readonly string[];
  /** For a socket: the schema of the caller's text messages, which are JSON. */
  readonly messages?: TSchema;
  /** Details of the CLI verb, or `custom` if the verb is hand-written. */
  readonly cli?: 'custom' | CliFacet;
  readonly rest?: 'custom';
  /** A hand-written page of the console offers it, and no derived one. */
  readonly console?: 'custom';
}

/** What the command line cannot know from the schemas. */
export interface CliFacet {
  /** The verb is hand-written; the facet describes only its arguments. */
  readonly custom?: boolean;
  /** Members that are positional, in their order. Default: those of the path. */
  readonly args?: readonly string[];
  /** Members of the output that are a table's columns. */
  readonly columns?: readonly string[];
  /** The member that takes the words after `--`. */
  readonly rest?: string;
  /** How a member's text reads, in place of its pattern: `KEY=value`. By member. */
  readonly forms?: Readonly<Record<string, string>>;
  /** The flag of a member, if it differs from the member's name. By member. */
  readonly flags?: Readonly<Record<string, string>>;
  /** The description for the CLI, if the operation's description is about the REST API. */
  readonly description?: string;
}

export type Operations = Readonly<Record<string, Operation>>;

export type InputOf<O extends Operation> = Static<O['input']>;
/** The result of a list handler: a page of items and the cursor of the next page. */
export interface PageOf<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}
export type OutputOf<O extends Operation> = O['effect'] extends 'list'
  ? PageOf<Static<O['output']>>
  : Static<O['output']>;

/** Keeps the literal types of a descriptor. */
export const operation = <const I extends TSchema, const O extends TSchema, const D extends Operation<I, O>>(
  descriptor: D & { readonly input: I; readonly output: O },
): D & { readonly input: I; readonly output: O } => descriptor;

/** A descriptor with every default filled in, as the registry holds it. */
export interface RegisteredOperation {
  /** `instances.launch`. */
  readonly name: string;
  readonly service: string;
  readonly verb: string;
  /** `instance`: the noun of permission, audit and event. */
  readonly resource: string;
  readonly plane: 'control' | 'data';
  readonly scope: Scope;
  readonly status: number;
  readonly permission: string | undefined;
  readonly audit: string;
  readonly event: string;
  readonly writes: boolean;
  /** It leaves an audit row and an event: it writes, or is a read that is audited. */
  readonly leavesTrace: boolean;
  readonly pathParams: readonly string[];
  readonly targets: readonly Target[];
  readonly cost: CostClass;
  /** Bytes. */
  readonly bodyLimit: number;
  readonly answer: NonNullable<Operation['answer']>;
  readonly descriptor: Operation;
}

/** Default body limit in bytes, many times what names and numbers need. */
const BODY_LIMIT = 4096;

const PERMISSION_WORD: Record<Effect, string> = {
  read: 'read',
  list: 'read',
  create: 'create',
  update: 'update',
  action: 'update',
  delete: 'delete',
};

const snake = (word: string): string => word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Fills in a descriptor's defaults. Throws Error for a contradictory descriptor. */
export function register(service: string, resource: string, verb: string, descriptor: Operation): RegisteredOperation {
  const name = `${service}.${verb}`;
  const scope = descriptor.scope ?? 'tenant';
  const pathParams = [...descriptor.http.path.matchAll(/:(\w+)/g)].map((match) => match[1]!);
  const members = Object.keys((descriptor.input as { properties?: object }).properties ?? {});
  const targets = descriptor.targets ?? (descriptor.target ? [descriptor.target] : []);
  for (const param of [
    ...pathParams,
    ...targets.map((target) => target.param),
    ...(descriptor.secrets ?? []),
    ...Object.keys(descriptor.references ?? {}),
  ]) {
    if (!members.includes(param)) throw new Error(`${name}: its input has no member '${param}'`);
  }
  const outputs = Object.keys((descriptor.output as { properties?: object }).properties ?? {});
  for (const member of descriptor.shownOnce ?? [])
    if (!outputs.includes(member)) throw new Error(`${name}: its output has no member '${member}'`);
  const { answer = 'json', live = false } = descriptor;
  if (answer === 'events' && (live || !members.includes('after')))
    throw new Error(`${name}: its events come from the API, and its input has the member 'after'`);
  if ((answer === 'stream' && !live) !== (descriptor.content !== undefined))
    throw new Error(`${name}: a download, and nothing else, names its content types`);
  if (
    descriptor.plane === 'data' &&
    (scope !== 'tenant' || targets.length > 1 || live || answer === 'events' || answer === 'stream')
  )
    throw new Error(`${name}: on the data plane an operation acts in a tenant, on one target, and answers at once`);
  const writes = descriptor.effect !== 'read' && descriptor.effect !== 'list';
  if (descriptor.audited && (writes || live || descriptor.plane === 'data'))
    throw new Error(`${name}: only a read of the control plane that is answered at once says that it is audited`);
  return {
    name,
    service,
    verb,
    resource,
    plane: descriptor.plane ?? 'control',
    scope,
    status: descriptor.http.status ?? (descriptor.effect === 'create' ? 201 : 200),
    permission:
      scope === 'tenant' ? (descriptor.permission ?? `${resource}:${PERMISSION_WORD[descriptor.effect]}`) : undefined,
    audit: descriptor.audit ?? `${resource}.${snake(verb)}`,
    event: descriptor.event ?? `${resource}_${snake(verb)}`.toUpperCase(),
    writes,
    leavesTrace: writes || descriptor.audited === true,
    pathParams,
    targets,
    cost: descriptor.cost ?? (descriptor.live ? 'engine' : descriptor.plane === 'data' ? 'data' : 'control'),
    bodyLimit: descriptor.bodyLimit ?? BODY_LIMIT,
    answer,
    descriptor,
  };
}
