import {
  type AuditPublicKey,
  Card,
  Code,
  ErrorNote,
  Loading,
  Mono,
  operationOf,
  Time,
  transport,
  useList,
  useTenant,
} from '@thecloud/console';
import { useEffect, useState } from 'react';

interface Checkpoint {
  readonly number: string;
  readonly created_at: string;
  readonly key_version: number;
}

/** Characters of an export before its newest checkpoint; more means that it has none. */
const MOST_READ = 1024 * 1024;

/** The newest checkpoint: an export from now on begins with it. */
async function newestCheckpoint(tenantId: string | undefined, signal: AbortSignal): Promise<Checkpoint | undefined> {
  const decoder = new TextDecoder();
  let text = '';
  const input = { from: new Date().toISOString() };
  for await (const chunk of transport.stream(operationOf('audit.export'), input, { tenantId, signal })) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) {
      const said = JSON.parse(line) as { readonly type: string; readonly checkpoint?: Checkpoint };
      if (said.type === 'checkpoint') return said.checkpoint;
      if (said.type === 'uncovered') return undefined;
    }
    if (text.length > MOST_READ) return undefined;
  }
  return undefined;
}

/** What the signed checkpoints prove and what they do not, and how to check. */
export function Verification() {
  const tenant = useTenant();
  const keys = useList<AuditPublicKey>('audit.publicKey');
  const [newest, setNewest] = useState<{ checkpoint?: Checkpoint | undefined; error?: unknown }>();
  const tenantId = tenant?.id;
  useEffect(() => {
    const leaving = new AbortController();
    newestCheckpoint(tenantId, leaving.signal).then(
      (checkpoint) => setNewest({ checkpoint }),
      (error: unknown) => !leaving.signal.aborted && setNewest({ error }),
    );
    return () => leaving.abort(new Error('the page was left'));
  }, [tenantId]);
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
      <Card title="What is signed">
        <div className="grid grid-cols-1 gap-4">
          {newest === undefined ? (
            <Loading rows={1} />
          ) : newest.error !== undefined ? (
            <ErrorNote error={newest.error} />
          ) : newest.checkpoint ? (
            <p>
              The last checkpoint is number {newest.checkpoint.number}. It was signed{' '}
              <Time value={newest.checkpoint.created_at} /> with version {newest.checkpoint.key_version} of the key.
            </p>
          ) : (
            <p>There is no checkpoint yet. The first comes about a minute after the first row.</p>
          )}
          <p>
            Every minute the platform signs a checkpoint over the new rows, chained to the one before. This page does
            not verify anything: it comes from the same platform. Verify an export with the command, on a machine that
            you trust, with a public key that you noted early.
          </p>
          <div className="grid gap-1">
            <h3 className="font-medium">A verified export proves</h3>
            <ul className="list-disc pl-5">
              <li>that no covered row was changed, removed or put in later, except old rows that retention removed;</li>
              <li>that no checkpoint in the middle is missing.</li>
            </ul>
          </div>
          <div className="grid gap-1">
            <h3 className="font-medium">It does not prove</h3>
            <ul className="list-disc pl-5">
              <li>anything about rows of the last minute, which no checkpoint covers yet;</li>
              <li>
                that the newest checkpoints are still there, unless you kept a hash of one and give it with --head;
              </li>
              <li>
                anything against somebody with root on the host and the signing key, unless you kept a hash, an export
                or a proof elsewhere.
              </li>
            </ul>
          </div>
        </div>
      </Card>
      <Card title="Verify it yourself">
        <div className="grid grid-cols-1 gap-4">
          <p>Note the public keys where nobody who runs the platform can change them. Then export and verify.</p>
          <Code
            snippets={[
              {
                title: 'cloud',
                text: [
                  'cloud audit public-key > audit-keys.txt',
                  'cloud audit export > trail.jsonl',
                  'cloud audit verify trail.jsonl --public-key audit-keys.txt',
                ].join('\n'),
              },
            ]}
          />
          {keys.error ? (
            <ErrorNote error={keys.error} retry={() => void keys.refetch()} />
          ) : keys.isPending ? (
            <Loading rows={1} />
          ) : (
            <ul className="grid grid-cols-1 gap-2">
              {keys.items.map((key) => (
                <li key={key.version}>
                  <p className="text-sm text-ink-soft">
                    Public key, version {key.version}, made <Time value={key.created_at} />
                  </p>
                  <Mono text={key.public_key} />
                </li>
              ))}
            </ul>
          )}
        </div>
      </Card>
    </div>
  );
}
