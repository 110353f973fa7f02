import { Ellipsis, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { CloudApiError } from '../api/client.ts';
import { type Item, useAct } from '../api/queries.ts';
import { type DescribedService, operationOf } from '../api/registry.ts';
import { useCan } from '../api/session.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { SchemaForm } from '../form/schema-form.tsx';
import { isSame } from '../form/values.ts';
import { Button, IconButton } from '../kit/button.tsx';
import { useCommands } from '../kit/commands.ts';
import { Dialog } from '../kit/dialog.tsx';
import { Menu, MenuItem, MenuSeparator } from '../kit/menu.tsx';
import { toast } from '../kit/toast.tsx';
import { titleOf, Value } from '../kit/value.tsx';
import { Answer, isWorthShowing } from './answer.tsx';
import { askedMembers } from './asked.ts';
import { fits } from './custom.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { nameOf, refOf } from './links.tsx';
import { verbTitle } from './verbs.ts';

/** What can be done to an item: `menu` for a row of a list, buttons for its page. */
export function ItemActions({
  service,
  item,
  menu,
  without = [],
}: {
  readonly service: DescribedService;
  readonly item: Item;
  readonly menu?: boolean;
  /** Operations that stand elsewhere on the page. */
  readonly without?: readonly string[] | undefined;
}) {
  const can = useCan();
  const [open, setOpen] = useState<string>();
  const isOffered = (operation: string) => can(operation) && fits(service.name, operation, item);
  const actions = [...(service.update ? [service.update] : []), ...service.actions].filter(
    (operation) => isOffered(operation) && !without.includes(operation),
  );
  const mayDelete = service.delete !== undefined && isOffered(service.delete);
  useCommands(
    menu
      ? []
      : [...actions, ...(mayDelete ? [service.delete!] : [])].map((action) => ({
          id: action,
          title: `${verbTitle(action)} ${nameOf(service, item)}`,
          run: () => setOpen(action),
        })),
  );
  if (actions.length === 0 && !mayDelete) return null;
  const close = () => setOpen(undefined);
  const name = nameOf(service, item);
  return (
    <>
      {menu ? (
        <Menu
          trigger={
            <IconButton label={`Actions on ${name}`}>
              <Ellipsis className="size-4" />
            </IconButton>
          }
        >
          {actions.map((action) => (
            <MenuItem key={action} onSelect={() => setOpen(action)}>
              {verbTitle(action)}
            </MenuItem>
          ))}
          {mayDelete && actions.length > 0 && <MenuSeparator />}
          {mayDelete && (
            <MenuItem danger onSelect={() => setOpen(service.delete)}>
              {verbTitle(service.delete!)}
            </MenuItem>
          )}
        </Menu>
      ) : (
        <>
          {actions.map((action) => (
            <Button key={action} onClick={() => setOpen(action)}>
              {verbTitle(action)}
            </Button>
          ))}
          {mayDelete && (
            <Button onClick={() => setOpen(service.delete)} className="text-bad!">
              <Trash2 className="size-4" aria-hidden />
              {verbTitle(service.delete!)}
            </Button>
          )}
        </>
      )}
      {open !== undefined && open !== service.delete && (
        <ActDialog service={service} item={item} operation={open} onClose={close} />
      )}
      {open !== undefined && open === service.delete && (
        <DeleteDialog service={service} item={item} onClose={close} leave={!menu} />
      )}
    </>
  );
}

/** Asks for the input of an action, if it has any, else whether to do it; then shows what it answers, if that is worth it. */
export function ActDialog({
  service,
  item,
  operation,
  onClose,
}: {
  readonly service: DescribedService;
  readonly item: Item;
  readonly operation: string;
  readonly onClose: () => void;
}) {
  const schemas = useSchemas(operation);
  const { summary, description, effect } = operationOf(operation);
  const isUpdate = effect === 'update';
  /** What the form began with. The item itself goes on changing while the form is open. */
  const [base, setBase] = useState(item);
  const ifMatch = isUpdate && typeof base.version === 'number' ? base.version : undefined;
  const act = useAct(operation, {
    ifMatch,
    onSuccess: (answer) => {
      if (isWorthShowing(operation, answer)) return;
      toast(`${nameOf(service, item)}: ${verbTitle(operation).toLowerCase()} is under way or done`);
      onClose();
    },
  });
  if (!schemas) return null;
  const asked = askedMembers(operation, schemas.input.properties ?? {});
  const path = { [service.item.param]: refOf(service, item) };
  const shown = act.data !== undefined && isWorthShowing(operation, act.data);
  // Refused because somebody else was faster; what they changed is known as soon as the item is read.
  const isStale =
    ifMatch !== undefined && act.error instanceof CloudApiError && act.error.status === 409 && item.version !== ifMatch;
  return (
    <Dialog open onClose={onClose} title={`${verbTitle(operation)}: ${nameOf(service, item)}`}>
      {shown ? (
        <>
          <Answer value={act.data} operation={operation} />
          <div className="flex justify-end">
            <Button look="primary" onClick={onClose}>
              Done
            </Button>
          </div>
        </>
      ) : (
        <>
          {isStale && (
            <Overtaken
              from={base}
              to={item}
              members={asked}
              onGoOn={() => {
                setBase(item);
                act.reset();
              }}
            />
          )}
          <SchemaForm
            operation={operation}
            schema={schemas.input}
            members={asked}
            fixed={path}
            initial={isUpdate ? pick(base, asked) : {}}
            changedOnly={isUpdate}
            intro={
              <div>
                <p>{summary}.</p>
                {description && <p className="mt-1 text-ink-soft">{description}</p>}
              </div>
            }
            submitLabel={verbTitle(operation)}
            busy={act.isPending}
            error={isStale ? null : act.error}
            onSubmit={(input) => act.mutate(input)}
            onCancel={onClose}
          />
        </>
      )}
    </Dialog>
  );
}

/** What somebody else changed while the form was open. Nothing of the form is lost. */
function Overtaken({
  from,
  to,
  members,
  onGoOn,
}: {
  readonly from: Item;
  readonly to: Item;
  readonly members: readonly string[];
  readonly onGoOn: () => void;
}) {
  const changed = members.filter((member) => !isSame(from[member], to[member]));
  return (
    <div role="alert" className="grid gap-2 rounded-md bg-warn-soft px-3 py-2">
      <p className="text-warn">It was changed while you edited it, so nothing was saved. Your input is still here.</p>
      {changed.length > 0 && (
        <ul className="text-sm">
          {changed.map((member) => (
            <li key={member}>
              {titleOf(member)}: <Value member={member} value={from[member]} compact /> →{' '}
              <Value member={member} value={to[member]} compact />
            </li>
          ))}
        </ul>
      )}
      <div>
        <Button small onClick={onGoOn}>
          Go on from the newest
        </Button>
      </div>
    </div>
  );
}

const pick = (item: Item, members: readonly string[]): Item =>
  Object.fromEntries(members.filter((member) => item[member] !== undefined).map((member) => [member, item[member]]));

/** Buttons of what a service offers on no particular item. */
export function OtherActions({ service }: { readonly service: DescribedService }) {
  const can = useCan();
  return (
    <>
      {service.others.filter(can).map((operation) => (
        <OtherAction key={operation} operation={operation} />
      ))}
    </>
  );
}

function OtherAction({ operation }: { readonly operation: string }) {
  const [open, setOpen] = useState(false);
  const schemas = useSchemas(operation);
  const act = useAct(operation, {
    onSuccess: () => {
      toast(`${operationOf(operation).summary}: done`);
      setOpen(false);
    },
  });
  return (
    <>
      <Button onClick={() => setOpen(true)}>{verbTitle(operation)}</Button>
      {open && schemas && (
        <Dialog open onClose={() => setOpen(false)} title={operationOf(operation).summary}>
          <SchemaForm
            operation={operation}
            schema={schemas.input}
            members={askedMembers(operation, schemas.input.properties ?? {})}
            intro={<p>{operationOf(operation).description}</p>}
            submitLabel={verbTitle(operation)}
            busy={act.isPending}
            error={act.error}
            onSubmit={(input) => act.mutate(input)}
            onCancel={() => setOpen(false)}
          />
        </Dialog>
      )}
    </>
  );
}
