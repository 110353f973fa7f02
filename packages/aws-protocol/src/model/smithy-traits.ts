import type { Constraint } from './schema.ts';

type Traits = Readonly<Record<string, unknown>>;

/** Smithy's traits that reach the wire, with what the compact model makes of their values. */
const WIRE: Readonly<Record<string, (value: unknown) => Readonly<Record<string, unknown>>>> = {
  'smithy.api#httpLabel': () => ({ httpLabel: 1 }),
  'smithy.api#httpQuery': (name) => ({ httpQuery: name }),
  'smithy.api#httpQueryParams': () => ({ httpQueryParams: 1 }),
  'smithy.api#httpHeader': (name) => ({ httpHeader: name }),
  'smithy.api#httpPrefixHeaders': (prefix) => ({ httpPrefixHeaders: prefix }),
  'smithy.api#httpPayload': () => ({ httpPayload: 1 }),
  'smithy.api#httpResponseCode': () => ({ httpResponseCode: 1 }),
  'smithy.api#idempotencyToken': () => ({ idempotencyToken: 1 }),
  'smithy.api#sensitive': () => ({ sensitive: 1 }),
  'smithy.api#xmlName': (name) => ({ xmlName: name }),
  'smithy.api#xmlFlattened': () => ({ xmlFlattened: 1 }),
  'smithy.api#xmlAttribute': () => ({ xmlAttribute: 1 }),
  'smithy.api#xmlNamespace': (value) => {
    const { uri, prefix } = value as { uri: string; prefix?: string };
    return { xmlNamespace: prefix === undefined ? [uri] : [prefix, uri] };
  },
  'smithy.api#jsonName': (name) => ({ jsonName: name }),
  'smithy.api#sparse': () => ({ sparse: 1 }),
  'smithy.api#streaming': () => ({ streaming: 1 }),
  'smithy.api#eventPayload': () => ({ eventPayload: 1 }),
  'smithy.api#eventHeader': () => ({ eventHeader: 1 }),
  'smithy.api#error': (fault) => ({ error: fault }),
  'smithy.api#httpError': (status) => ({ httpError: status }),
  'smithy.api#http': (value) => {
    const { method, uri, code } = value as { method: string; uri: string; code?: number };
    return { http: [method, uri, code ?? 200] };
  },
  'aws.protocols#awsQueryError': (value) => {
    const { code, httpResponseCode } = value as { code: string; httpResponseCode: number };
    return { awsQueryError: [code, httpResponseCode] };
  },
  'aws.protocols#ec2QueryName': (name) => ({ ec2QueryName: name }),
};

export function wireTraits(traits: Traits = {}): Record<string, unknown> {
  return Object.assign({}, ...Object.entries(traits).map(([name, value]) => WIRE[name]?.(value))) as Record<
    string,
    unknown
  >;
}

const WHOLE = new Set(['byte', 'short', 'integer', 'intEnum', 'long']);

/** What a value of a shape must satisfy beyond its type. `traits`: the shape's, under those of the member. */
export function constraintOf(
  shape: { readonly type: string; readonly members?: Readonly<Record<string, { readonly traits?: Traits }>> },
  traits: Traits,
): Constraint | undefined {
  const bounds = (traits['smithy.api#length'] ?? traits['smithy.api#range'] ?? {}) as { min?: number; max?: number };
  const pattern = traits['smithy.api#pattern'] as string | undefined;
  const values = enumValues(shape, traits);
  const constraint: Constraint = {
    ...(WHOLE.has(shape.type) ? { integer: true } : {}),
    ...(bounds.min === undefined ? {} : { min: Number(bounds.min) }),
    ...(bounds.max === undefined ? {} : { max: Number(bounds.max) }),
    ...(pattern === undefined ? {} : { pattern: compile(pattern) }),
    ...(values ? { enum: new Set(values) } : {}),
  };
  return Object.keys(constraint).length > 0 ? constraint : undefined;
}

/** Compiles a pattern. Models contain needless escapes, which only JavaScript's older syntax accepts. */
function compile(pattern: string): RegExp {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // The next, or none.
    }
  }
  throw new TypeError(`the pattern ${pattern} is not a valid JavaScript pattern`);
}

/** Of an enum of Smithy 2.0, or of the trait that a string had in 1.0. */
function enumValues(shape: Parameters<typeof constraintOf>[0], traits: Traits): string[] | undefined {
  if (shape.type === 'enum') {
    return Object.entries(shape.members ?? {}).map(
      ([name, { traits: own }]) => (own?.['smithy.api#enumValue'] as string | undefined) ?? name,
    );
  }
  return (traits['smithy.api#enum'] as { value: string }[] | undefined)?.map(({ value }) => value);
}
