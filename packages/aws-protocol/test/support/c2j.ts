import type { CompactMember, CompactModel, CompactShape, ProtocolName } from '../../src/model/compact.ts';

/** The older JSON form of AWS models, in which the published protocol test cases are written. */
export interface C2jRef {
  shape: string;
  location?: string;
  locationName?: string;
  queryName?: string;
  flattened?: boolean;
  xmlNamespace?: { uri: string; prefix?: string };
  xmlAttribute?: boolean;
  timestampFormat?: string;
  streaming?: boolean;
  idempotencyToken?: boolean;
  jsonvalue?: boolean;
}
export interface C2jShape extends Omit<C2jRef, 'shape'> {
  type: string;
  members?: Record<string, C2jRef>;
  member?: C2jRef;
  key?: C2jRef;
  value?: C2jRef;
  payload?: string;
  document?: boolean;
}
const SIMPLE: Record<string, number> = {
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
const TIMES: Record<string, number> = { iso8601: 5, rfc822: 6, unixTimestamp: 7 };
const PROTOCOLS: Record<string, ProtocolName> = {
  ec2: 'ec2Query',
  query: 'awsQuery',
  json: 'awsJson1_1',
  'rest-json': 'restJson1',
  'rest-xml': 'restXml',
};

/** One operation, `OperationName`, as a compact model. */
export function fromC2j(
  suite: string,
  metadata: { apiVersion?: string; targetPrefix?: string },
  shapes: Record<string, C2jShape>,
  given: { name: string; http?: { method: string; requestUri?: string }; input?: { shape: string; payload?: string } },
): CompactModel {
  const made: CompactShape[] = [];
  const index = new Map<string, number>();
  const json = suite === 'json' || suite === 'rest-json';

  const refOf = (ref: C2jRef): number => {
    const shape = shapes[ref.shape] as C2jShape;
    if (shape.document) return 15;
    if (shape.type === 'timestamp') return TIMES[ref.timestampFormat ?? shape.timestampFormat ?? ''] ?? 4;
    if (shape.type === 'blob' && (ref.streaming || shape.streaming)) return 42;
    return SIMPLE[shape.type] ?? 256 + shapeOf(ref.shape);
  };
  const member = (stated: C2jRef, name: string | undefined, payload: boolean): CompactMember => {
    const shape = shapes[stated.shape] as C2jShape;
    const ref =
      shape.location === undefined
        ? stated
        : { ...stated, location: shape.location, locationName: shape.locationName ?? '' };
    const traits: Record<string, unknown> = {};
    const wire = ref.locationName ?? name ?? '';
    if (ref.location === 'uri') traits['httpLabel'] = 1;
    else if (ref.location === 'querystring' && shape.type === 'map') traits['httpQueryParams'] = 1;
    else if (ref.location === 'querystring') traits['httpQuery'] = wire;
    else if (ref.location === 'header') traits['httpHeader'] = wire;
    else if (ref.location === 'headers') traits['httpPrefixHeaders'] = ref.locationName ?? '';
    else if (ref.location === 'statusCode') traits['httpResponseCode'] = 1;
    else if (payload) traits['httpPayload'] = 1;
    if (ref.location === undefined && ref.locationName !== undefined)
      traits[json ? 'jsonName' : 'xmlName'] = ref.locationName;
    if (ref.flattened || shape.flattened) {
      traits['xmlFlattened'] = 1;
      // In this form a flattened list takes the name of its element.
      const inner = shape.member?.locationName;
      if (suite !== 'ec2' && inner !== undefined && (suite === 'query' || ref.locationName === undefined))
        traits['xmlName'] = inner;
    }
    if (ref.queryName) traits['ec2QueryName'] = ref.queryName;
    if (ref.xmlAttribute || shape.xmlAttribute) traits['xmlAttribute'] = 1;
    if (ref.idempotencyToken) traits['idempotencyToken'] = 1;
    return Object.keys(traits).length === 0 ? refOf(ref) : [refOf(ref), traits];
  };
  const shapeOf = (name: string): number => {
    const known = index.get(name);
    if (known !== undefined) return known;
    const at = made.push([3, name, 0, [], []]) - 1;
    index.set(name, at);
    const shape = shapes[name] as C2jShape;
    if (shape.type === 'list') made[at] = [1, name, 0, member(shape.member as C2jRef, undefined, false)];
    else if (shape.type === 'map')
      made[at] = [
        2,
        name,
        0,
        member(shape.key as C2jRef, undefined, false),
        member(shape.value as C2jRef, undefined, false),
      ];
    else {
      const entries = Object.entries(shape.members ?? {});
      made[at] = [
        3,
        name,
        0,
        entries.map(([key]) => key),
        entries.map(([key, ref]) =>
          member(ref, key, (shape.payload ?? (name === given.input?.shape ? given.input.payload : undefined)) === key),
        ),
      ];
    }
    return at;
  };

  const input = given.input ? 256 + shapeOf(given.input.shape) : -1;
  const http =
    given.http && suite.startsWith('rest')
      ? {
          http: [
            given.http.method,
            template(given.http.requestUri ?? '/', given.input && shapes[given.input.shape]),
            200,
          ],
        }
      : undefined;
  return {
    id: `c2j-${suite}`,
    serviceId: 'Proto',
    client: '',
    version: metadata.apiVersion ?? '',
    namespace: 'com.amazonaws.proto',
    target: metadata.targetPrefix ?? 'proto',
    signingName: 'proto',
    endpointPrefix: 'proto',
    protocols: [PROTOCOLS[suite] as ProtocolName],
    xmlNamespace: '',
    queryCompatible: false,
    operations: { [given.name]: http ? [input, -1, http] : [input, -1] },
    errors: [],
    shapes: made,
  };
}

/** Labels stand under their wire name here, under their member's in the SDK's schemas. */
function template(uri: string, input: C2jShape | undefined): string {
  return uri.replace(/\{([^}+]+)(\+?)\}/g, (whole, label: string, plus: string) => {
    const found = Object.entries(input?.members ?? {}).find(
      ([, ref]) => ref.location === 'uri' && ref.locationName === label,
    );
    return found ? `{${found[0]}${plus}}` : whole;
  });
}

/** The cases' parameters as a handler shall see them: bytes, Dates, no nulls. */
export function expectedOf(shapes: Record<string, C2jShape>, ref: C2jRef, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  const shape = shapes[ref.shape] as C2jShape;
  if (ref.jsonvalue)
    return ref.location === 'header' ? Buffer.from(JSON.stringify(value)).toString('base64') : JSON.stringify(value);
  if (shape.document) return value;
  if (shape.type === 'blob') return Buffer.from(value as string);
  if (shape.type === 'timestamp') return new Date((value as number) * 1000);
  if (shape.type === 'list')
    return (value as unknown[]).map((item) => expectedOf(shapes, shape.member as C2jRef, item));
  if (shape.type === 'map')
    return Object.fromEntries(
      Object.entries(value as object).map(([k, v]) => [k, expectedOf(shapes, shape.value as C2jRef, v)]),
    );
  if (shape.type === 'structure') {
    return Object.fromEntries(
      Object.entries(value as object).map(([k, v]) => [
        k,
        expectedOf(shapes, (shape.members as Record<string, C2jRef>)[k] as C2jRef, v),
      ]),
    );
  }
  return value;
}
