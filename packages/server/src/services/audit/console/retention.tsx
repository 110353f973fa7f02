import {
  type AuditRetention,
  Button,
  Card,
  Dialog,
  ErrorNote,
  Loading,
  SchemaForm,
  toast,
  useAct,
  useCan,
  useRead,
  useSchemas,
} from '@thecloud/console';
import { useState } from 'react';

const SET = 'audit.setRetention';

/** How long rows are kept; who may, changes it. */
export function RetentionCard() {
  const can = useCan();
  const { data, error, refetch } = useRead<AuditRetention>('audit.retention', {}, { enabled: can('audit.retention') });
  const [open, setOpen] = useState(false);
  const schemas = useSchemas(SET);
  const act = useAct(SET, {
    onSuccess: () => {
      toast('The retention of the audit trail is changed');
      setOpen(false);
    },
  });
  if (!can('audit.retention')) return null;
  return (
    <Card
      title="How long rows are kept"
      actions={can(SET) && data && <Button onClick={() => setOpen(true)}>Change</Button>}
    >
      {error ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data ? (
        <p>
          Rows are kept for <strong className="font-medium">{data.days} days</strong>. Older ones are pruned, once they
          are in an archive of the operator. This platform allows {data.minimum} to {data.maximum} days.
        </p>
      ) : (
        <Loading rows={1} />
      )}
      {open && schemas && data && (
        <Dialog open onClose={() => setOpen(false)} title="Change how long rows are kept">
          <SchemaForm
            operation={SET}
            schema={{
              ...schemas.input,
              properties: {
                ...schemas.input.properties,
                days: { ...schemas.input.properties?.days, minimum: data.minimum, maximum: data.maximum },
              },
            }}
            members={['days']}
            initial={{ days: data.days }}
            changedOnly
            intro={<p>With fewer days, rows that are older are pruned soon and do not come back.</p>}
            submitLabel="Change"
            busy={act.isPending}
            error={act.error}
            onSubmit={(input) => act.mutate(input)}
            onCancel={() => setOpen(false)}
          />
        </Dialog>
      )}
    </Card>
  );
}
