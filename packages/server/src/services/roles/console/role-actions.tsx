import {
  Button,
  Checkbox,
  ConfirmDialog,
  Dialog,
  type ItemProps,
  lacking,
  type Role,
  SchemaForm,
  ServiceLink,
  toast,
  useAct,
  useCan,
  useList,
  useMe,
  useOpenList,
  useSchemas,
} from '@thecloud/console';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { Binding } from './holders.tsx';

/** Renaming, duplicating and deleting a role. */
export function RoleActions({ service, item }: ItemProps) {
  const role = item as unknown as Role;
  const can = useCan();
  const openList = useOpenList();
  const held = useMe()?.permissions ?? [];
  const [open, setOpen] = useState<'rename' | 'delete'>();
  const isWithin = lacking(held, role.permissions).length === 0;
  const close = () => setOpen(undefined);
  return (
    <>
      {can('roles.create') && (
        <ServiceLink service="roles" id="new" look="plain" search={{ from: role.id }}>
          Duplicate
        </ServiceLink>
      )}
      {can('roles.update') && !role.built_in && isWithin && <Button onClick={() => setOpen('rename')}>Rename</Button>}
      {can('roles.delete') && !role.built_in && isWithin && (
        <Button className="text-bad!" onClick={() => setOpen('delete')}>
          <Trash2 className="size-4" aria-hidden />
          Delete
        </Button>
      )}
      {open === 'rename' && <RenameDialog role={role} onClose={close} />}
      {open === 'delete' && (
        <DeleteRole
          role={role}
          onClose={close}
          onDone={() => {
            toast(`The role ${role.name} is deleted`);
            openList(service);
          }}
        />
      )}
    </>
  );
}

function RenameDialog({ role, onClose }: { readonly role: Role; readonly onClose: () => void }) {
  const schemas = useSchemas('roles.update');
  const act = useAct('roles.update', {
    onSuccess: () => {
      toast('The role is changed');
      onClose();
    },
  });
  if (!schemas) return null;
  return (
    <Dialog open onClose={onClose} title={`Rename ${role.name}`}>
      <SchemaForm
        operation="roles.update"
        schema={schemas.input}
        members={['name', 'description']}
        fixed={{ id: role.id }}
        initial={{ name: role.name, description: role.description }}
        changedOnly
        submitLabel="Save"
        busy={act.isPending}
        error={act.error}
        onSubmit={(input) => act.mutate(input)}
        onCancel={onClose}
      />
    </Dialog>
  );
}

function DeleteRole({
  role,
  onClose,
  onDone,
}: {
  readonly role: Role;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const can = useCan();
  const [force, setForce] = useState(false);
  const { items } = useList<Binding>('roles.bindings', {}, { enabled: can('roles.bindings') });
  const holders = items.filter((one) => one.role === role.name);
  return (
    <ConfirmDialog
      title={`Delete the role ${role.name}?`}
      verb="Delete"
      operation="roles.delete"
      input={{ id: role.id, ...(force ? { force } : {}) }}
      typed={role.name}
      blocked={holders.length > 0 && !force}
      onClose={onClose}
      onDone={onDone}
    >
      <p>Open invitations with this role expire. This cannot be undone.</p>
      {holders.length > 0 && (
        <Checkbox
          label={`Make its ${holders.length === 1 ? 'member a viewer' : `${holders.length} members viewers`}`}
          help={`${holders
            .slice(0, 3)
            .map(({ email }) => email)
            .join(
              ', ',
            )}${holders.length > 3 ? ` and ${holders.length - 3} more` : ''} ${holders.length === 1 ? 'has' : 'have'} it: a role that members have is not deleted otherwise.`}
          checked={force}
          onChange={(event) => setForce(event.target.checked)}
        />
      )}
    </ConfirmDialog>
  );
}
