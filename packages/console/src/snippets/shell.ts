/** A word of a shell command, quoted if the shell would read more into it than its letters. For sh, bash, zsh. */
export const quoted = (text: string): string =>
  /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Longest command on one line. */
const LINE = 80;

/** A command of parts that stay together, such as a flag and its value; a long one goes over several lines. */
export function command(parts: readonly string[]): string {
  const line = parts.join(' ');
  return line.length <= LINE || parts.length === 1 ? line : parts.join(' \\\n  ');
}
