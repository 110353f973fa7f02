import { Link, type LinkProps } from '@tanstack/react-router';
import { LoaderCircle } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { classes } from './classes.ts';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

const LOOKS: Readonly<Record<Look, string>> = {
  primary: 'bg-accent text-accent-ink border-transparent hover:opacity-90',
  plain: 'bg-surface text-ink border-line hover:bg-raised',
  quiet: 'bg-transparent text-ink border-transparent hover:bg-raised',
  danger: 'bg-bad-fill text-white border-transparent hover:opacity-90',
};

const shape = (look: Look, small: boolean | undefined, className?: string) =>
  classes(
    'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap select-none disabled:opacity-50',
    small ? 'h-7 px-2 text-sm' : 'h-8 px-3',
    LOOKS[look],
    className,
  );

export interface ButtonProps extends ComponentProps<'button'> {
  readonly look?: Look;
  readonly small?: boolean;
  /** Shows that its work is under way; a second click does nothing. */
  readonly busy?: boolean;
}

/** A button; of type `button` unless it says otherwise. */
export function Button({ look = 'plain', small, busy, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={shape(look, small, className)}
    >
      {busy && <LoaderCircle className="size-3.5 animate-spin" aria-hidden />}
      {children}
    </button>
  );
}

/** A button with an icon alone: `label` is its name. */
export function IconButton({ label, children, ...rest }: ButtonProps & { readonly label: string }) {
  return (
    <Button
      look="quiet"
      small
      {...rest}
      aria-label={label}
      title={label}
      className={classes('w-7 px-0!', rest.className)}
    >
      {children}
    </Button>
  );
}

/** A link that looks like a button. */
export function ButtonLink({
  look = 'plain',
  small,
  className,
  children,
  ...rest
}: LinkProps & {
  readonly look?: Look;
  readonly small?: boolean;
  readonly className?: string;
  readonly title?: string;
  readonly children: ReactNode;
}) {
  return (
    <Link {...rest} className={shape(look, small, className)}>
      {children}
    </Link>
  );
}
