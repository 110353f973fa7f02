import {
  Button,
  Card,
  Empty,
  ErrorNote,
  type Item,
  ItemLink,
  Loading,
  type Role,
  Select,
  serviceOf,
  toast,
  useAct,
  useCan,
  useList,
  useRefresh,
} from '@thecloud/console';
import { useState } from 'react';

export interface Binding extends Item {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
}

/** Who has a role, and giving it to somebody else of the tenant. */
export function Holders({ role, mayGive }: { readonly role: Role; readonly mayGive: boolean }) {
  const can = useCan();
  const refresh = useRefresh();
  const [chosen, setChosen] = useState('');
  const list = useList<Binding>('roles.bindings', {}, { enabled: can('roles.bindings') });
  const members = serviceOf('members')!;
  const holders = list.items.filter((one) => one.role === role.name);
  const others = list.items.filter((one) => one.role !== role.name);
  const give = useAct('roles.bind', {
    onSuccess: () => {
      setChosen('');
      refresh('members');
      toast(`The role ${role.name} is given`);
    },
  });
  if (!can('roles.bindings')) return null;
  return (
    <Card title="Who has it" padded={false}>
      {list.error ? (
        <div className="p-3">
          <ErrorNote error={list.error} retry={() => void list.refetch()} />
        </div>
      ) : list.isPending ? (
        <Loading />
      ) : holders.length === 0 ? (
        <Empty title="Nobody has this role">Members get it here or on the page of members.</Empty>
      ) : (
        <ul className="divide-y divide-line">
          {holders.map((one) => (
            <li key={one.id} className="flex min-w-0 flex-wrap items-baseline gap-x-3 px-4 py-2">
              <span className="max-w-full truncate" title={one.name}>
                <ItemLink service={members} item={one}>
                  <bdi>{one.name}</bdi>
                </ItemLink>
              </span>
              <bdi className="max-w-full truncate text-sm text-ink-soft">{one.email}</bdi>
            </li>
          ))}
        </ul>
      )}
      {can('roles.bind') && mayGive && others.length > 0 && (
        <form
          className="grid gap-2 border-t border-line p-3"
          onSubmit={(event) => {
            event.preventDefault();
            if (chosen !== '') give.mutate({ user_identifier: chosen, role_name: role.name });
          }}
        >
          <div className="flex gap-2">
            <Select
              aria-label="Member who gets the role"
              className="min-w-0"
              value={chosen}
              onChange={(event) => setChosen(event.target.value)}
            >
              <option value="">Give it to a member</option>
              {others.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.email} (now {one.role})
                </option>
              ))}
            </Select>
            <Button type="submit" disabled={chosen === ''} busy={give.isPending}>
              Give
            </Button>
          </div>
          {give.error && <ErrorNote error={give.error} />}
        </form>
      )}
    </Card>
  );
}
