import { Button, call, Code, Dialog, ErrorNote, type ItemProps, ShowCall, useCan, useTenant } from '@thecloud/console';
import { FileCheck } from 'lucide-react';
import { useState } from 'react';
import { save } from './export.tsx';

/** What proves one row, as a file. */
export function ProveRow({ item }: ItemProps) {
  const can = useCan();
  const tenant = useTenant();
  const [open, setOpen] = useState(false);
  const [state, setState] = useState<{ name?: string; error?: unknown; busy?: boolean }>({});
  const id = String(item.id);
  if (!can('audit.prove')) return null;
  const start = async () => {
    setState({ busy: true });
    try {
      const proof = await call('audit.prove', { id }, { tenantId: tenant?.id });
      const name = `proof-${id.slice(-8)}.json`;
      save(new Blob([`${JSON.stringify(proof, undefined, 2)}\n`], { type: 'application/json' }), name);
      setState({ name });
    } catch (error) {
      setState({ error });
    }
  };
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <FileCheck className="size-4" aria-hidden />
        Prove
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Prove this row">
        <p>
          The proof shows, with the public key alone, that this row was in the trail when its checkpoint was signed. It
          holds this row and no other. A row is covered within about a minute.
        </p>
        {state.error !== undefined && <ErrorNote error={state.error} />}
        <div role="status">
          {state.name !== undefined && (
            <div className="grid gap-2">
              <p className="text-good">{state.name} is complete. Verify it where you trust the machine:</p>
              <Code
                snippets={[
                  {
                    title: 'cloud',
                    text: `cloud audit verify-proof ${state.name} --public-key audit-keys.txt`,
                  },
                ]}
              />
            </div>
          )}
        </div>
        <ShowCall operation="audit.prove" input={{ id }} />
        <div className="flex justify-end gap-2">
          <Button onClick={() => setOpen(false)}>Close</Button>
          <Button look="primary" busy={state.busy ?? false} onClick={() => void start()}>
            Download the proof
          </Button>
        </div>
      </Dialog>
    </>
  );
}
