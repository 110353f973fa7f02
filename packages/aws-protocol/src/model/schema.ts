import {
  type CompactMember,
  type CompactModel,
  type CompactShape,
  type CompactTraits,
  type ProtocolName,
  TRAIT_BITS,
} from './compact.ts';

export type TimestampFormat = 'dateTime' | 'httpDate' | 'epochSeconds';

export interface SimpleShape {
  readonly kind: 'string' | 'number' | 'boolean' | 'timestamp' | 'document' | 'bigInteger' | 'bigDecimal' | 'blob';
  readonly format?: TimestampFormat;
  readonly streaming?: boolean;
}
export interface ListShape {
  readonly kind: 'list';
  readonly name: string;
  readonly traits: Traits;
  readonly element: Member;
}
export interface MapShape {
  readonly kind: 'map';
  readonly name: string;
  readonly traits: Traits;
  readonly key: Member;
  readonly value: Member;
}
export interface StructShape {
  readonly kind: 'struct';
  readonly name: string;
  readonly traits: Traits;
  readonly union: boolean;
  readonly members: readonly Member[];
  readonly byName: ReadonlyMap<string, Member>;
}
export type Shape = SimpleShape | ListShape | MapShape | StructShape;

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly traits: Traits;
  readonly required: boolean;
  constraint?: Constraint;
}

/** What a value must satisfy beyond its type; from overlay/constraints. Lengths count characters, bytes or elements. */
export interface Constraint {
  readonly integer?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly enum?: ReadonlySet<string>;
}

/** Smithy traits that reach the wire. */
export interface Traits {
  readonly httpLabel?: 1;
  readonly httpPayload?: 1;
  readonly httpResponseCode?: 1;
  readonly httpQueryParams?: 1;
  readonly httpHeader?: string;
  readonly httpPrefixHeaders?: string;
  readonly httpQuery?: string;
  readonly idempotencyToken?: 1;
  readonly sensitive?: 1;
  readonly xmlName?: string;
  readonly xmlFlattened?: 1;
  readonly xmlAttribute?: 1;
  readonly xmlNamespace?: [string, string?] | [string];
  readonly ec2QueryName?: string;
  /** A second name under which an answer repeats the member; from overlay/traits. */
  readonly xmlAlias?: string;
  readonly jsonName?: string;
  readonly sparse?: 1;
  readonly streaming?: 1;
  readonly eventPayload?: 1;
  readonly eventHeader?: 1;
  readonly error?: 'client' | 'server';
  readonly httpError?: number;
  readonly awsQueryError?: [string, number];
  readonly http?: [method: string, uri: string, status: number];
}

export interface Operation {
  readonly name: string;
  readonly input: StructShape | undefined;
  readonly output: StructShape | undefined;
  readonly traits: Traits;
}

/** A linked model. Shapes are linked when first asked for: EC2 has 6,000 and a server uses a few. */
export interface Model extends Omit<CompactModel, 'operations' | 'errors' | 'shapes'> {
  readonly operationNames: readonly string[];
  has(operation: string): boolean;
  /** Throws RangeError for an operation that the model does not know. */
  operation(name: string): Operation;
  error(name: string): StructShape | undefined;
  readonly errorNames: readonly string[];
  readonly protocols: readonly ProtocolName[];
}

const NO_TRAITS: Traits = Object.freeze({});
const bitTraits = new Map<number, Traits>();

function expandTraits(traits: CompactTraits | undefined): Traits {
  if (traits === undefined || traits === 0) return NO_TRAITS;
  if (typeof traits !== 'number') return traits as Traits;
  let known = bitTraits.get(traits);
  if (!known) {
    known = Object.fromEntries(TRAIT_BITS.flatMap((bit, i) => (traits & (1 << i) ? [[bit, 1]] : []))) as Traits;
    bitTraits.set(traits, known);
  }
  return known;
}

