import { Button, ConfirmDialog, type ItemProps, type Queue, toast, useCan } from '@thecloud/console';
import { Eraser } from 'lucide-react';
import { useState } from 'react';

/** Deletes all messages; the name has to be typed first. */
export function PurgeButton({ item }: ItemProps) {
  const { id, name } = item as unknown as Queue;
  const can = useCan();
  const [asks, setAsks] = useState(false);
  if (!can('queues.purge')) return null;
  const close = () => setAsks(false);
  return (
    <>
      <Button onClick={() => setAsks(true)}>
        <Eraser className="size-3.5" aria-hidden />
        Purge
      </Button>
      {asks && (
        <ConfirmDialog
          title={`Delete all messages of ${name}`}
          verb="Purge"
          operation="queues.purge"
          input={{ id }}
          typed={name}
          onClose={close}
          onDone={() => {
            toast(`All messages of ${name} are deleted`);
            close();
          }}
        >
          <p>All messages are deleted, those in flight too. They cannot be restored. The queue itself stays.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
