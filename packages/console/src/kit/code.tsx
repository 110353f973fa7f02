import { useState } from 'react';
import { Copy } from './copy.tsx';
import { classes } from './classes.ts';

export interface Snippet {
  readonly title: string;
  readonly text: string;
}

/** The same thing in several languages, one at a time, each to copy. */
export function Code({ snippets }: { readonly snippets: readonly Snippet[] }) {
  const [chosen, setChosen] = useState(0);
  const shown = snippets[Math.min(chosen, snippets.length - 1)];
  if (!shown) return null;
  return (
    <div className="overflow-hidden rounded-md border border-line">
      <div className="flex items-center gap-1 border-b border-line bg-raised px-1">
        {snippets.map((one, index) => (
          <button
            key={one.title}
            type="button"
            aria-pressed={index === chosen}
            onClick={() => setChosen(index)}
            className={classes(
              'h-8 border-b-2 px-2 text-sm',
              index === chosen ? 'border-accent font-medium' : 'border-transparent text-ink-soft',
            )}
          >
            {one.title}
          </button>
        ))}
        <span className="grow" />
        <Copy text={shown.text} label={`Copy the ${shown.title} code`} />
      </div>
      {/* It scrolls, so it must be reachable by keyboard. */}
      <pre tabIndex={0} className="max-h-80 overflow-auto p-3 font-mono text-sm">
        {shown.text}
      </pre>
    </div>
  );
}
