import { type ListPageProps, Page, type ServicePages, ShowCode } from '@thecloud/console';
import { ExportTrail } from './export.tsx';
import { TrailList } from './trail.tsx';

/** The trail of all tenants. */
function AdminAuditPage({ service }: ListPageProps) {
  return (
    <Page
      title={service.title}
      subtitle="Filters by action and resource need a tenant."
      actions={
        <>
          <ExportTrail operation="admin-audit.export" />
          <ShowCode calls={[{ operation: 'admin-audit.list', input: {} }]} />
        </>
      }
    >
      <TrailList service={service} />
    </Page>
  );
}

export const pages: ServicePages = { list: AdminAuditPage };
