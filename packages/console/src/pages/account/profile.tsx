import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { refresh } from '../../api/queries.ts';
import { tenantsQuery, useMe } from '../../api/session.ts';
import { AskForm } from '../../form/ask-form.tsx';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Card, Fact, Facts } from '../../kit/layout.tsx';
import { Mono, shortId } from '../../kit/copy.tsx';
import { Field, Select } from '../../kit/field.tsx';
import { ErrorNote } from '../../kit/states.tsx';
import { toast } from '../../kit/toast.tsx';
import { useLeave } from '../../shell/logout.ts';
import { tellTabs } from '../../shell/tabs.ts';
import { EMAIL } from '../login-asks.ts';
import { useOwnAct, useOwnCall } from './own.ts';

const PASSWORD = {
  name: 'password',
  label: 'Your password',
  type: 'password',
  autoComplete: 'current-password',
  named: /the password is wrong/,
} as const;

export function ProfileTab() {
  const me = useMe()!;
  const act = useOwnCall();
  const [closing, setClosing] = useState(false);
  return (
    <>
      <Card>
        <AskForm
          key={`${me.name} ${me.email}`}
          submit="Save"
          asks={({ email = me.email }) => [
            { name: 'name', label: 'Name', autoComplete: 'name', initial: me.name, minLength: 2 },
            {
              ...EMAIL,
              initial: me.email,
              help: 'You log in with it, and mails go to it.',
              named: /^a user with the email/,
            },
            ...(email.toLowerCase() === me.email
              ? []
              : [{ ...PASSWORD, help: 'An open session alone cannot change the address.' }]),
          ]}
          onSubmit={async (answers) => {
            await act('auth.update', answers);
            toast('Your profile is saved');
          }}
        />
      </Card>
      <Card title="Details">
        <Facts>
          <Fact name="ID">
            <Mono text={me.id} shown={shortId(me.id)} />
          </Fact>
          <Fact name="On this platform">{me.role === 'admin' ? 'Operator' : 'User'}</Fact>
        </Facts>
      </Card>
      <DefaultTenant />
      <Card title="Close the account">
        <div className="grid justify-items-start gap-3">
          <p className="text-ink-soft">
            Erases your name, address, password and second factor, revokes your keys and takes you out of your tenants.
            Tenants without other members are closed. It cannot be undone.
          </p>
          <Button className="text-bad!" onClick={() => setClosing(true)}>
            Close the account
          </Button>
        </div>
      </Card>
      {closing && <CloseDialog email={me.email} onClose={() => setClosing(false)} />}
    </>
  );
}

/** Where the command line and programs act that name no tenant; the pages of the console say theirs in the address. */
function DefaultTenant() {
  const me = useMe()!;
  const { data: tenants = [] } = useQuery(tenantsQuery);
  const client = useQueryClient();
  const change = useOwnAct('tenants.switch', () => {
    refresh(client, 'auth');
    toast('Your default tenant is changed');
  });
  if (tenants.length < 2) return null;
  return (
    <Card title="Default tenant">
      <div className="grid gap-3">
        <Field label="Tenant" help="The command line and programs act in it if they name none.">
          <Select
            value={me.default_tenant_id ?? ''}
            disabled={change.isPending}
            onChange={(event) => change.mutate({ id: event.target.value })}
          >
            {!me.default_tenant_id && <option value="">None</option>}
            {tenants.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
        </Field>
        {change.error && <ErrorNote error={change.error} />}
      </div>
    </Card>
  );
}

function CloseDialog({ email, onClose }: { readonly email: string; readonly onClose: () => void }) {
  const act = useOwnCall();
  const leave = useLeave();
  return (
    <Dialog open onClose={onClose} title="Close your account?">
      <AskForm
        danger
        submit="Close the account"
        onCancel={onClose}
        asks={[
          {
            name: 'confirm',
            label: (
              <>
                Type <bdi className="font-mono">{email}</bdi> to confirm
              </>
            ),
            focus: true,
          },
          PASSWORD,
        ]}
        onSubmit={async (answers) => {
          await act('auth.close', answers);
          tellTabs({ kind: 'logged-out' });
          await leave();
          toast('Your account is closed');
        }}
      />
    </Dialog>
  );
}
