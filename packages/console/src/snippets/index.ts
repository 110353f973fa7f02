import type { Operation } from '../api/registry.ts';
import type { Snippet } from '../kit/code.tsx';

/** The same call as a command, a request and a program. */
export function snippetsOf(operation: Operation, input: Readonly<Record<string, unknown>>): readonly Snippet[] {
  const rest = { ...input };
  const path = operation.path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(String(value ?? `<${name}>`));
  });
  const body =
    operation.method === 'GET' || operation.method === 'DELETE' ? '' : ` \\\n  --json '${JSON.stringify(rest)}'`;
  return [
    {
      title: 'curl',
      text: `curl -X ${operation.method} "$CLOUD_ENDPOINT${path}" \\\n  -H "X-API-Key: $CLOUD_API_KEY"${body}`,
    },
  ];
}
