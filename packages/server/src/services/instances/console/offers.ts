/** The operations that the pages in this folder offer, beside the derived ones. */
export const offers: readonly string[] = ['instances.exec', 'instances.logs', 'instances.stats', 'instances.terminal'];
