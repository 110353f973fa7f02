import { CodeXml } from 'lucide-react';
import { useState } from 'react';
import { operationOf } from '../api/registry.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { useKey } from '../kit/keys.ts';
import { CallCode, type ShownCall } from './show-call.tsx';

/** A button, and the key `.`, that show the page's calls as a command, a request and a program. */
export function ShowCode({ calls }: { readonly calls: readonly ShownCall[] }) {
  const [open, setOpen] = useState(false);
  useKey('.', () => setOpen(true));
  return (
    <>
      <Button onClick={() => setOpen(true)} title="The same as a command, a request and a program (key: .)">
        <CodeXml className="size-4" aria-hidden />
        Code
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="The same with code" wide>
        {calls.map(({ operation, input }) => (
          <section key={operation} className="grid gap-2">
            <h3 className="font-medium">{operationOf(operation).summary}</h3>
            <CallCode operation={operation} input={input} />
          </section>
        ))}
      </Dialog>
    </>
  );
}
