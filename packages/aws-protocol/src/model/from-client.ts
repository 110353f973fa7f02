import {
  type CompactMember,
  type CompactModel,
  type CompactShape,
  type CompactTraits,
  type ProtocolName,
  PROTOCOLS,
  TRAIT_BITS,
} from './compact.ts';

/** What a client package does not say of its service, or not of older clients. */
export interface ClientOptions {
  /** What `Context.service` will be. Default: the service's own id in lower case, `ses`. */
  readonly id?: string;
  /** What the service speaks to SDKs of any age, the one of this client first. Default: that one alone. */
  readonly protocols?: readonly ProtocolName[];
  /** A label of the host names that requests may come to. Default: the name that requests are signed for. */
  readonly endpointPrefix?: string;
  /** Namespace of XML answers where the client has lost it. */
  readonly xmlNamespace?: string;
  /** The package and version, for the record. Default: empty. */
  readonly client?: string;
}

/** The static schema tuples that SDK clients export (`@smithy/types` StaticSchema), read structurally. */
type Ref = number | string | Tuple | (() => Ref) | [Ref, unknown];
type Tuple = [number, string, string, unknown, ...unknown[]];

const FIRST_SHAPE = 256;
const UNIT = -1;

/**
 * The model of a service of AWS, out of the schemas that its SDK client exports: `modelOfClient(await import('@aws-sdk/client-ses'))`, for
 * `linkModel`. Clients have them since version 3.970. It holds all that reaches the wire; constraints beyond types are not in those schemas. Throws
 * TypeError for any other module.
 */
export function modelOfClient(sdk: object, options: ClientOptions = {}): CompactModel {
  const client = sdk as Record<string, unknown>;
  const clientClass = Object.entries(client).find(([key]) => /^[A-Za-z0-9]+Client$/.test(key) && key !== 'Client')?.[1];
  if (typeof clientClass !== 'function') throw new TypeError('the module exports no client of a service');
  const { config } = new (clientClass as new (c: object) => { config: Record<string, never> })({ region: 'us-east-1' });
  const settings = config['protocolSettings'] as unknown as Record<string, unknown> | undefined;
  const serviceId = String(config['serviceId']);
  const id = options.id ?? serviceId.toLowerCase().replaceAll(' ', '-');
  const signingName = String(config['defaultSigningName']);
  const shapes: CompactShape[] = [];
  const index = new Map<unknown, number>();

  const member = (ref: Ref): CompactMember => {
    const at = resolve(ref);
    if (typeof at === 'number') return at;
    if (at === 'unit') return UNIT;
    if (!Array.isArray(at)) throw new Error(`${id}: unknown schema reference ${String(at)}`);
    if (!isTuple(at)) {
      const inner = member(at[0] as Ref);
      return Array.isArray(inner) ? merge(inner[0], inner[1], traits(at[1])) : merge(inner, 0, traits(at[1]));
    }
    if (at[0] === 0) {
      const inner = member(at[4] as Ref);
      return Array.isArray(inner) ? merge(inner[0], inner[1], traits(at[3])) : merge(inner, 0, traits(at[3]));
    }
    return FIRST_SHAPE + shape(at);
  };

  const shape = (tuple: Tuple): number => {
    const known = index.get(tuple);
    if (known !== undefined) return known;
    const position = shapes.push([3, '', 0, [], []]) - 1;
    index.set(tuple, position);
    const [kind, , shapeName, shapeTraits] = tuple;
    if (kind === 1) shapes[position] = [1, shapeName, traits(shapeTraits), member(tuple[4] as Ref)];
    else if (kind === 2) {
      shapes[position] = [2, shapeName, traits(shapeTraits), member(tuple[4] as Ref), member(tuple[5] as Ref)];
    } else if (kind === 3 || kind === 4 || kind === -3) {
      const refs = (tuple[5] as Ref[]).map(member);
      shapes[position] = [kind, shapeName, traits(shapeTraits), tuple[4] as string[], refs];
      const required = tuple[6] as number | undefined;
      if (required) (shapes[position] as unknown[]).push(required);
    } else throw new Error(`${id}: unknown schema kind ${kind} of ${shapeName}`);
    return position;
  };

  const operations: CompactModel['operations'] = {};
  const errors: number[] = [];
  for (const [key, value] of Object.entries(client).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!key.endsWith('$') || !Array.isArray(value) || !isTuple(value as Ref)) continue;
    const tuple = value as unknown as Tuple;
    if (tuple[0] === 9) {
      const input = member(tuple[4] as Ref) as number;
      const output = member(tuple[5] as Ref) as number;
      const operationTraits = traits(tuple[3]);
      operations[tuple[2]] = operationTraits === 0 ? [input, output] : [input, output, operationTraits];
    } else if (tuple[0] === -3 && !tuple[1].startsWith('smithy.ts.sdk.synthetic')) errors.push(shape(tuple));
  }
  if (!settings || Object.keys(operations).length === 0)
    throw new TypeError(`the client of ${serviceId} exports no schemas: it is older than 3.970`);
  const protocols = options.protocols ?? [protocolOf(config['protocol'])];
  return {
    id,
    serviceId,
    client: options.client ?? '',
    version: String(settings['version']),
    namespace: String(settings['defaultNamespace']),
    target: String(settings['serviceTarget']),
    signingName,
    endpointPrefix: options.endpointPrefix ?? signingName,
    protocols,
    xmlNamespace: namespaceOf(options.xmlNamespace, protocols, settings),
    queryCompatible: settings['awsQueryCompatible'] === true,
    operations,
    errors,
    shapes,
  };
}

function protocolOf(protocol: { getShapeId?: () => string } | undefined): ProtocolName {
  const name = protocol?.getShapeId?.().split('#')[1];
  const known = PROTOCOLS.find((one) => one === name);
  if (!known) throw new TypeError(`the client speaks ${String(name)}, not one of ${PROTOCOLS.join(', ')}`);
  return known;
}

/** The EC2 namespace ends in a slash on the wire; the SDK's setting has it without. */
function namespaceOf(
  given: string | undefined,
  protocols: readonly ProtocolName[],
  settings: Record<string, unknown>,
): string {
  const uri = given ?? String((settings['xmlNamespace'] as string | undefined) ?? '');
  return protocols[0] === 'ec2Query' && !uri.endsWith('/') ? `${uri}/` : uri;
}

function resolve(ref: Ref): Ref {
  let at = ref;
  while (typeof at === 'function') at = at();
  return at;
}

function isTuple(ref: Ref): ref is Tuple {
  return Array.isArray(ref) && typeof ref[0] === 'number' && typeof ref[1] === 'string';
}

function merge(ref: number, a: CompactTraits, b: CompactTraits): CompactMember {
  if (a === 0 && b === 0) return ref;
  if (a === 0) return [ref, b];
  if (b === 0) return [ref, a];
  if (typeof a === 'number' && typeof b === 'number') return [ref, a | b];
  return [ref, { ...expand(a), ...expand(b) }];
}

function expand(traitSet: CompactTraits): Exclude<CompactTraits, number> {
  if (typeof traitSet !== 'number') return traitSet;
  return Object.fromEntries(TRAIT_BITS.flatMap((bit, i) => (traitSet & (1 << i) ? [[bit, 1]] : [])));
}

function traits(value: unknown): CompactTraits {
  if (value === undefined || value === null || value === 0) return 0;
  return value as CompactTraits;
}
