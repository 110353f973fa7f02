import {
  type ExecResult,
  Button,
  Card,
  Copy,
  Empty,
  ErrorNote,
  Field,
  Input,
  type ItemProps,
  ShowCall,
  Tag,
  useAct,
} from '@thecloud/console';
import { useState } from 'react';
import type { Instance } from './shown.ts';

/** Seconds after which the platform kills the command; the most that it allows. */
const MOST_SECONDS = 300;
const SECONDS = 60;

/** Runs one command, and shows what it wrote and how it ended. */
export function InstanceCommand({ item }: ItemProps) {
  const { id, status } = item as unknown as Instance;
  const [line, setLine] = useState('');
  const [seconds, setSeconds] = useState(SECONDS);
  const run = useAct<ExecResult>('instances.exec');
  const timeout = Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS ? seconds : undefined;
  // A person writes a line for a shell; the API takes a program and its arguments.
  const input = { id, command: ['/bin/sh', '-c', line], ...(timeout === SECONDS ? {} : { timeout }) };
  if (status !== 'RUNNING')
    return (
      <Card padded={false}>
        <Empty title="The instance does not run">Start it to run a command in it.</Empty>
      </Card>
    );
  return (
    <div className="grid gap-4">
      <Card>
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            if (line.trim() !== '' && timeout !== undefined && !run.isPending) run.mutate(input);
          }}
        >
          <Field
            label="Command"
            help="A line for /bin/sh. It ends when the command ends; for a program that asks, use the terminal."
          >
            <Input
              className="font-mono"
              autoComplete="off"
              spellCheck={false}
              placeholder="uname -a"
              value={line}
              onChange={(event) => setLine(event.target.value)}
            />
          </Field>
          <Field
            label="Timeout (s)"
            error={timeout === undefined ? `From 1 to ${MOST_SECONDS} s` : undefined}
            help="Then the command is killed, with all that it started."
          >
            <Input
              type="number"
              min={1}
              max={MOST_SECONDS}
              value={Number.isNaN(seconds) ? '' : seconds}
              onChange={(event) => setSeconds(event.target.valueAsNumber)}
            />
          </Field>
          {run.error && <ErrorNote error={run.error} />}
          <div className="flex items-center gap-2">
            <Button type="submit" look="primary" busy={run.isPending} disabled={line.trim() === ''}>
              Run
            </Button>
          </div>
          <ShowCall operation="instances.exec" input={input} />
        </form>
      </Card>
      {run.data && <Output result={run.data} />}
    </div>
  );
}

function Output({ result }: { readonly result: ExecResult }) {
  const { exit_code: code, stdout, stderr, encoding, truncated, timed_out: timedOut } = result;
  return (
    <Card title={timedOut ? 'Killed at the timeout' : `Ended with exit code ${code}`}>
      <div className="grid gap-4" role="status">
        {truncated && <Tag>Cut after 1 MiB</Tag>}
        {stdout === '' && stderr === '' && <p className="text-ink-soft">It wrote nothing.</p>}
        <Stream name="Standard output" text={shown(stdout, encoding)} />
        <Stream name="Standard error" text={shown(stderr, encoding)} />
      </div>
    </Card>
  );
}

/** Bytes that are no text come in base64. */
const shown = (text: string, encoding: string): string =>
  encoding === 'base64' && text !== ''
    ? new TextDecoder().decode(Uint8Array.from(atob(text), (letter) => letter.codePointAt(0)!))
    : text;

function Stream({ name, text }: { readonly name: string; readonly text: string }) {
  if (text === '') return null;
  return (
    <section className="grid gap-1">
      <div className="flex items-center gap-1">
        <h3 className="font-medium">{name}</h3>
        <Copy text={text} label={`Copy the ${name.toLowerCase()}`} />
      </div>
      {/* It scrolls, so it must be reachable by keyboard. */}
      <pre
        tabIndex={0}
        className="max-h-96 overflow-auto rounded-md border border-line bg-raised p-3 font-mono text-sm"
      >
        {text}
      </pre>
    </section>
  );
}
