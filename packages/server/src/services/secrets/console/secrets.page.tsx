import type { Item, ServicePages } from '@thecloud/console';
import { SecretSummary } from './summary.tsx';
import { VersionsTab } from './versions.tsx';

/** One that is being deleted can only be restored, or deleted for good. */
function fits(operation: string, item: Item): boolean {
  if (operation === 'secrets.delete') return true;
  return (operation === 'secrets.restore') === (item.deletes_at !== undefined);
}

/** What a secret's pages have beside, or in place of, the derived ones. */
export const pages: ServicePages = {
  summary: SecretSummary,
  fits,
  tabs: [{ name: 'versions', title: 'Versions', operation: 'secrets.versions', content: VersionsTab }],
};
