import {
  Button,
  Card,
  Checkbox,
  ErrorNote,
  Field,
  IconButton,
  Input,
  type ItemProps,
  type Queue,
  Select,
  ShowCall,
  shownSize,
  TextArea,
  useAct,
  useCan,
} from '@thecloud/console';
import { Plus, Send, X } from 'lucide-react';
import { useState } from 'react';
import { attributesOf, type AttributeRow, batchesOf, linesOf, sizeOf, unsentOf } from './outgoing.ts';

interface Answer {
  readonly successful: readonly object[];
  readonly failed: readonly { readonly id: string; readonly message: string }[];
}

/** Sends a message, or each line as one. */
export function SendTab({ item }: ItemProps) {
  const queue = item as unknown as Queue;
  const can = useCan();
  const [body, setBody] = useState('');
  const [rows, setRows] = useState<readonly AttributeRow[]>([]);
  const [delay, setDelay] = useState('');
  const [group, setGroup] = useState('');
  const [deduplicationId, setDeduplicationId] = useState('');
  const [byLine, setByLine] = useState(false);
  const [result, setResult] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const one = useAct('queues.send');
  const many = useAct<Answer>('queues.sendBatch');
  const attributes = attributesOf(rows);
  const more = {
    ...(attributes ? { attributes } : {}),
    ...(queue.fifo || delay === '' ? {} : { delay_seconds: Number(delay) }),
    ...(queue.fifo && group !== '' ? { group_id: group } : {}),
    ...(queue.fifo && deduplicationId !== '' && !byLine ? { deduplication_id: deduplicationId } : {}),
  };
  const lines = linesOf(body);
  const size = sizeOf(body, attributes);

  const send = async (): Promise<string> => {
    if (!byLine) {
      const { id } = await one.mutateAsync({ id: queue.id, body, ...more });
      return `Sent as ${String(id)}`;
    }
    let sent = 0;
    let answered = 0;
    for (const batch of batchesOf(lines)) {
      const entries = batch.map((line, nth) => ({ id: String(nth + 1), body: line, ...more }));
      const { successful, failed } = await many.mutateAsync({ id: queue.id, entries });
      sent += successful.length;
      answered += batch.length;
      // Who sends again after a failure sends no line twice.
      setBody(unsentOf(lines, answered, batch, failed).join('\n'));
      setResult(`${sent} of ${lines.length} sent`);
      if (failed.length > 0)
        throw new Error(`${sent} of ${lines.length} were sent. ${failed.map(({ message }) => message).join('; ')}`);
    }
    return `${sent} messages were sent`;
  };
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    setResult('');
    try {
      setResult(await send());
      setBody('');
      setDeduplicationId('');
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title="Send a message" className="max-w-3xl">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <Field
          label="Text"
          help={
            byLine
              ? `${lines.length} lines that are not empty`
              : `${shownSize(size)} of at most ${shownSize(queue.max_message_size)}, attributes included`
          }
        >
          <TextArea
            required
            rows={8}
            spellCheck={false}
            className="font-mono text-sm"
            value={body}
            onChange={(event) => setBody(event.target.value)}
          />
        </Field>
        {can('queues.sendBatch') && (
          <Checkbox
            label="Each line is a message"
            checked={byLine}
            onChange={(event) => setByLine(event.target.checked)}
          />
        )}
        <Attributes rows={rows} onChange={setRows} />
        {queue.fifo ? (
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Message group" help="Messages of a group are received in their order">
              <Input required value={group} onChange={(event) => setGroup(event.target.value)} />
            </Field>
            {!byLine && (
              <Field
                label="Deduplication id"
                required={queue.content_based_deduplication ? false : true}
                help="The same id within five minutes is not stored again"
              >
                <Input
                  required={!queue.content_based_deduplication}
                  value={deduplicationId}
                  onChange={(event) => setDeduplicationId(event.target.value)}
                />
              </Field>
            )}
          </div>
        ) : (
          <Field label="Delay (s)" required={false} help={`Hidden for so long; default ${queue.delay_seconds}`}>
            <Input
              type="number"
              min={0}
              max={900}
              className="max-w-40"
              value={delay}
              onChange={(event) => setDelay(event.target.value)}
            />
          </Field>
        )}
        {error !== undefined && <ErrorNote error={error} />}
        <div className="flex flex-wrap items-center gap-3">
          <Button look="primary" type="submit" busy={busy}>
            <Send className="size-3.5" aria-hidden />
            Send
          </Button>
          <span role="status" className="text-ink-soft">
            {result}
          </span>
        </div>
        <ShowCall operation="queues.send" input={{ id: queue.id, body: byLine ? (lines[0] ?? '') : body, ...more }} />
      </form>
    </Card>
  );
}

function Attributes({
  rows,
  onChange,
}: {
  readonly rows: readonly AttributeRow[];
  readonly onChange: (rows: readonly AttributeRow[]) => void;
}) {
  const set = (index: number, change: Partial<AttributeRow>) =>
    onChange(rows.with(index, { ...rows[index]!, ...change }));
  return (
    <fieldset className="grid gap-2">
      <legend className="font-medium">
        Attributes <span className="font-normal text-ink-soft">(optional)</span>
      </legend>
      {rows.map(({ name, type, value }, index) => (
        <div key={index} className="flex flex-wrap gap-2 sm:flex-nowrap">
          <Input
            required
            aria-label={`Name of attribute ${index + 1}`}
            placeholder="name"
            value={name}
            onChange={(event) => set(index, { name: event.target.value })}
          />
          <Select
            aria-label={`Type of attribute ${index + 1}`}
            className="sm:max-w-32"
            value={type}
            onChange={(event) => set(index, { type: event.target.value })}
          >
            {['String', 'Number', 'Binary'].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
          <Input
            required
            aria-label={`Value of attribute ${index + 1}`}
            placeholder={type === 'Binary' ? 'base64' : 'value'}
            value={value}
            onChange={(event) => set(index, { value: event.target.value })}
          />
          <IconButton label={`Remove attribute ${index + 1}`} onClick={() => onChange(rows.toSpliced(index, 1))}>
            <X className="size-4" />
          </IconButton>
        </div>
      ))}
      {rows.length < 10 && (
        <div>
          <Button small onClick={() => onChange([...rows, { name: '', type: 'String', value: '' }])}>
            <Plus className="size-3.5" aria-hidden />
            Add an attribute
          </Button>
        </div>
      )}
    </fieldset>
  );
}
