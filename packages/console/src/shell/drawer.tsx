import { Menu as MenuIcon, X } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { IconButton } from '../kit/button.tsx';

/**
 * The navigation of a narrow screen: a dialog at its left side, so that the browser keeps the focus inside, closes it on Escape and gives the
 * focus back. Give it the address as its key: a new page begins without it.
 */
export function Drawer({ children }: { readonly children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <IconButton
        label="Open the menu"
        aria-haspopup="dialog"
        className="lg:hidden"
        onClick={() => {
          setIsOpen(true);
          dialog.current?.showModal();
        }}
      >
        <MenuIcon className="size-4" />
      </IconButton>
      <dialog
        ref={dialog}
        aria-label="Menu"
        onClose={() => setIsOpen(false)}
        className="m-0! h-dvh max-h-dvh w-72 max-w-[85vw] border-r border-line bg-surface p-0 open:flex open:flex-col"
        // A click on the backdrop has the dialog itself as its target.
        onMouseDown={(event) => {
          if (event.target === dialog.current) dialog.current.close();
        }}
      >
        <div className="flex justify-end px-2 pt-2">
          <IconButton label="Close the menu" onClick={() => dialog.current?.close()}>
            <X className="size-4" />
          </IconButton>
        </div>
        {isOpen && children}
      </dialog>
    </>
  );
}
