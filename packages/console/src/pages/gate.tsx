import { Link, type LinkProps } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';

/** A form in the middle of the page, for who is not logged in. */
export function Gate({
  title,
  intro,
  children,
  footer,
}: {
  readonly title: string;
  readonly intro?: ReactNode;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · The Cloud`;
  }, [title]);
  return (
    <main className="mx-auto grid min-h-dvh w-full max-w-sm content-center gap-6 px-4 py-10">
      <div className="grid justify-items-center gap-3 text-center">
        <img src="/console/icon.svg" alt="" className="size-11" />
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {intro && <div className="grid gap-2 text-ink-soft">{intro}</div>}
      </div>
      <div className="rounded-xl border border-line bg-surface p-6 shadow-sm">{children}</div>
      {footer && <div className="grid gap-1.5 text-center text-ink-soft">{footer}</div>}
    </main>
  );
}

export function GateLink({ children, ...rest }: LinkProps & { readonly children: ReactNode }) {
  return (
    <Link {...rest} className="font-medium text-accent underline">
      {children}
    </Link>
  );
}
