import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { classes } from './classes.ts';

/** A page: its heading, which is the document's title, too, its actions, and what follows. */
export function Page({
  title,
  heading,
  subtitle,
  actions,
  children,
}: {
  readonly title: string;
  /** Instead of the title, where it holds more than text. */
  readonly heading?: ReactNode;
  readonly subtitle?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · The Cloud`;
  }, [title]);
  return (
    <div className="mx-auto flex w-full max-w-[110rem] flex-col gap-4 p-4 md:p-6">
      <header className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div className="min-w-0 grow">
          <h1 tabIndex={-1} className="flex flex-wrap items-center gap-2 text-xl font-semibold outline-none">
            {heading ?? <bdi>{title}</bdi>}
          </h1>
          {subtitle && <div className="mt-0.5 text-ink-soft">{subtitle}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A framed part of a page, with a heading if it has a title. */
export function Card({
  title,
  actions,
  padded = true,
  className,
  children,
}: {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  /** Default true; a table fills its card. */
  readonly padded?: boolean;
  readonly className?: string;
  readonly children: ReactNode;
}) {
  return (
    <section className={classes('min-w-0 rounded-lg border border-line bg-surface', className)}>
      {(title || actions) && (
        <div className="flex min-h-11 flex-wrap items-center gap-2 border-b border-line px-4 py-1.5">
          {title && <h2 className="grow font-medium">{title}</h2>}
          {actions}
        </div>
      )}
      <div className={padded ? 'p-4' : undefined}>{children}</div>
    </section>
  );
}

/** Names and values in two columns; one on a narrow screen. */
export function Facts({ children }: { readonly children: ReactNode }) {
  return <dl className="grid gap-x-6 gap-y-3 sm:grid-cols-2 xl:grid-cols-3">{children}</dl>;
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-ink-soft">{name}</dt>
      <dd className="mt-0.5 min-w-0">{children}</dd>
    </div>
  );
}
