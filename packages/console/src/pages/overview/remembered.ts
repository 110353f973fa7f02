import { useState } from 'react';

/** Something that this browser remembers of a tenant: that a hint was dismissed, that a step was done. */
export function useRemembered(what: string, tenantId: string): readonly [boolean, () => void] {
  const key = `${what} ${tenantId}`;
  const [known, setKnown] = useState<string>();
  return [
    known === key || localStorage.getItem(key) !== null,
    () => {
      localStorage.setItem(key, 'yes');
      setKnown(key);
    },
  ];
}
