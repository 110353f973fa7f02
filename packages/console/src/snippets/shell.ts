/** What a terminal takes for a key when it is pasted: all control characters but line feed and tab. */
const KEYS = /[\p{Cc}--[\n\t]]/gv;

/** A word of a shell command, quoted if the shell would read more into it than its letters. For sh, bash, zsh. */
export function quoted(text: string): string {
  if (/^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(text)) return text;
  if (text.search(KEYS) < 0) return inQuotes(text);
  // The shell drops line feeds at the end of what printf writes, so they stand behind it.
  const [, start = '', end = ''] = /^([^]*?)(\n*)$/.exec(text)!;
  return `"$(printf ${inQuotes(printable(start))})${end}"`;
}

const inQuotes = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A format of printf that writes the text, and shows control characters by their bytes. */
const printable = (text: string): string =>
  text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('%', '%%')
    .replace(/^-/, String.raw`\055`)
    .replaceAll(KEYS, (key) =>
      [...new TextEncoder().encode(key)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
    );

/** Longest command on one line. */
const LINE = 80;

/** A command of parts that stay together, such as a flag and its value; a long one goes over several lines. */
export function command(parts: readonly string[]): string {
  const line = parts.join(' ');
  return line.length <= LINE || parts.length === 1 ? line : parts.join(' \\\n  ');
}
