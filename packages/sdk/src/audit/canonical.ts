/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/**
 * The canonical text of a JSON value (RFC 8785): members sorted by their UTF-16 code units, no spaces, numbers as JavaScript writes them.
 * Two texts that parse to the same value have the same canonical text, in whatever order PostgreSQL's jsonb keeps the members.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const one of value as readonly Json[]) text += `${text === '' ? '' : ','}${canonicalJson(one)}`;
    return `[${text}]`;
  }
  const object = value as { readonly [member: string]: Json };
  for (const member of Object.keys(object).sort())
    text += `${text === '' ? '' : ','}${JSON.stringify(member)}:${canonicalJson(object[member]!)}`;
  return `{${text}}`;
}
