import { useSyncExternalStore } from 'react';

const isDark = () => document.documentElement.dataset.theme === 'dark';
const subscribe = (changed: () => void) => {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
};

/** Whether the page is dark now: for what draws itself, and so cannot leave it to the style sheet. */
export const useDark = (): boolean => useSyncExternalStore(subscribe, isDark);
