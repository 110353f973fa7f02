import { useState } from 'react';
import { type Input as CallInput, type Item, useAct, useList } from '../api/queries.ts';
import { type DescribedService, operationOf, serviceOf } from '../api/registry.ts';
import { useCan } from '../api/session.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { MemberField } from '../form/member-field.tsx';
import { Button } from '../kit/button.tsx';
import { Dialog, DialogActions } from '../kit/dialog.tsx';
import { Field, Input } from '../kit/field.tsx';
import { ErrorNote } from '../kit/states.tsx';
import { toast } from '../kit/toast.tsx';
import { askedMembers } from './asked.ts';
import { ItemLink, nameOf, refOf } from './links.tsx';
import { type Relation, relationsOf } from './relations.ts';
import { ShowCall } from './show-call.tsx';
import { isTyped } from './typed-name.ts';
import { useOpenList, verbTitle } from './verbs.ts';

/** Asks for the name before something is deleted, and says what goes with it and what keeps it. */
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
  const [more, setMore] = useState<CallInput>({});
  const openList = useOpenList();
  const operation = service.delete!;
  const name = nameOf(service, item);
  const schema = useSchemas(operation)?.input;
  const input = { [service.item.param]: refOf(service, item), ...more };
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
          if (isTyped(typed, name) && !act.isPending) act.mutate(input);
        }}
      >
        <div className="grid gap-2">
          <p>{description ?? `${summary}. This cannot be undone.`}</p>
          {service.blockedBy.map((one) => (
            <Blocker key={one.service} service={service} item={item} by={one} />
          ))}
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
        {askedMembers(operation, schema?.properties ?? {}).map((member) => (
          <MemberField
            key={member}
            name={member}
            schema={schema?.properties?.[member] ?? {}}
            required={schema?.required?.includes(member) ?? false}
            secret={false}
            value={more[member]}
            onChange={(value) => setMore({ ...more, [member]: value })}
          />
        ))}
        {act.error && <ErrorNote error={act.error} />}
        <ShowCall operation={operation} input={input} />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="danger" type="submit" disabled={!isTyped(typed, name)} busy={act.isPending}>
            {verb}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

interface BlockerProps {
  readonly service: DescribedService;
  readonly item: Item;
  readonly by: DescribedService['blockedBy'][number];
}

/** What must go first: which it is, where that can be read, else what it would be. */
function Blocker({ service, item, by }: BlockerProps) {
  const can = useCan();
  const other = serviceOf(by.service);
  const relation = relationsOf(service).find((one) => one.service === other);
  if (relation && can(relation.service.list))
    return <Blocking relation={relation} noun={by.noun} id={refOf(service, item)} />;
  return <p className="text-ink-soft">It cannot be deleted while it has a {by.noun}.</p>;
}

/** Names that are told of what is in the way. */
const MOST_NAMED = 5;

function Blocking({ relation, noun, id }: { readonly relation: Relation; readonly noun: string; readonly id: string }) {
  const { items, hasNextPage, isPending } = useList<Item>(relation.service.list, { [relation.member]: id });
  if (isPending || items.length === 0) return null;
  const count = `${items.length}${hasNextPage ? ' or more' : ''}`;
  return (
    <p className="rounded-md bg-warn-soft px-3 py-2">
      It has {count} {items.length === 1 ? noun : `${noun}s`}, and cannot be deleted before:{' '}
      {items.slice(0, MOST_NAMED).map((one, index) => (
        <span key={refOf(relation.service, one)}>
          {index > 0 && ', '}
          <ItemLink service={relation.service} item={one} />
        </span>
      ))}
      {items.length > MOST_NAMED && ' …'}
    </p>
  );
}
