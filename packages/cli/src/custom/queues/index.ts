import type { CustomVerb } from '../../verb-command.ts';
import { purgeVerb, redriveVerb } from './move.ts';
import { changeVisibilityVerb, deleteMessageVerb, receiveVerb } from './receive.ts';
import { sendVerb } from './send.ts';
import { statsVerb } from './watch.ts';

export { addQueueCommands } from './watch.ts';

export const queueVerbs: Readonly<Record<string, CustomVerb>> = {
  'queues.send': sendVerb,
  'queues.receive': receiveVerb,
  'queues.deleteMessage': deleteMessageVerb,
  'queues.changeVisibility': changeVisibilityVerb,
  'queues.purge': purgeVerb,
  'queues.redrive': redriveVerb,
  'queues.stats': statsVerb,
};
/** What these verbs call beside their own operations. */
export const QUEUE_BATCHES = ['queues.sendBatch', 'queues.deleteMessages', 'queues.changeVisibilities'];
