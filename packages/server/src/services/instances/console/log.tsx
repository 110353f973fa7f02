import { type ItemProps, LogView, operationOf, transport, useTenant } from '@thecloud/console';
import { useCallback } from 'react';
import type { Instance } from './shown.ts';

/** Milliseconds until the log must begin. */
const BEGIN_MS = 30_000;

/** What the first process of the instance writes, as it writes it. */
export function InstanceLog({ item }: ItemProps) {
  const { id, name } = item as unknown as Instance;
  const tenantId = useTenant()?.id;
  const open = useCallback(
    (signal: AbortSignal) =>
      transport.stream(
        operationOf('instances.logs'),
        { id, follow: true },
        { tenantId, signal, retries: 0, timeoutMs: BEGIN_MS },
      ),
    [id, tenantId],
  );
  return (
    <LogView
      label={`Log of ${name}`}
      fileName={`${name}.log`}
      open={open}
      empty="Nothing yet. The log has what the first process writes to its output; other programs write to /dev/console."
    />
  );
}
