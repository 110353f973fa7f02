import type { QuotaUsage } from '@thecloud/sdk';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type Item, useAct, useRead } from '../api/queries.ts';
import { type DescribedService, operationOf } from '../api/registry.ts';
import { NO_TENANT, useTenant } from '../api/session.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { SchemaForm } from '../form/schema-form.tsx';
import { Button } from '../kit/button.tsx';
import { Card, Page } from '../kit/layout.tsx';
import { Loading } from '../kit/states.tsx';
import { toast } from '../kit/toast.tsx';
import { Answer, isWorthShowing } from './answer.tsx';
import { askedMembers } from './asked.ts';
import { nameOf, refOf } from './links.tsx';
import { useOpenList } from './verbs.ts';

/** The form of a service's create operation. */
export function CreatePage({ service }: { readonly service: DescribedService }) {
  const name = service.create!;
  const operation = operationOf(name);
  const schemas = useSchemas(name);
  const tenant = useTenant();
  const navigate = useNavigate();
  const openList = useOpenList();
  const [made, setMade] = useState<Item>();
  const act = useAct(name, {
    onSuccess: (answer) => {
      if (isWorthShowing(name, answer)) return setMade(answer);
      // Sent once more after an answer that was lost: it is there, and what is shown only once was in the first answer.
      if (operation.shownOnce?.length)
        toast(
          `${nameOf(service, answer)} was created, but its secret was lost with the first answer: replace it`,
          'failed',
        );
      else toast(`${nameOf(service, answer)} was created`);
      const id = refOf(service, answer);
      if (!service.get || id === '') return openList(service);
      const params = { tenant: tenant?.slug ?? NO_TENANT, service: service.name, id };
      void navigate({ to: '/t/$tenant/$service/$id', params });
    },
  });
  return (
    <Page title={operation.summary} subtitle={operation.description}>
      <Card className="max-w-3xl">
        {!schemas ? (
          <Loading />
        ) : made ? (
          <div className="grid gap-4">
            <Answer value={made} operation={name} />
            <div className="flex justify-end">
              <Button look="primary" onClick={() => openList(service)}>
                Done
              </Button>
            </div>
          </div>
        ) : (
          <SchemaForm
            operation={name}
            schema={schemas.input}
            members={askedMembers(name, schemas.input.properties ?? {})}
            submitLabel={operation.summary}
            busy={act.isPending}
            error={act.error}
            intro={<Uses operation={name} />}
            onSubmit={(input) => act.mutate(input)}
            onCancel={() => openList(service)}
          />
        )}
      </Card>
    </Page>
  );
}

/** How much is left of the quotas that the operation counts against. */
function Uses({ operation }: { readonly operation: string }) {
  const { uses = [] } = operationOf(operation);
  const tenant = useTenant();
  const { data } = useRead<readonly QuotaUsage[]>(
    'quotas.list',
    {},
    { enabled: uses.length > 0 && tenant !== undefined },
  );
  if (uses.length === 0 || !data) return null;
  return (
    <p className="text-sm text-ink-soft">
      In use:{' '}
      {uses
        .flatMap(({ resource, noun }) => {
          const quota = data.find((one) => one.resource === resource);
          return quota ? [`${quota.used} of ${quota.max} ${noun}`] : [];
        })
        .join(', ')}
    </p>
  );
}
