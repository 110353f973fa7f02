import { cellOf, pad, widthOf } from './cell.ts';
import { colourStatus, type Style } from './style.ts';

type Row = Readonly<Record<string, unknown>>;

const GAP = '   ';
/** Columns whose words have a colour. */
const STATUS = new Set(['status', 'state', 'health', 'health_status']);

/** Rows below headings, aligned; no lines are drawn, so that awk and people can read it. */
export function drawTable(rows: readonly Row[], columns: readonly string[], style: Style): string {
  const headings = columns.map((column) => column.replaceAll('_', ' ').toUpperCase());
  const cells = rows.map((row) => columns.map((column) => cellOf(row[column])));
  const widths = headings.map((heading, nth) => Math.max(widthOf(heading), ...cells.map((row) => widthOf(row[nth]!))));
  const line = (texts: readonly string[], colour: (text: string, nth: number) => string) =>
    texts
      .map((text, nth) => (nth === texts.length - 1 ? colour(text, nth) : colour(pad(text, widths[nth]!), nth)))
      .join(GAP)
      .trimEnd();
  return [
    line(headings, style.bold),
    ...cells.map((row) => line(row, (text, nth) => (STATUS.has(columns[nth]!) ? colourStatus(text, style) : text))),
  ]
    .map((text) => `${text}\n`)
    .join('');
}

/** One resource, a member a line. Members that are not there are left out. */
export function drawRecord(row: Row, columns: readonly string[], style: Style): string {
  const present = columns.filter((column) => row[column] !== undefined && row[column] !== null);
  const width = Math.max(0, ...present.map(widthOf));
  return present
    .map((column) => {
      const cell = cellOf(row[column]);
      return `${style.bold(pad(column, width))}${GAP}${STATUS.has(column) ? colourStatus(cell, style) : cell}\n`;
    })
    .join('');
}
