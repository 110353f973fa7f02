import { type ListPageProps, Page, type ServicePages, ShowCode, Tabs, useCan, useTab } from '@thecloud/console';
import { ExportTrail } from './export.tsx';
import { ProveRow } from './prove.tsx';
import { RetentionCard } from './retention.tsx';
import { TrailList } from './trail.tsx';
import { Verification } from './verification.tsx';

/** Who did what in the tenant, and what shows that the trail is whole. */
function AuditPage({ service }: ListPageProps) {
  const can = useCan();
  const [tab, open] = useTab();
  return (
    <Page
      title={service.title}
      subtitle="Every change and every refused attempt: who, what, on what, from where."
      actions={
        <>
          {can('audit.export') && <ExportTrail operation="audit.export" />}
          <ShowCode calls={[{ operation: 'audit.list', input: {} }]} />
        </>
      }
    >
      <Tabs
        label="Parts of the page"
        tabs={[
          { name: '', title: 'Rows' },
          { name: 'verification', title: 'Verification and retention' },
        ]}
        chosen={tab}
        onChoose={open}
      >
        {tab === 'verification' ? (
          <div className="grid grid-cols-1 gap-4">
            <RetentionCard />
            <Verification />
          </div>
        ) : (
          <TrailList service={service} />
        )}
      </Tabs>
    </Page>
  );
}

export const pages: ServicePages = { list: AuditPage, actions: ProveRow };
