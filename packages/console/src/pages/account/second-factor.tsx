import { ShieldCheck } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { AskForm } from '../../form/ask-form.tsx';
import { Button } from '../../kit/button.tsx';
import { Copy, Mono } from '../../kit/copy.tsx';
import { Dialog, DialogActions } from '../../kit/dialog.tsx';
import { Card } from '../../kit/layout.tsx';
import { ErrorNote, Loading, Skeleton } from '../../kit/states.tsx';
import { Time } from '../../kit/time.tsx';
import { toast } from '../../kit/toast.tsx';
import { CODE } from '../login-asks.ts';
import { useOwn, useOwnCall } from './own.ts';

const QrCode = lazy(() => import('./qr-code.tsx').then((module) => ({ default: module.QrCode })));

interface Factor {
  readonly enabled: boolean;
  readonly confirmed_at?: string;
  readonly recovery_codes_left: number;
}
interface Secret {
  readonly secret: string;
  readonly uri: string;
}
interface RecoveryCodes {
  readonly recovery_codes: readonly string[];
}

/** Fewest recovery codes that are enough. */
const FEW = 3;

export function SecondFactorTab() {
  const factor = useOwn<Factor>('second-factor.get');
  const [codes, setCodes] = useState<readonly string[]>();
  if (factor.error) return <ErrorNote error={factor.error} retry={() => void factor.refetch()} />;
  if (!factor.data) return <Loading />;
  return (
    <>
      {factor.data.enabled ? <Enabled factor={factor.data} onCodes={setCodes} /> : <Enrol onCodes={setCodes} />}
      {codes && <RecoveryCodesDialog codes={codes} onClose={() => setCodes(undefined)} />}
    </>
  );
}

function Enrol({ onCodes }: { readonly onCodes: (codes: readonly string[]) => void }) {
  const act = useOwnCall();
  const [secret, setSecret] = useState<Secret>();
  if (!secret)
    return (
      <Card title="Add a second factor">
        <AskForm
          submit="Continue"
          asks={[
            {
              name: 'password',
              label: 'Your password',
              type: 'password',
              autoComplete: 'current-password',
              named: /the password is wrong/,
            },
          ]}
          onSubmit={async (answers) => setSecret(await act<Secret>('second-factor.enrol', answers))}
        >
          <p className="-order-1 text-ink-soft">
            Then a login asks for your password and for a code of an authenticator app on your phone. A stolen password
            alone opens nothing.
          </p>
        </AskForm>
      </Card>
    );
  return (
    <Card title="Add a second factor">
      <div className="grid gap-5">
        <div className="grid gap-4 sm:grid-cols-[auto_1fr]">
          <Suspense fallback={<Skeleton className="size-48" />}>
            <QrCode text={secret.uri} label="QR code of the secret, for the authenticator app" />
          </Suspense>
          <div className="grid content-start gap-2">
            <p>Scan the code with an authenticator app, such as Aegis, 2FAS or the one in your password manager.</p>
            <p className="text-ink-soft">Or type the secret into it:</p>
            <p className="flex items-start gap-1">
              <code className="font-mono text-sm break-all">{secret.secret.match(/.{1,4}/g)?.join(' ')}</code>
              <Copy text={secret.secret} label="Copy the secret" />
            </p>
          </div>
        </div>
        <AskForm
          submit="Confirm"
          onCancel={() => setSecret(undefined)}
          asks={[{ ...CODE, help: 'The six digits that the app shows now' }]}
          onSubmit={async (answers) => {
            const { recovery_codes } = await act<RecoveryCodes>('second-factor.confirm', answers);
            onCodes(recovery_codes);
          }}
        />
      </div>
    </Card>
  );
}

function Enabled({
  factor,
  onCodes,
}: {
  readonly factor: Factor;
  readonly onCodes: (codes: readonly string[]) => void;
}) {
  const act = useOwnCall();
  const [asking, setAsking] = useState<'codes' | 'disable'>();
  const close = () => setAsking(undefined);
  const left = factor.recovery_codes_left;
  return (
    <Card title="Second factor">
      <div className="grid gap-4">
        <p className="flex items-center gap-2">
          <ShieldCheck className="size-5 text-good" aria-hidden />
          <span>
            Logins ask for a code of your authenticator app
            {factor.confirmed_at && (
              <span className="text-ink-soft">
                {' '}
                since <Time value={factor.confirmed_at} />
              </span>
            )}
            .
          </span>
        </p>
        <p className={left <= FEW ? 'text-warn' : 'text-ink-soft'}>
          {left === 0
            ? 'No recovery code is left. Without the app you could not log in: make new ones.'
            : `${left} recovery ${left === 1 ? 'code is' : 'codes are'} left. Each lets you in once without the app.`}
        </p>
        <div className="flex flex-wrap gap-2">
          <Button onClick={() => setAsking('codes')}>New recovery codes</Button>
          <Button className="text-bad!" onClick={() => setAsking('disable')}>
            Remove the second factor
          </Button>
        </div>
      </div>
      {asking === 'codes' && (
        <Dialog open onClose={close} title="Make new recovery codes?">
          <AskForm
            submit="Make new codes"
            asks={[CODE]}
            onCancel={close}
            onSubmit={async (answers) => {
              const { recovery_codes } = await act<RecoveryCodes>('second-factor.recoveryCodes', answers);
              close();
              onCodes(recovery_codes);
            }}
          >
            <p className="text-ink-soft">The present ones stop working.</p>
          </AskForm>
        </Dialog>
      )}
      {asking === 'disable' && (
        <Dialog open onClose={close} title="Remove the second factor?">
          <AskForm
            danger
            submit="Remove it"
            asks={[CODE]}
            onCancel={close}
            onSubmit={async (answers) => {
              await act('second-factor.disable', answers);
              close();
              toast('Your second factor is removed');
            }}
          >
            <p className="text-ink-soft">From then on your password alone opens the account.</p>
          </AskForm>
        </Dialog>
      )}
    </Card>
  );
}

function RecoveryCodesDialog({ codes, onClose }: { readonly codes: readonly string[]; readonly onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title="Your recovery codes">
      <p>Keep them where you find them without your phone. Each lets you in once, and they are shown only now.</p>
      <ol data-once className="grid gap-x-6 gap-y-1 rounded-md bg-raised p-3 sm:grid-cols-2">
        {codes.map((code) => (
          <li key={code}>
            <Mono text={code} />
          </li>
        ))}
      </ol>
      <DialogActions>
        <Copy text={codes.join('\n')} label="Copy all codes" />
        <Button look="primary" onClick={onClose}>
          I have kept them
        </Button>
      </DialogActions>
    </Dialog>
  );
}
