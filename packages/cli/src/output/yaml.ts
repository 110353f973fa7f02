import { textOf } from '../../../sdk/src/text.ts';
/** A value as YAML 1.2 that readers of 1.1 take the same way. The value is what JSON.parse could have given. */
export function toYaml(value: unknown): string {
  return `${blockOf(value, '').replace(/^\n/, '')}\n`;
}

/** Words that some reader takes for something else than text. */
const NOT_TEXT = /^(?:true|false|yes|no|on|off|y|n|null|~|nan|inf)$/i;
/** Text that needs no quotes: begins with a letter, has nothing that YAML could read as its own. */
const PLAIN = /^[A-Za-z_][\w./-]*(?: [\w./-]+)*$/;

// JSON's quotes are YAML's; what JSON leaves bare and YAML does not like is escaped too.
// oxlint-disable-next-line no-control-regex
const quote = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const scalar = (text: string): string => (PLAIN.test(text) && !NOT_TEXT.test(text) ? text : quote(text));

/** What follows `key:` or `-`: a scalar on the same line, or lines of its own. */
function blockOf(value: unknown, indent: string): string {
  if (typeof value === 'string') return scalar(value);
  if (value === null || typeof value !== 'object') return textOf(value ?? null);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return value.map((item) => `\n${indent}-${afterDash(item, indent)}`).join('');
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return '{}';
  return members.map(([key, member]) => `\n${indent}${scalar(key)}:${spaced(blockOf(member, `${indent}  `))}`).join('');
}

const spaced = (block: string): string => (block.startsWith('\n') ? block : ` ${block}`);

/** An item that is a block begins on the line of its dash. */
function afterDash(item: unknown, indent: string): string {
  const inner = `${indent}  `;
  const block = blockOf(item, inner);
  return block.startsWith('\n') ? ` ${block.slice(1 + inner.length)}` : ` ${block}`;
}
