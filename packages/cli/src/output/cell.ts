import { textOf } from '../../../sdk/src/text.ts';
/** Control characters could move the cursor or worse, and names come from other users. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export const escapeControl = (text: string): string =>
  text.replaceAll(CONTROL, (found) => {
    const code = found.charCodeAt(0);
    if (found === '\n') return '\\n';
    if (found === '\t') return '\\t';
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });

/** The same for a text of several lines. */
export const escapeLines = (text: string): string => text.split('\n').map(escapeControl).join('\n');

/** A value as JSON that a terminal shows and does not obey: the language itself escapes only what is below U+0020. */
export const toJson = (value: unknown, indent = 2): string =>
  JSON.stringify(value, null, indent).replaceAll(CONTROL, (found) =>
    found === '\n' ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$/;

/** A value on one line: `-` for none, times to the second, lists with commas, records as key=value. */
export function cellOf(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  if (typeof value === 'string') return escapeControl(TIME.exec(value)?.[1]?.concat('Z') ?? value);
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(cellOf).join(', ');
  if (typeof value === 'object') {
    const members = Object.entries(value);
    if (members.length === 2 && 'from' in value && 'to' in value) return `${cellOf(value.from)} → ${cellOf(value.to)}`;
    return members.map(([key, one]) => `${escapeControl(key)}=${cellOf(one)}`).join(', ') || '-';
  }
  return textOf(value);
}
