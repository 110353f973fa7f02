import type { BotocoreModel, BotocoreRef, BotocoreShape } from './botocore.ts';
import type { CompactMember, CompactModel, CompactOperation, CompactShape, ProtocolName } from './compact.ts';
import { type Constraint, linkModel, type Model } from './schema.ts';

const PROTOCOLS: Readonly<Record<string, ProtocolName>> = {
  ec2: 'ec2Query',
  query: 'awsQuery',
  'rest-json': 'restJson1',
  'rest-xml': 'restXml',
  'smithy-rpc-v2-cbor': 'rpcv2Cbor',
};
const FIRST_SHAPE = 256;
const SIMPLE: Readonly<Record<string, number>> = {
  string: 0,
  character: 0,
  integer: 1,
  long: 1,
  float: 1,
  double: 1,
  boolean: 2,
  timestamp: 4,
  blob: 21,
};
const TIMES: Readonly<Record<string, number>> = { iso8601: 5, rfc822: 6, unixTimestamp: 7 };

/**
 * The model of a service out of botocore's JSON (`botocore/data/<service>/<version>/service-2.json`), for `serve` and `Service`. Protocols, HTTP
 * bindings, XML names, errors, lengths, ranges, enums and anchored patterns are read. `id`: what `Context.service` will be; default: the name
 * that requests are signed for. Throws TypeError for a model that lacks a shape or speaks no protocol known here. Not for S3, whose
 * routes that form does not tell: `loadModel('s3')`.
 */
export function readBotocoreModel(source: BotocoreModel, id?: string): Model {
  const { compact, constraints } = new Reader(source).read(id);
  return linkModel(compact, constraints);
}

class Reader {
  readonly #source: BotocoreModel;
  readonly #protocols: readonly ProtocolName[];
  readonly #made: CompactShape[] = [];
  readonly #index = new Map<string, number>();
  readonly #constraints = new Map<string, Constraint>();