const SIMPLE = new Map<number, SimpleShape>([
  [0, { kind: 'string' }],
  [1, { kind: 'number' }],
  [2, { kind: 'boolean' }],
  [4, { kind: 'timestamp' }],
  [5, { kind: 'timestamp', format: 'dateTime' }],
  [6, { kind: 'timestamp', format: 'httpDate' }],
  [7, { kind: 'timestamp', format: 'epochSeconds' }],
  [15, { kind: 'document' }],
  [17, { kind: 'bigInteger' }],
  [19, { kind: 'bigDecimal' }],
  [21, { kind: 'blob' }],
  [42, { kind: 'blob', streaming: true }],
]);
const UNNAMED_STRING: Member = { name: 'key', shape: { kind: 'string' }, traits: NO_TRAITS, required: false };

/** Constraints of one service by `Struct.member`, `List[]`, `Map.key` or `Map.value`. */
export type ConstraintTable = ReadonlyMap<string, Constraint>;

/** Traits added to members by `Struct.member`. */
export type TraitTable = Readonly<Record<string, Traits>>;

export function linkModel(
  compact: CompactModel,
  constraints: ConstraintTable = new Map(),
  added: TraitTable = {},
): Model {
  const linked = new Map<number, Shape>();
  const operations = new Map<string, Operation>();

  const member = (name: string, entry: CompactMember, required: boolean, owner?: string): Member => {
    const [ref, traits] = Array.isArray(entry) ? entry : [entry, undefined];
    const more = owner === undefined ? undefined : added[owner];
    const own = expandTraits(traits);
    const made: Member = { name, shape: shapeOf(ref), traits: more ? { ...own, ...more } : own, required };
    const constraint = owner === undefined ? undefined : constraints.get(owner);
    if (constraint) made.constraint = constraint;
    return made;
  };

  const shapeOf = (ref: number): Shape => {
    const known = linked.get(ref);
    if (known) return known;
    if (ref < 256) {
      const simple = SIMPLE.get(ref);
      const made: Shape =
        simple ??
        (ref >= 128
          ? { kind: 'map', name: '', traits: NO_TRAITS, key: UNNAMED_STRING, value: member('value', ref - 128, false) }
          : { kind: 'list', name: '', traits: NO_TRAITS, element: member('member', ref - 64, false) });
      linked.set(ref, made);
      return made;
    }
    return link(ref, compact.shapes[ref - 256] as CompactShape);
  };

  const link = (ref: number, shape: CompactShape): Shape => {
    // Registered before its members are linked, since shapes may be recursive.
    const made = { name: shape[1], traits: expandTraits(shape[2]) } as Record<string, unknown>;
    linked.set(ref, made as unknown as Shape);
    if (shape[0] === 1) {
      made['kind'] = 'list';
      made['element'] = member('member', shape[3], false, `${shape[1]}[]`);
    } else if (shape[0] === 2) {
      made['kind'] = 'map';
      made['key'] = member('key', shape[3], false, `${shape[1]}.key`);
      made['value'] = member('value', shape[4], false, `${shape[1]}.value`);
    } else {
      const required = shape[5] ?? 0;
      made['kind'] = 'struct';
      made['union'] = shape[0] === 4;
      const members = shape[3].map((name, i) =>
        member(name, shape[4][i] as CompactMember, i < required, `${shape[1]}.${name}`),
      );
      made['members'] = members;
      made['byName'] = new Map(members.map((m) => [m.name, m]));
    }
    return made as unknown as Shape;
  };

  const structOf = (ref: number): StructShape | undefined => (ref === -1 ? undefined : (shapeOf(ref) as StructShape));
  const errorsByName = new Map(compact.errors.map((i) => [(compact.shapes[i] as CompactShape)[1], i]));
  const { operations: table, errors: _errors, shapes: _shapes, ...head } = compact;
  return {
    ...head,
    operationNames: Object.keys(table),
    errorNames: [...errorsByName.keys()],
    has: (name) => Object.hasOwn(table, name),
    operation(name) {
      const known = operations.get(name);
      if (known) return known;
      const entry = Object.hasOwn(table, name) ? table[name] : undefined;
      if (!entry) throw new RangeError(`${compact.serviceId} has no operation ${name}`);
      const made: Operation = {
        name,
        input: structOf(entry[0]),
        output: structOf(entry[1]),
        traits: expandTraits(entry[2]),
      };
      operations.set(name, made);
      return made;
    },
    error(name) {
      const at = errorsByName.get(name);
      return at === undefined ? undefined : (shapeOf(at + 256) as StructShape);
    },
  };
}
