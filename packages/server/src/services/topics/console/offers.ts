/** The operations that the pages in this folder offer, beside the derived ones. */
export const offers: readonly string[] = [
  'topics.publish',
  'topics.subscribe',
  'topics.subscriptions',
  'topics.getSubscription',
  'topics.updateSubscription',
  'topics.unsubscribe',
];
