import type { GlobalOptions } from '../session/session.ts';
import type { Verb } from '../table/verb.ts';
import type { World } from '../world.ts';
import { cellOf, toJson } from './cell.ts';
import { checkColumns } from './print.ts';

type Row = Readonly<Record<string, unknown>>;

/** How rows that come one after the other are printed: columns, JSON lines, YAML documents or ids. Throws Failure for an unknown column. */
export async function lineWriter(
  verb: Pick<Verb, 'columns' | 'fields'>,
  options: GlobalOptions,
): Promise<(row: Row) => string> {
  checkColumns(verb, options);
  const { toYaml } = await import('./yaml.ts');
  const columns = options.columns ?? verb.columns;
  return (row) => {
    if (options.quiet || options.output === 'name') return `${cellOf(row.id)}\n`;
    if (options.output === 'json') return `${toJson(row, 0)}\n`;
    if (options.output === 'yaml') return `---\n${toYaml(row)}`;
    return `${columns.map((column) => cellOf(row[column])).join('  ')}\n`;
  };
}

/** Writes no faster than standard output takes it. */
export async function writeSlowly({ stdout }: World, chunk: string | Uint8Array): Promise<void> {
  if (!stdout.write(chunk)) await new Promise<void>((resolve) => stdout.once('drain', resolve));
}
