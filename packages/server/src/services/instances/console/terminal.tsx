import { Card, Empty, type ItemProps, operationOf, Select, Terminal, transport, useTenant } from '@thecloud/console';
import { useCallback, useState } from 'react';
import type { Instance } from './shown.ts';

/** The shells to choose from: the best that the image has, unless somebody wants one. */
const SHELLS: Readonly<Record<string, readonly string[]>> = {
  'Best shell': ['/bin/sh', '-c', 'if command -v bash >/dev/null; then exec bash -l; else exec sh -l; fi'],
  sh: ['/bin/sh', '-l'],
  bash: ['bash', '-l'],
};
const FIRST = Object.keys(SHELLS)[0]!;

/** A terminal in the instance. */
export function InstanceTerminal({ item }: ItemProps) {
  const { id, name, status } = item as unknown as Instance;
  const tenantId = useTenant()?.id;
  const [shell, setShell] = useState(FIRST);
  const target = useCallback(
    (size: { readonly rows: number; readonly cols: number }) =>
      transport.socket(operationOf('instances.terminal'), { id, ...size }, { tenantId }),
    [id, tenantId],
  );
  if (status !== 'RUNNING')
    return (
      <Card padded={false}>
        <Empty title="The instance does not run">
          {status === 'STARTING'
            ? 'The terminal opens as soon as it runs.'
            : 'Start it; the terminal opens as soon as it runs.'}
        </Empty>
      </Card>
    );
  return (
    <Terminal key={shell} label={`Terminal of ${name}`} target={target} command={SHELLS[shell]!}>
      <Select
        aria-label="Shell"
        className="h-7! w-28!"
        value={shell}
        onChange={(event) => setShell(event.target.value)}
      >
        {Object.keys(SHELLS).map((one) => (
          <option key={one}>{one}</option>
        ))}
      </Select>
    </Terminal>
  );
}
