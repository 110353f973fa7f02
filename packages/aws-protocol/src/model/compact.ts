/**
 * The compact model: one JSON file a service, extracted from the public runtime schemas of the official SDK client.
 *
 * A reference is a number: below 256 a simple type (0 string, 1 number, 2 boolean, 4..7 timestamps, 15 document,
 * 17 big integer, 19 big decimal, 21 blob, 42 streaming blob; +64 a list of it, +128 a string map of it), from 256 on
 * the shape with index `ref - 256`, and -1 no shape at all ("unit"). A member with traits is a pair.
 */
export type CompactRef = number;
export type CompactTraits = number | Record<string, unknown>;
/** What the bits of traits that are a number stand for, lowest first. */
export const TRAIT_BITS = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
] as const;
export type CompactMember = CompactRef | [CompactRef, CompactTraits];

export type CompactShape =
  | [kind: 1, name: string, traits: CompactTraits, element: CompactMember]
  | [kind: 2, name: string, traits: CompactTraits, key: CompactMember, value: CompactMember]
  | [
      kind: 3 | 4 | -3,
      name: string,
      traits: CompactTraits,
      names: string[],
      members: CompactMember[],
      /** How many of the members, which come first, are required. */
      required?: number,
    ];

export type CompactOperation = [input: CompactRef, output: CompactRef, traits?: CompactTraits];

export const PROTOCOLS = [
  'awsJson1_0',
  'awsJson1_1',
  'awsQuery',
  'ec2Query',
  'restJson1',
  'restXml',
  'rpcv2Cbor',
] as const;
export type ProtocolName = (typeof PROTOCOLS)[number];

export interface CompactModel {
  readonly id: string;
  /** The service's own name, for example `SQS`, and the SDK package the model was taken from. */
  readonly serviceId: string;
  readonly client: string;
  readonly version: string;
  readonly namespace: string;
  /** Prefix of `X-Amz-Target`, and the service name in rpc-v2 paths. */
  readonly target: string;
  readonly signingName: string;
  readonly endpointPrefix: string;
  readonly protocols: readonly ProtocolName[];
  readonly xmlNamespace: string;
  /** Errors carry the legacy query code in `x-amzn-query-error`. */
  readonly queryCompatible: boolean;
  readonly operations: Record<string, CompactOperation>;
  readonly errors: readonly number[];
  readonly shapes: readonly CompactShape[];
}
