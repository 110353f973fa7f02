import {
  type CompactMember,
  type CompactModel,
  type CompactOperation,
  type CompactShape,
  type ProtocolName,
  PROTOCOLS,
} from './compact.ts';
import { type Constraint, linkModel, type Model } from './schema.ts';
import { constraintOf, wireTraits } from './smithy-traits.ts';

/** The part of Smithy's JSON AST that is read here; `smithy build` and `smithy ast` write it. */
export interface SmithyAst {
  readonly smithy: string;
  readonly shapes: Readonly<Record<string, unknown>>;
}
export interface SmithyOptions {
  /** Absolute id of the service's shape. Default: the only service of the model. */
  readonly service?: string;
  /** What `Context.service` will be. Default: the name that requests are signed for. */
  readonly id?: string;
}

type Traits = Readonly<Record<string, unknown>>;
interface Ref {
  readonly target: string;
  readonly traits?: Traits;
}
interface SmithyShape {
  readonly type: string;
  readonly traits?: Traits;
  readonly members?: Readonly<Record<string, Ref>>;
  readonly member?: Ref;
  readonly key?: Ref;
  readonly value?: Ref;
  readonly mixins?: readonly Ref[];
  readonly input?: Ref;
  readonly output?: Ref;
  readonly errors?: readonly Ref[];
  readonly version?: string;
  readonly [more: string]: unknown;
}

const UNIT = 'smithy.api#Unit';
const FIRST_SHAPE = 256;
const NUMBERS = new Set(['byte', 'short', 'integer', 'intEnum', 'long', 'float', 'double']);
const SIMPLE: Readonly<Record<string, number>> = {
  string: 0,
  enum: 0,
  boolean: 2,
  timestamp: 4,
  document: 15,
  bigInteger: 17,
  bigDecimal: 19,
  blob: 21,
};
const TIMESTAMPS: Readonly<Record<string, number>> = { 'date-time': 5, 'http-date': 6, 'epoch-seconds': 7 };
/** Operations of a resource, and where further ones are listed. */
const LIFECYCLE = ['put', 'create', 'read', 'update', 'delete', 'list'];

/**
 * The model of a service of your own, out of Smithy's JSON AST, for `serve` and `Service`. Protocols, HTTP bindings, XML names, errors and the
 * constraints `length`, `range`, `pattern` and `enum` are read; what has no effect on the wire is passed over. Throws TypeError, with the shape's id,
 * for a model that lacks a shape or has something that no protocol here carries.
 */
export function readSmithyModel(ast: SmithyAst, options: SmithyOptions = {}): Model {
  const { compact, constraints } = new Reader(ast).read(options);
  return linkModel(compact, constraints);
}

class Reader {
  readonly #shapes: Readonly<Record<string, SmithyShape>>;
  readonly #made: CompactShape[] = [];
  readonly #index = new Map<string, number>();
  readonly #constraints = new Map<string, Constraint>();

  constructor(ast: SmithyAst) {
    if (typeof ast.smithy !== 'string' || typeof ast.shapes !== 'object')
      throw new TypeError('expected a JSON AST of Smithy, with "smithy" and "shapes"');
    this.#shapes = ast.shapes as Readonly<Record<string, SmithyShape>>;
  }

