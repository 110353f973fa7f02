/** A value of an answer as people and URLs read it: text and numbers as they are, what has members as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' ? JSON.stringify(value) : String(value as number | boolean | undefined);
}
