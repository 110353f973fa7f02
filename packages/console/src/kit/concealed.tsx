import { type ReactNode, useState } from 'react';
import { Button } from './button.tsx';

/** What may be secret: shown when somebody asks for it. */
export function Concealed({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  const [shown, show] = useState(false);
  if (shown) return children;
  return (
    <Button small onClick={() => show(true)} aria-label={`Show ${name}`}>
      Show
    </Button>
  );
}
