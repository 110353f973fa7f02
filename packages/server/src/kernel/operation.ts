import type { Static, TSchema } from 'typebox';

/** `read` and `list` change nothing; the others write, and leave an audit row and an event. */
export type Effect = 'read' | 'list' | 'create' | 'update' | 'action' | 'delete';

/** Who may call: anybody, a signed-in user, a member of the active tenant with the permission, the platform's operator. */
export type Scope = 'public' | 'user' | 'tenant' | 'operator';

export interface HttpBinding {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/instances/:id/stop`; the parameters are members of the input. */
  readonly path: string;
  /** Default: 201 for a create, 200 otherwise. */
  readonly status?: 101 | 200 | 201 | 202 | 204;
}

/** What a call costs most: its own bounds on what is under way. `password`: a slow hash. `engine`: the worker and an engine. */
export type CostClass = 'password' | 'engine' | 'data' | 'control';

/** A thing that the call names: `param` holds an id or a name. */
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
  /** Looked up before anything else is decided; what the caller's tenant lacks is 404. */
  readonly target?: Target;
  /** In place of `target` for a thing within another: the outermost first; each is looked up within the one before. */
  readonly targets?: readonly Target[];
  /** The kind that it makes: a replayed Idempotency-Key finds it again. */
  readonly creates?: string;
  /** The kind whose rows the handler answers, for the kernel to present. Without it the handler answers what the wire shows. */
  readonly answers?: string;
  /** Members that name another thing, and its kind. */
  readonly references?: Readonly<Record<string, string>>;
  /** Quotas that a call uses up some of: told in help and documents. Of an operation with a step `quota`. */
  readonly uses?: readonly string[];
  /** Default `<resource>:<read|create|update|delete>` after the effect. */
  readonly permission?: string;
  /** Default `<resource>.<verb>`. */
  readonly audit?: string;
  /** Default `<RESOURCE>_<VERB>`. */
  readonly event?: string;
  /** Where `?wait=` stops: the output's member and the values at which the resource has settled. */
  readonly settles?: {
    readonly field: string;
    readonly values: readonly string[];
    /** The verb of the same service that reads the resource while it settles, with the input `id`. */
    readonly reader: string;
  };
  /** Members of the input that are never logged, audited or fingerprinted. */
  readonly secrets?: readonly string[];
  /** Default: `engine` with `live`, `data` on the data plane, else `control`. */
  readonly cost?: CostClass;
  /** Longest body in bytes that is read. Default 4096. */
  readonly bodyLimit?: number;
  /** The handler's answer is a ticket for the worker's live socket; what the caller gets is the worker's answer. Of a stream or a socket always. */
  readonly live?: boolean;
  /** Default `json`, the envelope. `text` and `stream` are `text/plain`, the second as it comes; `socket` is a websocket. */
  readonly answer?: 'json' | 'text' | 'stream' | 'socket';
  /** Of a socket: what a caller may say in text, as JSON. */
  readonly messages?: TSchema;
  /** How the CLI offers it, or `custom` where the verb is written by hand. */
  readonly cli?: 'custom' | CliFacet;
  readonly rest?: 'custom';
}

/** What the command line cannot know from the schemas. */
export interface CliFacet {
  /** A verb of its own does it: the facet only says what its words mean. */
  readonly custom?: boolean;
  /** Members that are positional, in their order. Default: those of the path. */
  readonly args?: readonly string[];
  /** Members of the output that are a table's columns. */
  readonly columns?: readonly string[];
  /** The member that takes the words after `--`. */
  readonly rest?: string;
  /** How a member's text reads, in place of its pattern: `KEY=value`. By member. */
  readonly forms?: Readonly<Record<string, string>>;
  /** The flag of a member, where its own name will not do. By member. */
  readonly flags?: Readonly<Record<string, string>>;
  /** What the verb does, in the words of the command line, where the description speaks of the REST API. */
  readonly description?: string;
}

export type Operations = Readonly<Record<string, Operation>>;

export type InputOf<O extends Operation> = Static<O['input']>;
/** What a list handler answers: a page of items and the cursor of the next. */
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
  readonly pathParams: readonly string[];
  readonly targets: readonly Target[];
  readonly cost: CostClass;
  /** Bytes. */
  readonly bodyLimit: number;
  readonly answer: NonNullable<Operation['answer']>;
  readonly descriptor: Operation;
}

/** Bytes of a body, unless the operation says otherwise: names and numbers fit many times. */
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

/** Fills in what a descriptor leaves out. Throws on a descriptor that contradicts itself. */
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
  if (descriptor.plane === 'data' && (scope !== 'tenant' || targets.length > 1 || descriptor.live))
    throw new Error(`${name}: on the data plane an operation acts in a tenant, on one target, without the worker`);
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
    writes: descriptor.effect !== 'read' && descriptor.effect !== 'list',
    pathParams,
    targets,
    cost: descriptor.cost ?? (descriptor.live ? 'engine' : descriptor.plane === 'data' ? 'data' : 'control'),
    bodyLimit: descriptor.bodyLimit ?? BODY_LIMIT,
    answer: descriptor.answer ?? 'json',
    descriptor,
  };
}
