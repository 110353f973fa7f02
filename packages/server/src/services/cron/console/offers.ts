/** The operations that the pages in this folder offer, beside the derived ones. */
export const offers: readonly string[] = ['cron.runs', 'cron.next', 'cron.preview'];
