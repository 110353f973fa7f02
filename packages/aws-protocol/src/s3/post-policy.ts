import { AwsError, Refusal } from '../errors.ts';

type Condition =
  | { kind: 'eq' | 'starts-with'; field: string; value: string }
  | { kind: 'range'; min: number; max: number };
export interface Policy {
  readonly expiration: number;
  readonly conditions: readonly Condition[];
}

/** Fields that need no condition. Source: Amazon S3 API reference, "Creating a POST policy". */
const FREE = new Set(['x-amz-signature', 'file', 'policy', 'bucket', 'awsaccesskeyid', 'signature']);

const EXPIRATION = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** Reads a base64 policy document. Throws AwsError for one that is not well-formed. */
export function parsePolicy(text: string): Policy {
  let document: { expiration?: unknown; conditions?: unknown };
  try {
    document = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as typeof document;
  } catch {
    throw invalid('it is not JSON');
  }
  const stated = document?.expiration;
  const expiration = typeof stated === 'string' && EXPIRATION.test(stated) ? Date.parse(stated) : Number.NaN;
  if (Number.isNaN(expiration)) throw invalid('expiration must be a time like 2030-01-31T12:00:00Z');
  if (!Array.isArray(document.conditions) || document.conditions.length > 1000) throw invalid('conditions are missing');
  return { expiration, conditions: document.conditions.flatMap(readCondition) };
}

function readCondition(entry: unknown): Condition[] {
  if (Array.isArray(entry)) {
    const [kind, field, value] = entry as [unknown, unknown, unknown];
    if (kind === 'content-length-range' && Number.isSafeInteger(Number(field)) && Number.isSafeInteger(Number(value))) {
      return [{ kind: 'range', min: Number(field), max: Number(value) }];
    }
    if (
      (kind === 'eq' || kind === 'starts-with') &&
      typeof field === 'string' &&
      field.startsWith('$') &&
      typeof value === 'string'
    ) {
      return [{ kind, field: field.slice(1).toLowerCase(), value }];
    }
    throw invalid('unknown condition');
  }
  if (typeof entry !== 'object' || entry === null) throw invalid('unknown condition');
  if (Object.keys(entry).length === 0) throw invalid('a condition is empty');
  return Object.entries(entry).map(([field, value]: [string, unknown]) => {
    if (typeof value !== 'string' && typeof value !== 'number') throw invalid('a condition needs a text');
    return { kind: 'eq', field: field.toLowerCase(), value: String(value) };
  });
}

/** Holds a form's fields against its policy; gives the range allowed for the file's length. */
export function checkPolicy(
  policy: Policy,
  fields: Readonly<Record<string, string>>,
  now: number,
): readonly [number, number] | undefined {
  if (now > policy.expiration) throw new Refusal('expired', 'Invalid according to Policy: Policy expired.');
  let range: [number, number] | undefined;
  const named = new Set<string>();
  for (const condition of policy.conditions) {
    if (condition.kind === 'range') {
      // All conditions hold.
      range = [Math.max(condition.min, range?.[0] ?? 0), Math.min(condition.max, range?.[1] ?? Infinity)];
      continue;
    }
    named.add(condition.field);
    const value = Object.hasOwn(fields, condition.field) ? (fields[condition.field] as string) : '';
    const met = condition.kind === 'eq' ? value === condition.value : value.startsWith(condition.value);
    if (!met)
      throw new Refusal(
        'accessDenied',
        `Invalid according to Policy: Policy Condition failed: ["${condition.kind}", "$${condition.field}", "${condition.value}"]`,
      );
  }
  for (const name of Object.keys(fields)) {
    if (!named.has(name) && !FREE.has(name) && !name.startsWith('x-ignore-')) {
      throw new Refusal('accessDenied', `Invalid according to Policy: Extra input fields: ${name}`);
    }
  }
  return range;
}

function invalid(why: string): AwsError {
  return new AwsError('InvalidPolicyDocument', `Invalid Policy: ${why}.`);
}
