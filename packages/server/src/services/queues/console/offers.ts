/** The operations that the pages in this folder offer, beside the derived ones. */
export const offers: readonly string[] = [
  'queues.send',
  'queues.sendBatch',
  'queues.receive',
  'queues.peek',
  'queues.deleteMessage',
  'queues.deleteMessages',
  'queues.changeVisibility',
  'queues.changeVisibilities',
  'queues.stats',
  'queues.deadLetterSources',
  'queues.redrive',
  'queues.redriveTasks',
  'queues.cancelRedrive',
];
