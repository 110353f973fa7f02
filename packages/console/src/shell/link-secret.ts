/**
 * What a mail's link brings in its fragment, which browsers send to no server: a token. It is taken out of the address at once, so that neither
 * the history nor a shared screen keeps it, and lives in this page's memory alone.
 */
const PAGES = ['/console/reset-password', '/console/invitation'];

export interface LinkSecret {
  readonly id?: string;
  readonly token: string;
}

let held: { readonly page: string; readonly secret: LinkSecret } | undefined;
const watchers = new Set<() => void>();

/** Reads a fragment such as `#id=…&token=…`; undefined: it brings nothing. */
export function readFragment(hash: string): LinkSecret | undefined {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const [id, token] = [parts.get('id'), parts.get('token')];
  return token ? { token, ...(id ? { id } : {}) } : undefined;
}

/** Takes the secret out of the address; call it before anything else looks at that. */
export function takeLinkSecret(): void {
  const { pathname, hash, search } = window.location;
  const page = PAGES.find((one) => pathname.replace(/\/$/, '') === one);
  const secret = page && readFragment(hash);
  if (!page || !secret) return;
  held = { page, secret };
  window.history.replaceState(window.history.state, '', `${pathname}${search}`);
  for (const watcher of watchers) watcher();
}

/** What the link to this page brought. */
export const linkSecret = (page: string): LinkSecret | undefined =>
  held?.page === `/console${page}` ? held.secret : undefined;

export const dropLinkSecret = (): void => {
  held = undefined;
  for (const watcher of watchers) watcher();
};

export function watchLinkSecret(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
