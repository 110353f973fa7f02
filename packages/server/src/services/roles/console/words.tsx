import { allows, operationOf, serviceOf } from '@thecloud/console';
import { useMemo } from 'react';
import { usePermissions } from './matrix.tsx';

/** What a role may do, in the words of the operations, by service. */
export function Words({ permissions }: { readonly permissions: readonly string[] }) {
  const { items } = usePermissions();
  const byService = useMemo(() => {
    const names = items.filter(({ permission }) => allows(permissions, permission)).flatMap((one) => one.operations);
    return [...Map.groupBy(names, (name) => operationOf(name).service)].map(([service, operations]) => ({
      service,
      title: serviceOf(service)?.title ?? service,
      summaries: [...new Set(operations.map((name) => operationOf(name).summary))],
    }));
  }, [items, permissions]);
  if (permissions.includes('*')) return <p>Everything in the tenant, also what is added later.</p>;
  if (byService.length === 0)
    return <p className="text-ink-soft">Nothing yet: tick permissions in the matrix, and save.</p>;
  return (
    <dl className="grid gap-x-6 gap-y-3 sm:grid-cols-2 xl:grid-cols-3">
      {byService.map(({ service, title, summaries }) => (
        <div key={service}>
          <dt className="font-medium">{title}</dt>
          <dd className="text-sm text-ink-soft">{summaries.join(' · ')}</dd>
        </div>
      ))}
    </dl>
  );
}
