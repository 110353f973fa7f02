const isBodied = (method: string): boolean => method !== 'GET' && method !== 'DELETE';

/** Where an operation is called, as its descriptor says. */
export function whereOf(path: string, method: string, input: Readonly<Record<string, unknown>>): string {
  const filled = path.replaceAll(/:(\w+)/g, (_, member: string) => encodeURIComponent(String(input[member])));
  if (isBodied(method)) return filled;
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(input)) {
    if (path.includes(`:${key}`)) continue;
    for (const one of Array.isArray(value) ? value : [value])
      query.append(key, typeof one === 'object' ? JSON.stringify(one) : String(one));
  }
  return query.size > 0 ? `${filled}?${query}` : filled;
}

/** Its body, if it has one. */
export function bodyOf(path: string, method: string, input: Readonly<Record<string, unknown>>): { body?: unknown } {
  if (!isBodied(method)) return {};
  return { body: Object.fromEntries(Object.entries(input).filter(([key]) => !path.includes(`:${key}`))) };
}
