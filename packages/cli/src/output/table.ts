import { cellOf } from './cell.ts';
import { colourStatus, type Style } from './style.ts';

type Row = Readonly<Record<string, unknown>>;

const GAP = '   ';
/** Columns whose words have a colour. */
const STATUS = new Set(['status', 'state', 'health', 'health_status']);

type Measure = (text: string) => number;

/** Measures texts in terminal columns. Loads the Unicode tables, which takes 40 ms, only for text that is not ASCII. */
async function measureOf(texts: readonly string[]): Promise<Measure> {
  if (texts.every((text) => /^[\x20-\x7e]*$/.test(text))) return (text) => text.length;
  return (await import('./width.ts')).widthOf;
}

const pad = (text: string, width: number, measure: Measure): string =>
  text + ' '.repeat(Math.max(0, width - measure(text)));

/** Aligned rows below headings, unless those are not wanted, and without drawn lines, so awk can read them too. */
export async function drawTable(
  rows: readonly Row[],
  columns: readonly string[],
  style: Style,
  hasHeader = true,
): Promise<string> {
  const headings = columns.map((column) => (hasHeader ? column.replaceAll('_', ' ').toUpperCase() : ''));
  const cells = rows.map((row) => columns.map((column) => cellOf(row[column])));
  const measure = await measureOf([headings, ...cells].flat());
  const widths = headings.map((heading, nth) => Math.max(measure(heading), ...cells.map((row) => measure(row[nth]!))));
  const line = (texts: readonly string[], colour: (text: string, nth: number) => string) =>
    texts
      .map((text, nth) => colour(nth === texts.length - 1 ? text : pad(text, widths[nth]!, measure), nth))
      .join(GAP)
      .trimEnd();
  return [
    ...(hasHeader ? [line(headings, style.bold)] : []),
    ...cells.map((row) => line(row, (text, nth) => (STATUS.has(columns[nth]!) ? colourStatus(text, style) : text))),
  ]
    .map((text) => `${text}\n`)
    .join('');
}

/** One resource, one member per line, without absent members. */
export function drawRecord(row: Row, columns: readonly string[], style: Style): string {
  const present = columns.filter((column) => row[column] !== undefined && row[column] !== null);
  const width = Math.max(0, ...present.map((column) => column.length));
  return present
    .map((column) => {
      const cell = cellOf(row[column]);
      return `${style.bold(column.padEnd(width))}${GAP}${STATUS.has(column) ? colourStatus(cell, style) : cell}\n`;
    })
    .join('');
}
