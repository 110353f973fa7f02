import type { Constraint, Member, Shape, StructShape } from './model/schema.ts';
import { Refusal } from './errors.ts';

type Check = (value: unknown, path: string, problems: Problem[]) => void;
interface Problem {
  readonly kind: 'missing' | 'enumValue' | 'other';
  readonly path: string;
  readonly text: string;
}

const REASONS = { missing: 'missingParameter', enumValue: 'enumValue' } as const;
const MAX_PROBLEMS = 10;
const checks = new WeakMap<Shape, Check | null>();

/** Refuses an input that lacks required members or breaks the model's constraints, in the words AWS uses. */
export function validateInput(shape: StructShape, value: Record<string, unknown>): void {
  const check = checkOf(shape);
  if (!check) return;
  const problems: Problem[] = [];
  check(value, '', problems);
  if (problems.length === 0) return;
  const [{ kind }] = problems as [Problem];
  const same = problems.every((p) => p.kind === kind);
  const many = problems.length > 1 ? 'errors' : 'error';
  throw new Refusal(
    same && kind !== 'other' ? REASONS[kind] : 'validation',
    `${problems.length} validation ${many} detected: ${problems.map((p) => p.text).join('; ')}`,
  );
}

/** Null where nothing in a shape can be wrong, so that most inputs cost nothing. */
function checkOf(shape: Shape): Check | null {
  const known = checks.get(shape);
  if (known !== undefined) return known;
  if (shape.kind !== 'struct' && shape.kind !== 'list' && shape.kind !== 'map') return null;
  // A recursive shape is taken to need a check until it is known.
  let made: Check | null = null;
  checks.set(shape, (value, path, problems) => made?.(value, path, problems));
  made =
    shape.kind === 'struct'
      ? structCheck(shape)
      : shape.kind === 'list'
        ? listCheck(shape.element)
        : mapCheck(shape.key, shape.value);
  checks.set(shape, made);
  return made;
}

function memberCheck(member: Member): Check | null {
  const inner = checkOf(member.shape);
  const { constraint } = member;
  if (!constraint) return inner;
  return (value, path, problems) => {
    const text = violated(constraint, value);
    if (text !== undefined && problems.length < MAX_PROBLEMS) {
      problems.push({
        kind: text.startsWith('Member must satisfy enum') ? 'enumValue' : 'other',
        path,
        text: `Value ${shown(value, member)} at '${path}' failed to satisfy constraint: ${text}`,
      });
    }
    inner?.(value, path, problems);
  };
}

function structCheck(shape: StructShape): Check | null {
  const entries = shape.members
    .map((member) => ({ name: member.name, required: member.required, check: memberCheck(member) }))
    .filter((entry) => entry.required || entry.check !== null);
  if (entries.length === 0) return null;
  return (value, path, problems) => {
    const source = value as Record<string, unknown>;
    for (const { name, required, check } of entries) {
      const item = source[name];
      if (item !== undefined) {
        check?.(item, path === '' ? lower(name) : `${path}.${lower(name)}`, problems);
      } else if (required && problems.length < MAX_PROBLEMS) {
        const at = path === '' ? lower(name) : `${path}.${lower(name)}`;
        problems.push({
          kind: 'missing',
          path: at,
          text: `Value null at '${at}' failed to satisfy constraint: Member must not be null`,
        });
      }
    }
  };
}

function listCheck(element: Member): Check | null {
  const check = memberCheck(element);
  if (!check) return null;
  return (value, path, problems) => {
    (value as unknown[]).forEach((item, i) => {
      if (problems.length < MAX_PROBLEMS && item !== null) check(item, `${path}.${i + 1}.member`, problems);
    });
  };
}

function mapCheck(key: Member, item: Member): Check | null {
  const keyCheck = memberCheck(key);
  const valueCheck = memberCheck(item);
  if (!keyCheck && !valueCheck) return null;
  return (value, path, problems) => {
    for (const [name, entry] of Object.entries(value as object)) {
      if (problems.length >= MAX_PROBLEMS) return;
      keyCheck?.(name, path, problems);
      if (entry !== null) valueCheck?.(entry, `${path}.${name}.member`, problems);
    }
  };
}

function violated(rule: Constraint, value: unknown): string | undefined {
  if (typeof value === 'number') {
    if (rule.integer && !Number.isInteger(value)) return 'Member must be an integer';
    if (rule.min !== undefined && value < rule.min)
      return `Member must have value greater than or equal to ${rule.min}`;
    if (rule.max !== undefined && value > rule.max) return `Member must have value less than or equal to ${rule.max}`;
    return undefined;
  }
  const length = lengthOf(value);
  if (length === undefined) return undefined;
  if (rule.min !== undefined && length < rule.min)
    return `Member must have length greater than or equal to ${rule.min}`;
  if (rule.max !== undefined && length > rule.max) return `Member must have length less than or equal to ${rule.max}`;
  if (typeof value !== 'string') return undefined;
  if (rule.enum && !rule.enum.has(value))
    return `Member must satisfy enum value set: [${[...rule.enum].slice(0, 40).join(', ')}]`;
  if (rule.pattern && !rule.pattern.test(value))
    return `Member must satisfy regular expression pattern: ${rule.pattern.source}`;
  return undefined;
}

function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value === null || typeof value !== 'object' || value instanceof Date || 'pipe' in value) return undefined;
  return Object.keys(value).length;
}

function shown(value: unknown, member: Member): string {
  if (member.traits.sensitive) return "'***'";
  return typeof value === 'string' || typeof value === 'number' ? `'${String(value).slice(0, 200)}'` : 'given';
}

function lower(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
