import { useQuery } from '@tanstack/react-query';
import { operationOf } from '../api/registry.ts';
import { tenantsQuery, useTenant } from '../api/session.ts';
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
  const tenant = useTenant();
  const { data: tenants = [] } = useQuery(tenantsQuery);
  if (!schemas) return null;
  // Who has several tenants may have a key for another one than this page is in.
  const where = { endpoint: window.location.origin, ...(tenants.length > 1 ? { tenantId: tenant?.id } : {}) };
  return <Code snippets={snippetsOf({ ...operationOf(operation), ...schemas }, input, where)} />;
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
