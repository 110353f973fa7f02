import { useState } from 'react';
import { type Item, useAct } from '../api/queries.ts';
import { type DescribedService, operationOf } from '../api/registry.ts';
import { Button } from '../kit/button.tsx';
import { Dialog, DialogActions } from '../kit/dialog.tsx';
import { Field, Input } from '../kit/field.tsx';
import { ErrorNote } from '../kit/states.tsx';
import { toast } from '../kit/toast.tsx';
import { useOpenList, verbTitle } from './verbs.ts';
import { nameOf, refOf } from './links.tsx';
import { ShowCall } from './show-call.tsx';

/** Asks for the name before something is deleted, and says what goes with it. */
export function DeleteDialog({
  service,
  item,
  onClose,
  leave,
}: {
  readonly service: DescribedService;
  readonly item: Item;
  readonly onClose: () => void;
  /** Goes to the list afterwards. */
  readonly leave: boolean;
}) {
  const [typed, setTyped] = useState('');
  const openList = useOpenList();
  const operation = service.delete!;
  const name = nameOf(service, item);
  const input = { [service.item.param]: refOf(service, item) };
  const act = useAct(operation, {
    onSuccess: () => {
      toast(`${name} is being deleted`);
      onClose();
      if (leave) openList(service);
    },
  });
  const { description, summary } = operationOf(operation);
  const verb = verbTitle(operation);
  return (
    <Dialog open onClose={onClose} title={`${verb} ${service.noun} ${name}?`}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === name) act.mutate(input);
        }}
      >
        <div className="grid gap-2">
          <p>{description ?? `${summary}. This cannot be undone.`}</p>
          {service.blockedBy.length > 0 && (
            <p className="text-ink-soft">
              It cannot be deleted while it has {service.blockedBy.map(({ noun }) => `${noun}s`).join(', ')}: delete
              those first.
            </p>
          )}
        </div>
        <Field
          label={
            <>
              Type <bdi className="font-mono">{name}</bdi> to confirm
            </>
          }
        >
          <Input value={typed} onChange={(event) => setTyped(event.target.value)} autoFocus />
        </Field>
        {act.error && <ErrorNote error={act.error} />}
        <ShowCall operation={operation} input={input} />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="danger" type="submit" disabled={typed !== name} busy={act.isPending}>
            {verb}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