  constructor(source: BotocoreModel) {
    if (typeof source.metadata !== 'object' || typeof source.shapes !== 'object')
      throw new TypeError('expected a model of botocore, with "metadata", "operations" and "shapes"');
    const { protocol, protocols = [protocol], jsonVersion } = source.metadata;
    const json = jsonVersion === '1.0' ? 'awsJson1_0' : 'awsJson1_1';
    // The one that is named alone is what its clients speak.
    const names = [protocol, ...protocols.filter((one) => one !== protocol)];
    this.#source = source;
    this.#protocols = names.flatMap((one) => (one === 'json' ? json : (PROTOCOLS[one] ?? [])));
    if (this.#protocols.length === 0) throw new TypeError(`no protocol of ${names.join(', ')} is known here`);
  }

  read(id: string | undefined): { compact: CompactModel; constraints: ReadonlyMap<string, Constraint> } {
    const { metadata } = this.#source;
    const signingName = metadata.signingName ?? metadata.endpointPrefix;
    const serviceId = metadata.serviceId ?? metadata.endpointPrefix;
    const operations: Record<string, CompactOperation> = {};
    const errors = new Set<string>();
    for (const [name, { http, input, output, errors: thrown = [] }] of Object.entries(this.#source.operations)) {
      const refs = [input, output].map((ref) => (ref ? FIRST_SHAPE + this.#complex(ref.shape) : -1)) as [
        number,
        number,
      ];
      const isRest = this.#protocols.some((one) => one.startsWith('rest'));
      operations[name] =
        http && isRest
          ? [...refs, { http: [http.method, this.#template(http.requestUri ?? '/', input), http.responseCode ?? 200] }]
          : refs;
      for (const { shape } of thrown) errors.add(shape);
    }
    const namespace = metadata.xmlNamespace ?? '';
    // EC2's ends in a slash on the wire.
    const uri = typeof namespace === 'string' ? namespace : namespace.uri;
    const compact: CompactModel = {
      id: id ?? signingName,
      serviceId,
      client: '',
      version: metadata.apiVersion ?? '',
      namespace: `com.amazonaws.${signingName}`,
      target: metadata.targetPrefix ?? serviceId.replaceAll(' ', ''),
      signingName,
      endpointPrefix: metadata.endpointPrefix,
      protocols: this.#protocols,
      xmlNamespace: this.#protocols[0] === 'ec2Query' && !uri.endsWith('/') ? `${uri}/` : uri,
      queryCompatible: metadata.awsQueryCompatible !== undefined,
      operations,
      errors: [...errors].map((name) => this.#complex(name)),
      shapes: this.#made,
    };
    return { compact, constraints: this.#constraints };
  }

  #shape(name: string): BotocoreShape {
    const shape = Object.hasOwn(this.#source.shapes, name) ? this.#source.shapes[name] : undefined;
    if (!shape) throw new TypeError(`the model has no shape ${name}`);
    return shape;
  }

  /** Labels stand under their wire name here, under their member's in the compact model. */
  #template(uri: string, input: { readonly shape: string } | undefined): string {
    const members = Object.entries(input ? (this.#shape(input.shape).members ?? {}) : {});
    return uri.replace(/\{([^}+]+)(\+?)\}/g, (whole, label: string, plus: string) => {
      const found = members.find(([name, ref]) => ref.location === 'uri' && (ref.locationName ?? name) === label);
      return found ? `{${found[0]}${plus}}` : whole;
    });
  }

  #ref(ref: BotocoreRef): number {
    const shape = this.#shape(ref.shape);
    if (shape.document) return 15;
    if (shape.type === 'timestamp') return TIMES[ref.timestampFormat ?? shape.timestampFormat ?? ''] ?? 4;
    if (shape.type === 'blob' && (ref.streaming || shape.streaming)) return 42;
    return SIMPLE[shape.type] ?? FIRST_SHAPE + this.#complex(ref.shape);
  }

  /** `at`: the member's place in the table of constraints. */
  #member(ref: BotocoreRef, at: string, name?: string, isPayload = false): CompactMember {
    const shape = this.#shape(ref.shape);
    const constraint = constraintOf(shape);
    if (constraint) this.#constraints.set(at, constraint);
    const traits = { ...locationOf(ref, shape, name ?? '', isPayload), ...this.#namesOf(ref, shape) };
    return Object.keys(traits).length === 0 ? this.#ref(ref) : [this.#ref(ref), traits];
  }

  #namesOf(ref: BotocoreRef, shape: BotocoreShape): Record<string, unknown> {
    const traits: Record<string, unknown> = {};
    const isJson = this.#protocols[0]?.toLowerCase().includes('json') || this.#protocols[0] === 'rpcv2Cbor';
    if (ref.location === undefined && ref.locationName !== undefined)
      traits[isJson ? 'jsonName' : 'xmlName'] = ref.locationName;
    if (ref.flattened || shape.flattened) {
      traits['xmlFlattened'] = 1;
      // In this form a flattened list takes the name of its element.
      const inner = shape.member?.locationName;
      const isQuery = this.#protocols.includes('awsQuery');
      if (!this.#protocols.includes('ec2Query') && inner !== undefined && (isQuery || ref.locationName === undefined))
        traits['xmlName'] = inner;
    }
    if (ref.queryName) traits['ec2QueryName'] = ref.queryName;
    if (ref.xmlAttribute || shape.xmlAttribute) traits['xmlAttribute'] = 1;
    const namespace = ref.xmlNamespace ?? shape.xmlNamespace;
    if (typeof namespace === 'object')
      traits['xmlNamespace'] = namespace.prefix ? [namespace.prefix, namespace.uri] : [namespace.uri];
    if (ref.idempotencyToken) traits['idempotencyToken'] = 1;
    if (shape.sensitive) traits['sensitive'] = 1;
    if (ref.eventpayload) traits['eventPayload'] = 1;
    if (ref.eventheader) traits['eventHeader'] = 1;
    return traits;
  }

  /** Index of a list, map or structure. */
  #complex(name: string): number {
    const known = this.#index.get(name);
    if (known !== undefined) return known;
    const shape = this.#shape(name);
    // Registered before its members are read, since shapes may be recursive.
    const at = this.#made.push([3, name, 0, [], []]) - 1;
    this.#index.set(name, at);
    const sparse = shape.sparse ? { sparse: 1 } : 0;
    if (shape.type === 'list') {
      this.#made[at] = [1, name, sparse, this.#member(shape.member as BotocoreRef, `${name}[]`)];
    } else if (shape.type === 'map') {
      const key = this.#member(shape.key as BotocoreRef, `${name}.key`);
      this.#made[at] = [2, name, sparse, key, this.#member(shape.value as BotocoreRef, `${name}.value`)];
    } else if (shape.type === 'structure') {
      const names = Object.keys(shape.members ?? {});
      const needed = names.filter((one) => shape.required?.includes(one));
      const all = [...needed, ...names.filter((one) => !needed.includes(one))];
      const kind = shape.exception ? -3 : shape.union || shape.eventstream ? 4 : 3;
      const values = all.map((one) =>
        this.#member(shape.members?.[one] as BotocoreRef, `${name}.${one}`, one, shape.payload === one),
      );
      const traits = shape.exception ? errorTraits(shape) : shape.eventstream ? { streaming: 1 } : 0;
      this.#made[at] =
        needed.length > 0 ? [kind, name, traits, all, values, needed.length] : [kind, name, traits, all, values];
    } else throw new TypeError(`${name} is of type ${shape.type}, which is not known here`);
    return at;
  }
}

function locationOf(ref: BotocoreRef, shape: BotocoreShape, name: string, isPayload: boolean): Record<string, unknown> {
  const wire = ref.locationName ?? name;
  if (ref.location === 'uri') return { httpLabel: 1 };
  if (ref.location === 'querystring') return shape.type === 'map' ? { httpQueryParams: 1 } : { httpQuery: wire };
  if (ref.location === 'header') return { httpHeader: wire };
  if (ref.location === 'headers') return { httpPrefixHeaders: ref.locationName ?? '' };
  if (ref.location === 'statusCode') return { httpResponseCode: 1 };
  return isPayload ? { httpPayload: 1 } : {};
}

function errorTraits({ error, fault }: BotocoreShape): Record<string, unknown> {
  const status = error?.httpStatusCode;
  const isServers = fault === true || (status !== undefined && status >= 500);
  return {
    error: isServers && error?.senderFault !== true ? 'server' : 'client',
    ...(status === undefined ? {} : { httpError: status }),
    ...(error?.code === undefined ? {} : { awsQueryError: [error.code, status ?? (isServers ? 500 : 400)] }),
  };
}

function constraintOf({ type, min, max, pattern, enum: values }: BotocoreShape): Constraint | undefined {
  const anchored = pattern !== undefined && /^\^.*\$$/s.test(pattern) ? compile(pattern) : undefined;
  const constraint: Constraint = {
    ...(type === 'integer' || type === 'long' ? { integer: true } : {}),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(anchored ? { pattern: anchored } : {}),
    ...(values ? { enum: new Set(values) } : {}),
  };
  return Object.keys(constraint).length > 0 ? constraint : undefined;
}

/** Undefined for what only other languages' expressions can say. */
function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return undefined;
  }
}
