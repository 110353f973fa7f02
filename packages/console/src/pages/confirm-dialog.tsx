import { type ReactNode, useState } from 'react';
import { type Input as CallInput, type Item, useAct } from '../api/queries.ts';
import { Button } from '../kit/button.tsx';
import { Dialog, DialogActions } from '../kit/dialog.tsx';
import { Field, Input } from '../kit/field.tsx';
import { ErrorNote } from '../kit/states.tsx';
import { ShowCall } from './show-call.tsx';
import { isTyped } from './typed-name.ts';

/** Asks before one call, with what it does in its body; `typed`: the name that has to be typed first. */
export function ConfirmDialog({
  title,
  verb,
  operation,
  input,
  typed,
  danger = true,
  blocked = false,
  onDone,
  onClose,
  children,
}: {
  readonly title: string;
  readonly verb: string;
  readonly operation: string;
  readonly input: CallInput;
  readonly typed?: string;
  readonly danger?: boolean;
  /** Nothing can be sent for now; the body says why. */
  readonly blocked?: boolean;
  readonly onDone: (answer: Item) => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const [text, setText] = useState('');
  const act = useAct(operation, { onSuccess: onDone });
  const isReady = !blocked && (typed === undefined || isTyped(text, typed));
  return (
    <Dialog open onClose={onClose} title={title}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !act.isPending) act.mutate(input);
        }}
      >
        <div className="grid gap-2">{children}</div>
        {typed !== undefined && !blocked && (
          <Field
            label={
              <>
                Type <bdi className="font-mono">{typed}</bdi> to confirm
              </>
            }
          >
            <Input value={text} onChange={(event) => setText(event.target.value)} autoFocus />
          </Field>
        )}
        {act.error && <ErrorNote error={act.error} />}
        <ShowCall operation={operation} input={input} />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button look={danger ? 'danger' : 'primary'} type="submit" disabled={!isReady} busy={act.isPending}>
            {verb}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
