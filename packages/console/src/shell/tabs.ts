/** What the tabs of this browser tell each other: they share the session's cookie. */
export type TabMessage = { readonly kind: 'logged-out' } | { readonly kind: 'logged-in'; readonly userId: string };

const channel = new BroadcastChannel('session');

export const tellTabs = (message: TabMessage): void => channel.postMessage(message);

/** Calls back with what another tab tells. */
export function onTabs(listener: (message: TabMessage) => void): () => void {
  const listen = (event: MessageEvent<TabMessage>) => listener(event.data);
  channel.addEventListener('message', listen);
  return () => channel.removeEventListener('message', listen);
}
