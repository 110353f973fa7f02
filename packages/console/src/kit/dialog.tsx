import { X } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { IconButton } from './button.tsx';
import { classes } from './classes.ts';

/**
 * A modal dialog: the browser's own, which keeps the focus inside, closes on Escape and gives the focus back. (Libraries lock scrolling with a
 * style element, which the Content-Security-Policy refuses.)
 */
export function Dialog({
  open,
  onClose,
  title,
  wide,
  children,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly wide?: boolean;
  readonly children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    if (!open || !shown) return;
    const before = focusedBefore();
    shown.showModal();
    // The browser takes the first button, which closes it; what there is to fill in comes first.
    const fields = [...shown.querySelectorAll<HTMLElement>('input, textarea, select')];
    (fields.find((one) => one.dataset.focus) ?? fields[0])?.focus();
    return () => {
      shown.close();
      before?.focus();
    };
  }, [open]);
  return (
    <dialog
      ref={dialog}
      aria-label={title}
      // The event comes later than what it tells: React's strict mode has opened the dialog again by then.
      onClose={() => {
        if (!dialog.current?.open) onClose();
      }}
      // A click on the backdrop has the dialog itself as its target. Beside what was typed, or is shown only once, it is a slip.
      onMouseDown={(event) => {
        if (event.target === dialog.current && !dialog.current.querySelector('form, [data-once]')) onClose();
      }}
      className={classes(
        'max-h-[90dvh] w-[calc(100vw-2rem)] overflow-auto rounded-lg border border-line bg-surface p-0 shadow-xl',
        wide ? 'max-w-3xl' : 'max-w-lg',
      )}
    >
      {open && (
        <div className="flex flex-col gap-4 p-5">
          <div className="flex items-start gap-2">
            <h2 className="grow text-lg font-semibold">{title}</h2>
            <IconButton label="Close" onClick={onClose}>
              <X className="size-4" />
            </IconButton>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}

/** What has the focus. An item of a menu goes with the menu, so its place is the menu's button. */
function focusedBefore(): HTMLElement | null {
  const focused = document.activeElement as HTMLElement | null;
  const trigger = focused?.closest('[role=menu]')?.getAttribute('aria-labelledby');
  return trigger ? document.getElementById(trigger) : focused;
}

/** The buttons at a dialog's end. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className="flex flex-wrap justify-end gap-2">{children}</div>;
}
