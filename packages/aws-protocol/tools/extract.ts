import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import {
  type CompactMember,
  type CompactModel,
  type CompactShape,
  type CompactTraits,
  TRAIT_BITS,
} from '../src/model/compact.ts';
import type { ServiceSource } from './services.ts';

/** The static schema tuples that SDK clients export (`@smithy/types` StaticSchema), read structurally. */
type Ref = number | string | Tuple | (() => Ref) | [Ref, unknown];
type Tuple = [number, string, string, unknown, ...unknown[]];

const FIRST_SHAPE = 256;
const UNIT = -1;

/** Extracts one service's compact model from the public exports of its SDK client package. */
export async function extractModel(id: string, source: ServiceSource): Promise<CompactModel> {
  const name = `@aws-sdk/client-${source.client}`;
  const client = (await import(name)) as Record<string, unknown>;
  const clientClass = Object.entries(client).find(([key]) => /^[A-Za-z0-9]+Client$/.test(key) && key !== 'Client')?.[1];
  if (typeof clientClass !== 'function') throw new Error(`${name} exports no client class`);
  const { config } = new (clientClass as new (c: object) => { config: Record<string, never> })({ region: 'us-east-1' });
  const settings = config['protocolSettings'] as unknown as Record<string, unknown>;
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
  if (Object.keys(operations).length === 0) throw new Error(`${name} exports no operation schemas`);
  return {
    id,
    serviceId: String(config['serviceId']),
    client: `${name}@${packageVersion(name)}`,
    version: String(settings['version']),
    namespace: String(settings['defaultNamespace']),
    target: String(settings['serviceTarget']),
    signingName: String(config['defaultSigningName']),
    endpointPrefix: source.endpointPrefix,
    protocols: [...source.protocols] as CompactModel['protocols'],
    xmlNamespace: namespaceOf(source, settings),
    queryCompatible: settings['awsQueryCompatible'] === true,
    operations,
    errors,
    shapes,
  };
}

/** The EC2 namespace ends in a slash on the wire; the SDK's setting has it without. */
function namespaceOf(source: ServiceSource, settings: Record<string, unknown>): string {
  const uri = source.xmlNamespace ?? String((settings['xmlNamespace'] as string | undefined) ?? '');
  return source.protocols[0] === 'ec2Query' && !uri.endsWith('/') ? `${uri}/` : uri;
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

function packageVersion(name: string): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve(name);
  const root = entry.slice(0, entry.lastIndexOf(name) + name.length);
  return (JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string }).version;
}
