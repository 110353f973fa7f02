import type { Item, ServicePages } from '@thecloud/console';
import { RunsTab } from './runs.tsx';
import { CronSummary } from './summary.tsx';

function fits(operation: string, item: Item): boolean {
  if (operation === 'cron.pause') return item.status === 'ACTIVE';
  if (operation === 'cron.resume') return item.status === 'PAUSED';
  return true;
}

/** What a cron job's pages have beside, or in place of, the derived ones. */
export const pages: ServicePages = {
  summary: CronSummary,
  fits,
  tabs: [{ name: 'runs', title: 'Runs', operation: 'cron.runs', content: RunsTab }],
};