  read(options: SmithyOptions): { compact: CompactModel; constraints: ReadonlyMap<string, Constraint> } {
    const id = options.service ?? this.#onlyService();
    const service = this.#shape(id);
    const traits = service.traits ?? {};
    const [namespace = '', name = ''] = id.split('#');
    const api = (traits['aws.api#service'] ?? {}) as { sdkId?: string; endpointPrefix?: string; arnNamespace?: string };
    const signingName =
      (traits['aws.auth#sigv4'] as { name?: string } | undefined)?.name ?? api.arnNamespace ?? name.toLowerCase();
    const protocols = PROTOCOLS.filter((one) => `${ownerOf(one)}#${one}` in traits);
    if (protocols.length === 0)
      throw new TypeError(`${id}: none of its traits is a protocol of ${PROTOCOLS.join(', ')}`);

    const operations: Record<string, CompactOperation> = {};
    const errors = new Set((service.errors ?? []).map((ref) => ref.target));
    for (const target of this.#operations(service)) {
      const operation = this.#shape(target);
      for (const ref of operation.errors ?? []) errors.add(ref.target);
      const wire = wireTraits(operation.traits);
      const [input, output] = [this.#struct(operation.input, target), this.#struct(operation.output, target)];
      operations[localName(target)] = Object.keys(wire).length > 0 ? [input, output, wire] : [input, output];
    }
    const compact: CompactModel = {
      id: options.id ?? signingName,
      serviceId: api.sdkId ?? name,
      client: '',
      version: service.version ?? '',
      namespace,
      target: name,
      signingName,
      endpointPrefix: api.endpointPrefix ?? signingName,
      protocols,
      xmlNamespace: (traits['smithy.api#xmlNamespace'] as { uri?: string } | undefined)?.uri ?? '',
      queryCompatible: 'aws.protocols#awsQueryCompatible' in traits,
      operations,
      errors: [...errors].map((target) => this.#complex(target)),
      shapes: this.#made,
    };
    return { compact, constraints: this.#constraints };
  }

  #onlyService(): string {
    const found = Object.keys(this.#shapes).filter((id) => this.#shapes[id]?.type === 'service');
    if (found.length !== 1)
      throw new TypeError(`the model has ${found.length} services: name one with the option "service"`);
    return found[0] as string;
  }

  /** Those of a service and of all its resources. */
  #operations(owner: SmithyShape): string[] {
    const listed = [owner['operations'], owner['collectionOperations']].flatMap((list) => (list ?? []) as Ref[]);
    const own = LIFECYCLE.flatMap((key) => (owner[key] as Ref | undefined) ?? []);
    const resources = ((owner['resources'] ?? []) as Ref[]).flatMap((ref) => this.#operations(this.#shape(ref.target)));
    // The lifecycle's names are a service's for something else ("version" is a string).
    return [...listed, ...(owner.type === 'resource' ? own : [])].map((ref) => ref.target).concat(resources);
  }

  #shape(id: string): SmithyShape {
    const shape = Object.hasOwn(this.#shapes, id) ? this.#shapes[id] : preludeShape(id);
    if (!shape) throw new TypeError(`the model has no shape ${id}`);
    return shape;
  }

  #struct(ref: Ref | undefined, operation: string): number {
    if (!ref || ref.target === UNIT) return -1;
    if (this.#shape(ref.target).type !== 'structure')
      throw new TypeError(`${operation}: ${ref.target} must be a structure`);
    return FIRST_SHAPE + this.#complex(ref.target);
  }

  /** `at`: the member's place in the table of constraints. */
  #member(ref: Ref, at: string): CompactMember {
    const shape = this.#shape(ref.target);
    const isSimple = NUMBERS.has(shape.type) || shape.type in SIMPLE;
    // A simple shape has no place of its own for traits: they go to its members, whose own outweigh them.
    const traits = { ...(isSimple ? shape.traits : {}), ...ref.traits };
    const constraint = this.#constraint(shape, { ...shape.traits, ...ref.traits }, ref.target);
    if (constraint) this.#constraints.set(at, constraint);
    const wire = wireTraits(traits);
    const target = isSimple ? simpleRef(shape, traits) : FIRST_SHAPE + this.#complex(ref.target);
    return Object.keys(wire).length > 0 ? [target, wire] : target;
  }

  #constraint(shape: SmithyShape, traits: Traits, id: string): Constraint | undefined {
    try {
      return constraintOf(shape, traits);
    } catch (error) {
      throw new TypeError(`${id}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Index of a list, map, structure or union. */
  #complex(id: string): number {
    const known = this.#index.get(id);
    if (known !== undefined) return known;
    const shape = this.#shape(id);
    const name = localName(id);
    // Registered before its members are read, since shapes may be recursive.
    const at = this.#made.push([3, name, 0, [], []]) - 1;
    this.#index.set(id, at);
    const wire = wireTraits(shape.traits);
    const traits = Object.keys(wire).length > 0 ? wire : 0;
    if (shape.type === 'list' || shape.type === 'set') {
      this.#made[at] = [1, name, traits, this.#member(required(shape.member, id), `${name}[]`)];
    } else if (shape.type === 'map') {
      const key = this.#member(required(shape.key, id), `${name}.key`);
      this.#made[at] = [2, name, traits, key, this.#member(required(shape.value, id), `${name}.value`)];
    } else if (shape.type === 'structure' || shape.type === 'union') {
      const members = Object.entries(this.#membersOf(id));
      const needed = members.filter(([, ref]) => ref.traits && 'smithy.api#required' in ref.traits);
      const all = [...needed, ...members.filter((entry) => !needed.includes(entry))];
      const kind = shape.type === 'union' ? 4 : shape.traits && 'smithy.api#error' in shape.traits ? -3 : 3;
      const values = all.map(([member, ref]) => this.#member(ref, `${name}.${member}`));
      const keys = all.map(([member]) => member);
      this.#made[at] =
        needed.length > 0 ? [kind, name, traits, keys, values, needed.length] : [kind, name, traits, keys, values];
    } else throw new TypeError(`${id} is of type ${shape.type}, which no value has`);
    return at;
  }

  /** A shape's members after those of its mixins, with the traits that `apply` statements add. */
  #membersOf(id: string): Record<string, Ref> {
    const shape = this.#shape(id);
    const members: Record<string, Ref> = {};
    for (const mixin of shape.mixins ?? []) Object.assign(members, this.#membersOf(mixin.target));
    for (const [name, ref] of Object.entries(shape.members ?? {})) members[name] = ref;
    for (const [name, ref] of Object.entries(members)) {
      const applied = this.#shapes[`${id}$${name}`]?.traits;
      if (applied) members[name] = { ...ref, traits: { ...ref.traits, ...applied } };
    }
    return members;
  }
}

function simpleRef(shape: SmithyShape, traits: Traits): number {
  if (NUMBERS.has(shape.type)) return 1;
  if (shape.type === 'timestamp') return TIMESTAMPS[String(traits['smithy.api#timestampFormat'])] ?? 4;
  if (shape.type === 'blob' && 'smithy.api#streaming' in traits) return 42;
  return SIMPLE[shape.type] as number;
}

/** `smithy.api#String`, `smithy.api#PrimitiveLong`: what needs no definition. */
function preludeShape(id: string): SmithyShape | undefined {
  if (!id.startsWith('smithy.api#')) return undefined;
  const name = localName(id).replace(/^Primitive/, '');
  const type = name.charAt(0).toLowerCase() + name.slice(1);
  return NUMBERS.has(type) || type in SIMPLE ? { type } : undefined;
}

function ownerOf(protocol: ProtocolName): string {
  return protocol === 'rpcv2Cbor' ? 'smithy.protocols' : 'aws.protocols';
}

function localName(id: string): string {
  return id.slice(id.indexOf('#') + 1);
}

function required(ref: Ref | undefined, id: string): Ref {
  if (!ref) throw new TypeError(`${id} lacks the shape of its members`);
  return ref;
}
