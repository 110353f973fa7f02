import {
  Button,
  Dialog,
  DialogActions,
  ErrorNote,
  Field,
  type Item,
  type ItemProps,
  Select,
  ShowCall,
  useAct,
  useCan,
  useCommands,
  useHoldPage,
  useOpenList,
} from '@thecloud/console';
import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { NewKey } from './key-lines.tsx';

/** Replaces a key, and shows the new one once. */
export function RotateKey({ service, item }: ItemProps) {
  const can = useCan();
  const [isOpen, setIsOpen] = useState(false);
  const may = can('keys.rotate');
  const name = String(item['name'] ?? '');
  useCommands(may ? [{ id: 'keys.rotate', title: `Rotate ${name}`, run: () => setIsOpen(true) }] : []);
  if (!may) return null;
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>
        <RefreshCw className="size-4" aria-hidden />
        Rotate
      </Button>
      {isOpen && <RotateDialog service={service} item={item} name={name} onClose={() => setIsOpen(false)} />}
    </>
  );
}

function RotateDialog({
  service,
  item,
  name,
  onClose,
}: ItemProps & { readonly name: string; readonly onClose: () => void }) {
  const openList = useOpenList();
  // The key of the page is gone as soon as it is rotated, and nobody has seen the new one yet.
  useHoldPage();
  const [overlap, setOverlap] = useState(0);
  const act = useAct<Item>('keys.rotate');
  const input = { id: item['id'], ...(overlap === 0 ? {} : { overlap_seconds: overlap }) };
  if (act.data)
    return (
      // The page's own key is gone: whatever closes the dialog leads to the list.
      <Dialog open onClose={() => openList(service)} title={`The new key ${name}`} wide>
        <NewKey item={act.data} />
        <DialogActions>
          <Button look="primary" onClick={() => openList(service)}>
            I have copied it
          </Button>
        </DialogActions>
      </Dialog>
    );
  return (
    <Dialog open onClose={onClose} title={`Rotate the key ${name}?`}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate(input);
        }}
      >
        <p className="text-ink-soft">You get another key with the same name and limits, which is shown once.</p>
        <Field label="The present key stops working">
          <Select value={overlap} onChange={(event) => setOverlap(Number(event.target.value))}>
            <option value={0}>at once</option>
            <option value={600}>in 10 minutes</option>
            <option value={3600}>in an hour</option>
            <option value={86_400}>in a day</option>
          </Select>
        </Field>
        {act.error && <ErrorNote error={act.error} />}
        <ShowCall operation="keys.rotate" input={input} />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={act.isPending}>
            Rotate
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
