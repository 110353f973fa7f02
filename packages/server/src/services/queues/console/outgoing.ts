/** A row of the form's attributes. */
export interface AttributeRow {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export type Attributes = Readonly<Record<string, { readonly type: string; readonly value: string }>>;

/** Undefined: there are none. */
export const attributesOf = (rows: readonly AttributeRow[]): Attributes | undefined =>
  rows.length === 0 ? undefined : Object.fromEntries(rows.map(({ name, type, value }) => [name, { type, value }]));

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Bytes of a message as the platform counts them; what is binary counts decoded. */
export function sizeOf(body: string, attributes: Attributes = {}): number {
  let size = bytesOf(body);
  for (const [name, { type, value }] of Object.entries(attributes)) {
    const isBinary = type.startsWith('Binary');
    size +=
      bytesOf(name) +
      bytesOf(type) +
      (isBinary ? Math.floor((value.replace(/=+$/, '').length * 3) / 4) : bytesOf(value));
  }
  return size;
}

/** Lines that are not empty. */
export const linesOf = (text: string): readonly string[] => text.split(/\r?\n/).filter((line) => line !== '');

/** Most messages of a call, and most bytes of their texts: attributes need room, too. */
const BATCH = 10;
const BATCH_BYTES = 900_000;

/** Lines by the call that sends them. */
export function batchesOf(lines: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let size = 0;
  for (const line of lines) {
    const bytes = bytesOf(line);
    const last = batches.at(-1);
    if (last === undefined || last.length === BATCH || size + bytes > BATCH_BYTES) {
      batches.push([line]);
      size = bytes;
    } else {
      last.push(line);
      size += bytes;
    }
  }
  return batches;
}

/** The lines that are still to be sent, once calls have answered for so many of them; the last one sent `batch` with the ids 1, 2, … */
export const unsentOf = (
  lines: readonly string[],
  answered: number,
  batch: readonly string[],
  failed: readonly { readonly id: string }[],
): readonly string[] => [...failed.map(({ id }) => batch[Number(id) - 1]!), ...lines.slice(answered)];
