import {
  Button,
  Dialog,
  DialogActions,
  ErrorNote,
  Field,
  Input,
  RoleSelect,
  ServiceLink,
  ShowCall,
  toast,
  useAct,
  useCan,
} from '@thecloud/console';
import { useState } from 'react';

/** Asks whom to invite, and as what. */
export function InviteDialog({ onClose, onDone }: { readonly onClose: () => void; readonly onDone: () => void }) {
  const can = useCan();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState('viewer');
  const act = useAct('invitations.create', {
    onSuccess: () => {
      toast(`${email} is invited`);
      onDone();
    },
  });
  const input = { tenant: 'current', email: email.trim(), role };
  return (
    <Dialog open onClose={onClose} title="Invite somebody">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate(input);
        }}
      >
        <p>
          They get a mail that says how to accept; they need no account yet. It is valid for seven days, and you can
          send another.
        </p>
        <Field label="E-mail address">
          <Input
            type="email"
            required
            autoComplete="off"
            value={email}
            autoFocus
            onChange={(event) => setEmail(event.target.value)}
          />
        </Field>
        <Field
          label="Role"
          help={
            <>
              You can give only roles whose permissions you have.{' '}
              {can('roles.list') && <ServiceLink service="roles">What each role may do</ServiceLink>}
            </>
          }
        >
          <RoleSelect value={role} onChange={setRole} />
        </Field>
        {act.error && <ErrorNote error={act.error} />}
        <ShowCall operation="invitations.create" input={input} />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={act.isPending} disabled={input.email === ''}>
            Invite
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
