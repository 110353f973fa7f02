import { textOf } from '../../../sdk/src/text.ts';
/** Control characters would move the cursor or worse; what others named their things must not. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export const escapeControl = (text: string): string =>
  text.replaceAll(CONTROL, (found) => {
    const code = found.charCodeAt(0);
    if (found === '\n') return '\\n';
    if (found === '\t') return '\\t';
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$/;

/** A value on one line: `-` for none, times to the second, lists with commas, records as key=value. */
export function cellOf(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  if (typeof value === 'string') return escapeControl(TIME.exec(value)?.[1]?.concat('Z') ?? value);
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cellOf).join(', ');
  if (typeof value === 'object') {
    const members = Object.entries(value);
    return members.map(([key, one]) => `${escapeControl(key)}=${cellOf(one)}`).join(', ') || '-';
  }
  return textOf(value);
}

const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
/** Made on first use: it costs 12 ms. */
let graphemes: Intl.Segmenter | undefined;

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  // oxlint-disable-next-line no-control-regex
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  graphemes ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));
