import type { Entry } from '../kernel/registry.ts';

/** A body of a request that takes its reader as much time as a body of its size can. */
export interface CostlyBody {
  /** What it is made of, in words. */
  readonly shape: string;
  readonly json: Buffer;
}

/** Items of which a list of any length is made. */
const ITEMS = ['""', '1', 'null', '[]', '{}', '{"id":""}', '[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]'];
/** Pieces of a text of any length: what regular expressions go back and forth over, what is escaped, what takes several bytes. */
const PIECES = [' ', 'a', '.', '=', '@', 'a@', 'a.', 'a:', ' a', '-', '\\t', '\\u0001', '\\"', 'é', '😀', '1'];
/** Bytes of the texts in a list of texts: the longest name, and one that no name may have. */
const TEXTS = [255, 4_000];

/** Bytes of a body of which not all members are tried. */
const LARGE = 64 << 10;

/** The worst bodies of the largest size that an operation reads, for each of its members and for one that it does not have. */
export function* costlyBodies({
  bodyLimit,
  descriptor,
}: Pick<Entry, 'bodyLimit' | 'descriptor'>): Generator<CostlyBody> {
  const { properties = {} } = descriptor.input as { properties?: object };
  const body = (shape: string, json: string): CostlyBody => ({ shape, json: Buffer.from(json) });
  yield body('many members', `{${many((nth) => `"${nth}":1`, bodyLimit - 2)}}`);
  yield body('one member many times', `{${again('"a":1', bodyLimit - 2)}}`);
  // Members with the same schema are read the same way. Of a large body one text and one unknown member tell enough: most time goes by its size.
  const members = new Map(Object.entries(properties).map(([name, member]) => [JSON.stringify(member), name]));
  if (bodyLimit > LARGE) for (const looks of [...members.keys()].slice(1)) members.delete(looks);
  for (const name of [...members.values(), 'other']) {
    const room = bodyLimit - name.length - 10;
    const member = (shape: string, json: string) => body(`${name}: ${shape}`, `{"${name}":${json}}`);
    for (const item of ITEMS) yield member(`a list of ${item}`, `[${again(item, room)}]`);
    yield member('a list of different texts', `[${many((nth) => `"${nth}"`, room)}]`);
    yield member('many members', `{${many((nth) => `"${nth}":""`, room)}}`);
    yield member('many objects', `{${many((nth) => `"${nth}":{"a":""}`, room)}}`);
    yield member('lists in lists', `${'['.repeat(room / 2)}${']'.repeat(room / 2)}`);
    yield member('objects in objects', `${'{"a":'.repeat(room / 6)}1${'}'.repeat(room / 6)}`);
    yield member('digits', '1'.repeat(room));
    yield member('blanks', `${' '.repeat(room)}1`);
    for (const piece of PIECES) {
      const text = (bytes: number) => `"${piece.repeat(bytes / Buffer.byteLength(piece))}"`;
      yield member(`a text of ${piece}`, text(room));
      for (const bytes of TEXTS)
        if (bytes < room && bodyLimit <= LARGE)
          yield member(`a list of texts of ${piece}`, `[${again(text(bytes), room)}]`);
    }
  }
}

/** As many copies as there is room for, with commas between them. */
const again = (piece: string, room: number): string =>
  `${piece},`.repeat(Math.max(1, room / (Buffer.byteLength(piece) + 1))).slice(0, -1);

/** As many pieces as there is room for, each another, with commas between them. */
function many(piece: (nth: number) => string, room: number): string {
  const pieces: string[] = [];
  for (let left = room, nth = 0; ; nth++) {
    const one = piece(nth);
    left -= Buffer.byteLength(one) + 1;
    if (left < 0) return pieces.join(',');
    pieces.push(one);
  }
}
