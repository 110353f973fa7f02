import { readDataFile } from '../files.ts';
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
  const table = new Map<string, Constraint>();
  const overlay = readDataFile(`overlay/constraints/${id}.json`) as { constraints: Record<string, Entry> } | undefined;
  for (const [member, [min, max, pattern, values, integer]] of Object.entries(overlay?.constraints ?? {})) {
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
