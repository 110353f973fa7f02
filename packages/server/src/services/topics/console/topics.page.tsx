import type { ServicePages } from '@thecloud/console';
import { PublishTab } from './publish.tsx';
import { SubscriptionsTab } from './subscriptions.tsx';

/** What a topic's pages have beside the derived ones. */
export const pages: ServicePages = {
  tabs: [
    { name: 'subscriptions', title: 'Subscriptions', operation: 'topics.subscriptions', content: SubscriptionsTab },
    { name: 'publish', title: 'Publish', operation: 'topics.publish', content: PublishTab },
  ],
};
