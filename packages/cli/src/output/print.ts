import type { GlobalOptions } from '../session/session.ts';
import type { Verb } from '../table/verb.ts';
import type { World } from '../world.ts';
import { cellOf, escapeControl } from './cell.ts';
import { styleOf } from './style.ts';
import { drawRecord, drawTable } from './table.ts';

type Row = Readonly<Record<string, unknown>>;

/** Prints an operation's answer in the chosen format. */
export async function printResult(world: World, verb: Verb, options: GlobalOptions, result: unknown): Promise<void> {
  const { stdout, env } = world;
  if (result === undefined) {
    if (!options.quiet && (options.output ?? 'table') === 'table') stdout.write('done\n');
    return;
  }
  if (options.quiet) {
    for (const row of Array.isArray(result) ? result : [result]) stdout.write(idOf(row as Row, verb.columns));
    return;
  }
  switch (options.output ?? 'table') {
    case 'json':
      stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      return;
    case 'yaml': {
      const { toYaml } = await import('./yaml.ts');
      stdout.write(toYaml(result));
      return;
    }
    case 'table':
      stdout.write(await asTable(result, verb.columns, styleOf(stdout, env)));
  }
}

async function asTable(
  result: unknown,
  columns: readonly string[],
  style: ReturnType<typeof styleOf>,
): Promise<string> {
  if (Array.isArray(result)) return drawTable(result as Row[], columns, style);
  if (typeof result !== 'object' || result === null) return `${cellOf(result)}\n`;
  const members = Object.keys(result);
  if (members.length === 1 && members[0] === 'message') return `${escapeControl(String((result as Row).message))}\n`;
  return drawRecord(result as Row, columns, style);
}

/** The id, or else the name, or else the first column. Empty for an answer that is only a message. */
function idOf(row: Row, columns: readonly string[]): string {
  const id = row.id ?? row.name ?? (row.message === undefined ? row[columns[0] ?? ''] : undefined);
  return id === undefined ? '' : `${cellOf(id)}\n`;
}
