import { existsSync, readFileSync } from 'node:fs';
import type { Constraint, ConstraintTable } from './schema.ts';

/** One entry of overlay/constraints: [min, max, pattern, enum, integer], trailing ones left out, null for none. */
type Entry = [
  min?: number | null,
  max?: number | null,
  pattern?: string | null,
  values?: string[] | null,
  integer?: 1 | null,
];

/** Constraints that the SDK's schemas do not carry; empty where a service has no overlay. */
export function loadConstraints(id: string): ConstraintTable {
  const file = new URL(`../../overlay/constraints/${id}.json`, import.meta.url);
  const table = new Map<string, Constraint>();
  if (!existsSync(file)) return table;
  const { constraints } = JSON.parse(readFileSync(file, 'utf8')) as { constraints: Record<string, Entry> };
  for (const [member, [min, max, pattern, values, integer]] of Object.entries(constraints)) {
    table.set(member, {
      ...(typeof min === 'number' ? { min } : {}),
      ...(typeof max === 'number' ? { max } : {}),
      ...(pattern ? { pattern: new RegExp(pattern) } : {}),
      ...(values ? { enum: new Set(values) } : {}),
      ...(integer ? { integer: true } : {}),
    });
  }
  return table;
}
