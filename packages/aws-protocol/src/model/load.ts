import { readDataFile } from '../files.ts';
import type { CompactModel } from './compact.ts';
import { loadConstraints } from './constraints.ts';
import { linkModel, type Model, type TraitTable } from './schema.ts';

/** The services whose models come with the package. */
export const MODEL_IDS = [
  'auto-scaling',
  'cloudwatch',
  'cloudwatch-logs',
  'dynamodb',
  'ec2',
  'elastic-load-balancing-v2',
  'elasticache',
  'eventbridge',
  'iam',
  'kms',
  'lambda',
  'rds',
  's3',
  'scheduler',
  'secretsmanager',
  'sns',
  'sqs',
  'ssm',
  'sts',
] as const;
export type ModelId = (typeof MODEL_IDS)[number];

let traits: Record<string, TraitTable> | undefined;
function loadTraits(): Record<string, TraitTable> {
  traits ??= readDataFile('overlay/traits.json') as Record<string, TraitTable>;
  return traits;
}

const loaded = new Map<ModelId, Model>();

/** Loads a service's model on first use; a server pays only for the services it serves. */
export function loadModel(id: ModelId): Model {
  const known = loaded.get(id);
  if (known) return known;
  if (!MODEL_IDS.includes(id)) throw new RangeError(`there is no model ${String(id)}`);
  const model = linkModel(readDataFile(`models/${id}.json`) as CompactModel, loadConstraints(id), loadTraits()[id]);
  loaded.set(id, model);
  return model;
}
