import { textOf } from '../../../sdk/src/text.ts';
import { Hole, type Input, type SnippetOperation } from './shown-input.ts';

/** The request of a call: members of the path go there, the rest into the query (GET, DELETE) or the body. */
export function requestOf(
  { method, path, pathParams }: Pick<SnippetOperation, 'method' | 'path' | 'pathParams'>,
  input: Input,
): { readonly path: string; readonly body?: string } {
  const encoded = (value: unknown): string =>
    value instanceof Hole ? value.toString() : encodeURIComponent(textOf(value).toWellFormed());
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encoded(input[name] ?? new Hole(name)));
  const rest = Object.entries(input).filter(([name]) => !pathParams.includes(name));
  if (rest.length === 0) return { path: filled };
  if (method !== 'GET' && method !== 'DELETE') return { path: filled, body: JSON.stringify(Object.fromEntries(rest)) };
  const pairs = rest.flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${name}=${encoded(one)}`),
  );
  return { path: pairs.length > 0 ? `${filled}?${pairs.join('&')}` : filled };
}
