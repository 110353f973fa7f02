import { CircleAlert } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { CloudApiError } from '../api/client.ts';
import { sentenceOf } from '../api/queries.ts';
import { Button } from './button.tsx';
import { classes } from './classes.ts';

/** What went wrong, and what to do. */
export function ErrorNote({ error, retry }: { readonly error: unknown; readonly retry?: (() => void) | undefined }) {
  const note = useRef<HTMLDivElement>(null);
  // A form may be longer than the window: what failed must not be out of sight.
  useEffect(() => {
    if (note.current?.closest('form')) note.current.scrollIntoView({ block: 'nearest' });
  }, [error]);
  const requestId = error instanceof CloudApiError && error.status >= 500 ? error.requestId : undefined;
  return (
    <div ref={note} role="alert" className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2 text-bad">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 grow">
        <p>{sentenceOf(error)}</p>
        {requestId && <p className="mt-0.5 font-mono text-xs">request {requestId}</p>}
      </div>
      {retry && (
        <Button small onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** What stands where there is nothing yet: what it is, and the first step. */
export function Empty({
  title,
  children,
  action,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-prose text-ink-soft">{children}</div>}
      {action && <div className="mt-2">{action}</div>}
    </div>
  );
}

/** Stands where something is about to be. */
export function Skeleton({ className }: { readonly className?: string }) {
  return <span aria-hidden className={classes('block animate-pulse rounded bg-raised', className ?? 'h-4 w-32')} />;
}

/** Shows that something is being read; for screen readers, too. */
export function Loading({ rows = 3 }: { readonly rows?: number }) {
  return (
    <div role="status" className="grid gap-3 p-4">
      <span className="sr-only">Loading</span>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} className="h-4 w-full max-w-md" />
      ))}
    </div>
  );
}
