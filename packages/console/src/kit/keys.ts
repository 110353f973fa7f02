import { useEffect, useRef } from 'react';

/** Whether the key that was pressed is text for an input, a terminal or an open menu. */
const isTyping = (event: KeyboardEvent): boolean => {
  const target = event.target as HTMLElement | null;
  return (
    !!target?.closest('input, textarea, select, [contenteditable], [role="menu"], [data-keys="own"]') ||
    event.isComposing
  );
};

/** Whether a key without Ctrl may do something: the user does not type, and no dialog is open. */
export const isForShortcut = (event: KeyboardEvent): boolean =>
  !isTyping(event) && document.querySelector('dialog[open]') === null;

/**
 * Calls back when a key is pressed anywhere on the page: `.`, `c`, `mod+k` (Ctrl, or Command on a Mac). A key without `mod` does nothing while
 * the user types, or while a dialog is open.
 */
export function useKey(key: string, onPress: () => void, enabled = true): void {
  const latest = useRef(onPress);
  latest.current = onPress;
  useEffect(() => {
    if (!enabled) return;
    const mod = key.startsWith('mod+');
    const name = mod ? key.slice(4) : key;
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== name || event.altKey || (event.ctrlKey || event.metaKey) !== mod) return;
      if (!mod && !isForShortcut(event)) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [key, enabled]);
}
