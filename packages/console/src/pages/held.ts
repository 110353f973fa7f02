import { createContext, useContext, useEffect } from 'react';

/** How the page of an item hears that something on it must stay (1), or may go (-1). */
export const HeldPage = createContext<(change: 1 | -1) => void>(() => undefined);

/** While it is shown, the page of the item stays, also when the item is gone: what shows a secret once is not taken away with it. */
export function useHoldPage(): void {
  const change = useContext(HeldPage);
  useEffect(() => {
    change(1);
    return () => change(-1);
  }, [change]);
}
