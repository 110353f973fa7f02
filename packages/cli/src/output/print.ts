import { usage } from '../failure.ts';
import type { GlobalOptions } from '../session/session.ts';
import { closest } from '../table/closest.ts';
import type { Verb } from '../table/verb.ts';
import type { World } from '../world.ts';
import { cellOf, escapeControl, toJson } from './cell.ts';
import { shortId } from './short-id.ts';
import { styleOf } from './style.ts';
import { drawRecord, drawTable } from './table.ts';

type Row = Readonly<Record<string, unknown>>;
type Shape = Pick<Verb, 'columns' | 'fields' | 'shortIds'>;

/** Throws Failure for a column that the verb's output does not have. Call it before the request, which may change something. */
export function checkColumns(verb: Shape, { columns = [], sort }: GlobalOptions): void {
  const known = verb.fields ?? verb.columns;
  if (known.length === 0) return;
  for (const column of [...columns, ...(sort === undefined ? [] : [sort.replace(/^-/, '')])]) {
    if (known.includes(column)) continue;
    const near = closest(column, known);
    throw usage(
      `column '${column}' does not exist. ${near ? `Did you mean '${near}'? ` : ''}Columns: ${known.join(', ')}`,
    );
  }
}

/** Prints an operation's answer in the chosen format. */
export async function printResult(world: World, verb: Shape, options: GlobalOptions, answer: unknown): Promise<void> {
  const { stdout, env } = world;
  const format = options.output ?? 'table';
  if (answer === undefined) {
    if (!options.quiet && format === 'table') stdout.write('done\n');
    return;
  }
  const result = options.sort !== undefined && Array.isArray(answer) ? sorted(answer as Row[], options.sort) : answer;
  const columns = options.columns ?? verb.columns;
  if (options.quiet || format === 'name') {
    const member = options.quiet ? 'id' : 'name';
    for (const row of Array.isArray(result) ? result : [result]) stdout.write(lineOf(row as Row, member, columns));
    return;
  }
  switch (format) {
    case 'json':
      stdout.write(`${toJson(result)}\n`);
      return;
    case 'yaml': {
      const { toYaml } = await import('./yaml.ts');
      stdout.write(toYaml(result));
      return;
    }
    case 'table': {
      const rows = verb.shortIds && Array.isArray(result) ? withShortIds(result as Row[]) : result;
      stdout.write(await asTable(rows, columns, styleOf(stdout, env), options.header !== false));
    }
  }
}

/** Numbers by their value, everything else by its text; what is absent stands last. */
function sorted(rows: readonly Row[], sort: string): readonly Row[] {
  const [column, sign] = sort.startsWith('-') ? [sort.slice(1), -1] : [sort, 1];
  const has = (row: Row) => row[column] !== undefined && row[column] !== null;
  const compare = (a: unknown, b: unknown) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : cellOf(a) < cellOf(b) ? -1 : cellOf(a) > cellOf(b) ? 1 : 0;
  return rows.toSorted((a, b) => Number(has(b)) - Number(has(a)) || sign * compare(a[column], b[column]));
}

/** Two rows with the same short id, which may happen once in a lifetime, keep their ids. */
function withShortIds(rows: readonly Row[]): readonly Row[] {
  const short = rows.map((row) => shortId(row.id));
  if (new Set(short).size < rows.length) return rows;
  return rows.map((row, nth) => ({ ...row, id: short[nth] }));
}

async function asTable(
  result: unknown,
  columns: readonly string[],
  style: ReturnType<typeof styleOf>,
  hasHeader: boolean,
): Promise<string> {
  if (Array.isArray(result)) return drawTable(result as Row[], columns, style, hasHeader);
  if (typeof result !== 'object' || result === null) return `${cellOf(result)}\n`;
  const members = Object.keys(result);
  if (members.length === 1 && members[0] === 'message') return `${escapeControl(String((result as Row).message))}\n`;
  return drawRecord(result as Row, columns, style);
}

/** The id or the name, or else the other one, or else the first column. Empty for an answer that is only a message. */
function lineOf(row: Row, member: 'id' | 'name', columns: readonly string[]): string {
  const other = member === 'id' ? row.name : row.id;
  const text = row[member] ?? other ?? (row.message === undefined ? row[columns[0] ?? ''] : undefined);
  return text === undefined ? '' : `${cellOf(text)}\n`;
}
