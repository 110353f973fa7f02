import { operationOf } from '../api/registry.ts';
import { Code } from '../kit/code.tsx';
import { snippetsOf } from '../snippets/index.ts';

/** The call that a form would make, as code, folded. */
export function ShowCall({
  operation,
  input,
}: {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}) {
  return (
    <details>
      <summary className="w-fit cursor-pointer text-ink-soft select-none">The same with code</summary>
      <div className="mt-2">
        <Code snippets={snippetsOf(operationOf(operation), input)} />
      </div>
    </details>
  );
}
