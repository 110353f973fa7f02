const KEY = 'tenant';

/** The slug of the tenant in which this browser last worked; the address says it, this is for an address without one. */
export const lastTenant = (): string | null => localStorage.getItem(KEY);
export const rememberTenant = (slug: string): void => localStorage.setItem(KEY, slug);
