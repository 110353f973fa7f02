import { operationOf } from '../api/registry.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { Code } from '../kit/code.tsx';
import { snippetsOf } from '../snippets/index.ts';

/** One call, to be shown as code. */
export interface ShownCall {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The call as a command, a request and a program. */
export function CallCode({ operation, input }: ShownCall) {
  const schemas = useSchemas(operation);
  if (!schemas) return null;
  return <Code snippets={snippetsOf({ ...operationOf(operation), ...schemas }, input, window.location.origin)} />;
}

/** The call that a form would make, as code, folded. */
export function ShowCall(call: ShownCall) {
  return (
    <details>
      <summary className="w-fit cursor-pointer text-ink-soft select-none">The same with code</summary>
      <div className="mt-2">
        <CallCode {...call} />
      </div>
    </details>
  );
}
