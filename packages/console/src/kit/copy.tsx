import { Check, Copy as CopyIcon } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './button.tsx';

/** Copies a text to the clipboard, and says so. */
export function Copy({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 2000);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <>
      <IconButton
        label={state === 'failed' ? 'The browser did not let the page copy; select the text' : label}
        onClick={() => void writeClipboard(text).then(setState)}
      >
        {state === 'copied' ? <Check className="size-3.5 text-good" /> : <CopyIcon className="size-3.5" />}
      </IconButton>
      <span role="status" className="sr-only">
        {state === 'copied' ? 'Copied' : state === 'failed' ? 'Copying failed' : ''}
      </span>
    </>
  );
}

/** `navigator.clipboard` is missing on a page that came over plain HTTP from another machine. */
export async function writeClipboard(text: string): Promise<'copied' | 'failed'> {
  try {
    await navigator.clipboard.writeText(text);
    return 'copied';
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'sr-only';
    document.body.append(area);
    area.select();
    // The only way there is without a secure context.
    const done = document.execCommand('copy');
    area.remove();
    return done ? 'copied' : 'failed';
  }
}

/** An id where there is little room: its end, since ids of one hour begin alike. */
export const shortId = (id: string): string => (id.length === 36 ? `…${id.slice(-8)}` : id);

/** An id or a secret in a fixed-width font with its copy button. */
export function Mono({ text, shown = text }: { readonly text: string; readonly shown?: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className="truncate font-mono text-sm" title={text}>
        {shown}
      </code>
      <Copy text={text} label={`Copy ${shown}`} />
    </span>
  );
}
