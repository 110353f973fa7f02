import {
  type AuditItem,
  AuditTable,
  Button,
  Card,
  call,
  ErrorNote,
  listPage,
  Mono,
  type RevealedSecret,
  type Secret,
  ShowCall,
  useCan,
  useMe,
  useTenant,
} from '@thecloud/console';
import { Eye, EyeOff } from 'lucide-react';
import { useEffect, useState } from 'react';

/** Seconds for which a value is shown. */
const SHOWN_SECONDS = 10;

/** Shows the value for ten seconds, with the row of the audit trail that the read has left. The value is kept nowhere but here. */
export function Reveal({ secret, version }: { readonly secret: Secret; readonly version?: string }) {
  const can = useCan();
  const me = useMe();
  const tenant = useTenant();
  const [revealed, setRevealed] = useState<RevealedSecret>();
  const [left, setLeft] = useState(0);
  const [rows, setRows] = useState<readonly AuditItem[]>([]);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const hide = () => setRevealed(undefined);

  useEffect(() => {
    if (!revealed) return undefined;
    if (left <= 0) {
      setRevealed(undefined);
      return undefined;
    }
    const timer = setTimeout(() => setLeft(left - 1), 1_000);
    return () => clearTimeout(timer);
  }, [revealed, left]);
  useEffect(() => {
    // Somebody looks elsewhere.
    const onHidden = () => document.hidden && hide();
    document.addEventListener('visibilitychange', onHidden);
    return () => document.removeEventListener('visibilitychange', onHidden);
  }, []);

  const input = { id: secret.id, ...(version === undefined ? {} : { version_id: version }) };
  const reveal = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const options = { tenantId: tenant?.id };
      const answer = await call<RevealedSecret>('secrets.reveal', input, options);
      setLeft(SHOWN_SECONDS);
      setRevealed(answer);
      if (!can('audit.list')) return;
      const mine = { resource_id: secret.id, action: 'secret.access', limit: 1, ...(me ? { actor: me.id } : {}) };
      setRows((await listPage<AuditItem>('audit.list', mine, options)).items);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title="Value">
      <div className="grid gap-3">
        <div className="flex flex-wrap items-center gap-3">
          {revealed ? (
            <Button onClick={hide}>
              <EyeOff className="size-3.5" aria-hidden />
              Hide
            </Button>
          ) : (
            <Button busy={busy} onClick={() => void reveal()}>
              <Eye className="size-3.5" aria-hidden />
              Reveal for {SHOWN_SECONDS} seconds
            </Button>
          )}
          <span className="text-sm text-ink-soft" role="timer">
            {revealed ? `hidden again in ${left} s` : 'Each read leaves a row in the audit trail.'}
          </span>
        </div>
        {revealed && <Shown revealed={revealed} />}
        {error !== undefined && <ErrorNote error={error} />}
        {rows.length > 0 && (
          <div className="grid gap-1">
            <p className="text-sm text-ink-soft">The row that your last read has left:</p>
            <AuditTable label="The row of your last read" items={rows} loading={false} />
          </div>
        )}
        <ShowCall operation="secrets.reveal" input={input} />
      </div>
    </Card>
  );
}

function Shown({ revealed: { value, encoding } }: { readonly revealed: RevealedSecret }) {
  return (
    <div className="rounded-md bg-warn-soft p-3" data-once>
      {encoding === 'base64' && <p className="text-sm text-ink-soft">Bytes, in base64</p>}
      {value.includes('\n') ? (
        // It scrolls, so it must be reachable by keyboard.
        <pre tabIndex={0} className="max-h-80 overflow-auto font-mono text-sm whitespace-pre-wrap">
          {value}
        </pre>
      ) : (
        <Mono text={value} />
      )}
    </div>
  );
}
