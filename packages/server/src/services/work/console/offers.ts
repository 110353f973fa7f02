/** Operations that the page of background work offers, and no derived page does. */
export const offers: readonly string[] = ['work.stuck', 'work.retry'];
