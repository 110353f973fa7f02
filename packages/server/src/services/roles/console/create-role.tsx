import {
  Button,
  Card,
  DialogActions,
  ErrorNote,
  Field,
  Input,
  lacking,
  type ListPageProps,
  Page,
  refusedMembers,
  type Role,
  Select,
  ShowCall,
  toast,
  useAct,
  useList,
  useMe,
  useOpenItem,
  useOpenList,
  useSearchWord,
} from '@thecloud/console';
import { useState } from 'react';
import { Matrix } from './matrix.tsx';

/** A new role: its name, and its permissions ticked in the matrix, from nothing or from another role. */
export function CreateRole({ service }: ListPageProps) {
  const openList = useOpenList();
  const openItem = useOpenItem();
  const held = useMe()?.permissions ?? [];
  const roles = useList<Role>('roles.list');
  const asked = useSearchWord('from');
  const [from, setFrom] = useState<string>();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [ticked, setTicked] = useState<ReadonlySet<string>>();
  const act = useAct<Role>('roles.create', {
    onSuccess: (role) => {
      toast(`The role ${role.name} is created`);
      openItem(service, role.id);
    },
  });
  const copied = roles.items.find(({ id }) => id === (from ?? asked));
  // Of a role that has more than the user, what the user has.
  const start = (copied?.permissions ?? []).filter((one) => one !== '*' && lacking(held, [one]).length === 0);
  const value = ticked ?? new Set(start);
  const refused = refusedMembers(act.error, ['name', 'description', 'permissions']);
  const input = {
    name,
    ...(description === '' ? {} : { description }),
    permissions: [...value].sort(),
  };
  return (
    <Page title="Create a role" subtitle="A role may do what you tick. Each member of the tenant has one role.">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate(input);
        }}
      >
        <Card className="max-w-3xl">
          <div className="grid gap-4">
            <Field label="Name" error={refused['name']}>
              <Input
                required
                maxLength={100}
                value={name}
                placeholder="deployer"
                autoFocus
                onChange={(event) => setName(event.target.value)}
              />
            </Field>
            <Field label="Description" required={false} error={refused['description']}>
              <Input
                value={description}
                placeholder="What somebody with this role is there for"
                onChange={(event) => setDescription(event.target.value)}
              />
            </Field>
            <Field label="Begin with" help="Ticks what that role may do, as far as you may do it yourself.">
              <Select
                value={copied?.id ?? ''}
                onChange={(event) => {
                  setFrom(event.target.value);
                  setTicked(undefined);
                }}
              >
                <option value="">Nothing</option>
                {roles.items
                  .filter(({ permissions }) => !permissions.includes('*'))
                  .map((role) => (
                    <option key={role.id} value={role.id}>
                      {role.name}
                    </option>
                  ))}
              </Select>
            </Field>
          </div>
        </Card>
        <Card title={`Permissions (${value.size})`} padded={false}>
          <Matrix
            value={value}
            held={held}
            onChange={(permission, on) => {
              const next = new Set(value);
              if (on) next.add(permission);
              else next.delete(permission);
              setTicked(next);
            }}
          />
        </Card>
        {act.error && Object.keys(refused).length === 0 && <ErrorNote error={act.error} />}
        {refused['permissions'] && <ErrorNote error={act.error} />}
        <ShowCall operation="roles.create" input={input} />
        <DialogActions>
          <Button onClick={() => openList(service)}>Cancel</Button>
          <Button look="primary" type="submit" busy={act.isPending} disabled={name.trim() === ''}>
            Create the role
          </Button>
        </DialogActions>
      </form>
    </Page>
  );
}
