import { useTenant } from '../api/session.ts';
import { Card, Page } from '../kit/layout.tsx';
import { Empty } from '../kit/states.tsx';

/** What runs, what changed and what failed in the tenant. */
export function OverviewPage() {
  const tenant = useTenant();
  return (
    <Page title="Overview">
      <Card padded={false}>
        <Empty title={tenant ? tenant.name : 'You are not a member of any tenant'} />
      </Card>
    </Page>
  );
}
