import { useMe } from '../../api/session.ts';
import { AskForm } from '../../form/ask-form.tsx';
import { Card } from '../../kit/layout.tsx';
import { toast } from '../../kit/toast.tsx';
import { newPassword } from '../login-asks.ts';
import { useOwnCall } from './own.ts';

export function PasswordTab() {
  const me = useMe()!;
  const act = useOwnCall();
  return (
    <Card title="Change your password">
      <AskForm
        resets
        submit="Change the password"
        asks={[
          {
            name: 'old_password',
            label: 'Present password',
            type: 'password',
            autoComplete: 'current-password',
            named: /the password is wrong/,
          },
          newPassword('new_password', 'New password'),
        ]}
        onSubmit={async (answers) => {
          await act('auth.changePassword', answers);
          toast('Your password is changed; your other sessions have ended');
        }}
      >
        {/* So that a password manager knows whose password it is. */}
        <input type="text" autoComplete="username" value={me.email} readOnly hidden />
        <p className="text-sm text-ink-soft">Ends your other sessions. API keys continue to work.</p>
      </AskForm>
    </Card>
  );
}
