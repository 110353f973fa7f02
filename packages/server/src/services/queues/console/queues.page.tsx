import type { ServicePages } from '@thecloud/console';
import { MessagesTab } from './messages.tsx';
import { PurgeButton } from './purge.tsx';
import { RedriveTab } from './redrive.tsx';
import { SendTab } from './send.tsx';
import { QueueSummary } from './summary.tsx';

/** What a queue's pages have beside, or in place of, the derived ones. */
export const pages: ServicePages = {
  summary: QueueSummary,
  actions: PurgeButton,
  ownActions: ['queues.purge'],
  tabs: [
    { name: 'messages', title: 'Messages', operation: 'queues.peek', content: MessagesTab },
    { name: 'send', title: 'Send', operation: 'queues.send', content: SendTab },
    { name: 'redrive', title: 'Redrive', operation: 'queues.redriveTasks', content: RedriveTab },
  ],
};
