import {
  Button,
  Dialog,
  DialogActions,
  ErrorNote,
  Field,
  Input,
  operationOf,
  Select,
  ShowCall,
  shownSize,
  transport,
  useTenant,
} from '@thecloud/console';
import { Download } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';

type State =
  | { readonly kind: 'asking' }
  | { readonly kind: 'running'; readonly bytes: number }
  | { readonly kind: 'done'; readonly bytes: number; readonly name: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Bytes that are gathered before the browser may put them on its disk. */
const PART = 8 * 1024 * 1024;

/** A button and a dialog that download the trail. It comes with the session's cookie in a call, so nothing secret stands in an address. */
export function ExportTrail({ operation }: { readonly operation: 'audit.export' | 'admin-audit.export' }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <Download className="size-4" aria-hidden />
        Export
      </Button>
      {open && <ExportDialog operation={operation} onClose={() => setOpen(false)} />}
    </>
  );
}

function ExportDialog({ operation, onClose }: { readonly operation: string; readonly onClose: () => void }) {
  const tenant = useTenant();
  const [format, setFormat] = useState<'jsonl' | 'csv'>('jsonl');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [state, setState] = useState<State>({ kind: 'asking' });
  const leaving = useRef<AbortController>(undefined);
  useEffect(() => () => leaving.current?.abort(new Error('the dialog was closed')), []);
  const input = {
    format,
    ...(from ? { from: new Date(from).toISOString() } : {}),
    ...(to ? { to: new Date(to).toISOString() } : {}),
  };
  const start = async () => {
    leaving.current = new AbortController();
    const { signal } = leaving.current;
    setState({ kind: 'running', bytes: 0 });
    try {
      const options = { signal, ...(operation === 'audit.export' ? { tenantId: tenant?.id } : {}) };
      const file = await download(operation, input, options, (bytes) => setState({ kind: 'running', bytes }));
      const day = new Date().toISOString().slice(0, 10);
      const name = `audit-${operation === 'audit.export' ? (tenant?.slug ?? 'tenant') : 'all'}-${day}.${format}`;
      save(file, name);
      setState({ kind: 'done', bytes: file.size, name });
    } catch (error) {
      if (!signal.aborted) setState({ kind: 'failed', error });
      else setState({ kind: 'asking' });
    }
  };
  const isRunning = state.kind === 'running';
  return (
    <Dialog open onClose={onClose} title={operationOf(operation).summary}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isRunning) void start();
        }}
      >
        <Field
          label="Format"
          help={
            format === 'jsonl'
              ? 'Whole checkpoints with their rows: cloud audit verify checks the file without the platform.'
              : 'The rows alone, for a spreadsheet. A CSV cannot be verified.'
          }
        >
          <Select value={format} onChange={(event) => setFormat(event.target.value === 'csv' ? 'csv' : 'jsonl')}>
            <option value="jsonl">JSON lines</option>
            <option value="csv">CSV</option>
          </Select>
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="From" required={false}>
            <Input type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
          </Field>
          <Field label="To" required={false}>
            <Input type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />
          </Field>
        </div>
        <div role="status">
          {isRunning && <p>Downloading: {shownSize(state.bytes)} so far</p>}
          {state.kind === 'done' && (
            <p className="text-good">
              <bdi>{state.name}</bdi> is complete: {shownSize(state.bytes)}
            </p>
          )}
        </div>
        {state.kind === 'failed' && <ErrorNote error={state.error} />}
        <ShowCall operation={operation} input={input} />
        <DialogActions>
          {isRunning ? (
            <Button onClick={() => leaving.current?.abort(new Error('stopped'))}>Stop</Button>
          ) : (
            <Button onClick={onClose}>Close</Button>
          )}
          <Button look="primary" type="submit" busy={isRunning}>
            Download
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** Reads a stream into a file that the browser keeps. */
async function download(
  operation: string,
  input: Readonly<Record<string, unknown>>,
  options: { readonly signal: AbortSignal; readonly tenantId?: string | undefined },
  tell: (bytes: number) => void,
): Promise<Blob> {
  let file = new Blob([]);
  let part: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of transport.stream(operationOf(operation), input, options)) {
    part.push(new Uint8Array(chunk));
    size += chunk.byteLength;
    tell(file.size + size);
    if (size < PART) continue;
    file = new Blob([file, ...part]);
    [part, size] = [[], 0];
  }
  return new Blob([file, ...part], { type: 'application/octet-stream' });
}

/** Hands a file to the user. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
