/** A piece of a line that looks the same. */
export interface Piece {
  readonly text: string;
  readonly className: string;
  /** It is what is looked for. */
  readonly found?: boolean;
}

/** By the number of an ANSI colour, 30 to 37: the colours that the console has, so that each can be read on its surface. */
const COLOURS = [
  'text-ink-soft',
  'text-bad',
  'text-good',
  'text-warn',
  'text-accent',
  'text-accent',
  'text-accent',
  'text-ink',
];

// Escape sequences: CSI, OSC, and the short ones; then control characters but for the tab.
const SEQUENCE =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for.
  /\u001b\[([\d;:]*)m|\u001b\[[\d;:?<=>!]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** A line as pieces of text with the classes of their colours. What else a terminal would do is left out; nothing becomes markup. */
export function piecesOf(line: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let look = { colour: '', bold: false, dim: false, underlined: false };
  let from = 0;
  const add = (text: string) => {
    if (text === '') return;
    const { colour, bold, dim, underlined } = look;
    const names = [dim ? 'text-ink-soft' : colour, bold && 'font-semibold', underlined && 'underline'];
    pieces.push({ text, className: names.filter(Boolean).join(' ') });
  };
  for (const { 0: all, 1: codes, index } of line.matchAll(SEQUENCE)) {
    add(line.slice(from, index));
    from = index + all.length;
    if (codes !== undefined) look = lookAfter(look, codes);
  }
  add(line.slice(from));
  return pieces;
}

type Look = { readonly colour: string; readonly bold: boolean; readonly dim: boolean; readonly underlined: boolean };

function lookAfter(before: Look, codes: string): Look {
  let look = before;
  const numbers = codes.split(/[;:]/).map(Number);
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at]!;
    if (code === 0) look = { colour: '', bold: false, dim: false, underlined: false };
    else if (code === 1) look = { ...look, bold: true };
    else if (code === 2) look = { ...look, dim: true };
    else if (code === 4) look = { ...look, underlined: true };
    else if (code === 22) look = { ...look, bold: false, dim: false };
    else if (code === 24) look = { ...look, underlined: false };
    else if (code === 39) look = { ...look, colour: '' };
    else if (code >= 30 && code <= 37) look = { ...look, colour: COLOURS[code - 30]! };
    else if (code >= 90 && code <= 97) look = { ...look, colour: COLOURS[code - 90]! };
    // 256 colours and true colour: their numbers are no codes.
    else if (code === 38 || code === 48) at += numbers[at + 1] === 5 ? 2 : 4;
  }
  return look;
}

/** A line without its escape sequences. */
export const plainOf = (line: string): string => line.replaceAll(SEQUENCE, '');

/** Most places of one line that are marked: a line of one letter would fill the page with marks of it. */
const MOST_FOUND = 200;

/** The pieces with those parts apart that are looked for, whatever their case. */
export function highlight(pieces: readonly Piece[], wanted: string): readonly Piece[] {
  if (wanted === '') return pieces;
  const plain = pieces.map(({ text }) => text).join('');
  const low = plain.toLowerCase();
  // Where lower case has another length, such as of İ, places would not fit.
  const [text, word] = low.length === plain.length ? [low, wanted.toLowerCase()] : [plain, wanted];
  const found: (readonly [number, number])[] = [];
  for (let at = text.indexOf(word); at >= 0 && found.length < MOST_FOUND; at = text.indexOf(word, at + word.length))
    found.push([at, at + word.length]);
  if (found.length === 0) return pieces;
  const result: Piece[] = [];
  let start = 0;
  let next = 0;
  for (const piece of pieces) {
    const end = start + piece.text.length;
    for (let at = start; at < end; ) {
      while (next < found.length && found[next]![1] <= at) next++;
      const [first, last] = found[next] ?? [end, end];
      const isFound = first <= at;
      const to = Math.min(end, isFound ? last : first);
      result.push({ text: plain.slice(at, to), className: piece.className, ...(isFound ? { found: true } : {}) });
      at = to;
    }
    start = end;
  }
  return result;
}
