import {
  Button,
  call,
  Card,
  ErrorNote,
  Field,
  Input,
  type Queue,
  type QueueMessage,
  ShowCall,
  shownDuration,
  toast,
  useAct,
  useCan,
  useRefresh,
  useTenant,
} from '@thecloud/console';
import { Inbox, Trash2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { isHeld, isStale, type Held, useNow } from './held.ts';
import { MessageItem } from './message.tsx';

interface Answer {
  readonly failed: readonly { readonly id: string; readonly message: string }[];
}

/** Receives messages and shows what can be done with them while they are held. */
export function Receiver({ queue }: { readonly queue: Queue }) {
  const [max, setMax] = useState('1');
  const [wait, setWait] = useState(String(queue.receive_wait_seconds || 5));
  const [visibility, setVisibility] = useState(String(queue.visibility_timeout));
  const [held, setHeld] = useState<readonly Held[]>([]);
  const { receive, stop, isWaiting, error, none } = useReceive((messages) =>
    setHeld((before) => [...before.filter((one) => !messages.some(({ id }) => id === one.id)), ...messages]),
  );
  const input = {
    id: queue.id,
    max_messages: Number(max),
    wait_seconds: Number(wait),
    visibility_timeout: Number(visibility),
  };
  return (
    <Card title="Receive">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isWaiting) void receive(input);
        }}
      >
        <p className="text-ink-soft">
          Receiving takes messages from other receivers for {shownDuration(Number(visibility) || 0)} and counts one
          receive of each
          {queue.max_receive_count === undefined
            ? '.'
            : `; a message that was received ${queue.max_receive_count} times goes to the dead-letter queue.`}{' '}
          What you do not delete comes back then. If you leave this tab, you lose what you hold here.
        </p>
        <div className="grid max-w-2xl gap-4 sm:grid-cols-3">
          <Field label="Messages" help="1 to 10">
            <Input
              type="number"
              min={1}
              max={10}
              required
              value={max}
              onChange={(event) => setMax(event.target.value)}
            />
          </Field>
          <Field label="Wait (s)" help="for the first one, 0 to 20">
            <Input
              type="number"
              min={0}
              max={20}
              required
              value={wait}
              onChange={(event) => setWait(event.target.value)}
            />
          </Field>
          <Field label="Hide for (s)" help="0 to 43200">
            <Input
              type="number"
              min={0}
              max={43_200}
              required
              value={visibility}
              onChange={(event) => setVisibility(event.target.value)}
            />
          </Field>
        </div>
        <div className="flex flex-wrap items-center gap-2">
          <Button look="primary" type="submit" busy={isWaiting}>
            <Inbox className="size-3.5" aria-hidden />
            Receive
          </Button>
          {isWaiting && <Button onClick={stop}>Stop waiting</Button>}
          <span role="status" className="text-ink-soft">
            {isWaiting ? 'Waiting for a message' : none ? 'No message came' : ''}
          </span>
        </div>
        {error !== undefined && <ErrorNote error={error} />}
        <ShowCall operation="queues.receive" input={input} />
      </form>
      {held.length > 0 && (
        <HeldMessages
          queue={queue}
          held={held}
          onGone={(ids) => setHeld((before) => before.filter(({ id }) => !ids.includes(id)))}
          onHidden={(ids, until) =>
            setHeld((before) => before.map((one) => (ids.includes(one.id) ? { ...one, until } : one)))
          }
        />
      )}
    </Card>
  );
}

/** One call at a time, which ends when the page is left: then the platform gives the messages to nobody. */
function useReceive(onMessages: (messages: readonly Held[]) => void) {
  const tenantId = useTenant()?.id;
  const refresh = useRefresh();
  const [state, setState] = useState<{ isWaiting: boolean; error: unknown; none: boolean }>({
    isWaiting: false,
    error: undefined,
    none: false,
  });
  const calling = useRef<AbortController>(undefined);
  useEffect(() => () => calling.current?.abort(), []);
  const receive = async (input: Readonly<Record<string, unknown>>) => {
    const leaving = new AbortController();
    calling.current = leaving;
    setState({ isWaiting: true, error: undefined, none: false });
    try {
      const given = { tenantId, signal: leaving.signal, retries: 0 };
      const messages = await call<readonly QueueMessage[]>('queues.receive', input, given);
      const until = performance.now() + Number(input.visibility_timeout) * 1000;
      onMessages(messages.flatMap((one) => (isHeld(one) ? [{ ...one, until }] : [])));
      setState({ isWaiting: false, error: undefined, none: messages.length === 0 });
      if (messages.length > 0) refresh('queues');
    } catch (error) {
      setState({ isWaiting: false, error: leaving.signal.aborted ? undefined : error, none: false });
    }
  };
  return { ...state, receive, stop: () => calling.current?.abort() };
}

function HeldMessages({
  queue,
  held,
  onGone,
  onHidden,
}: {
  readonly queue: Queue;
  readonly held: readonly Held[];
  readonly onGone: (ids: readonly string[]) => void;
  readonly onHidden: (ids: readonly string[], until: number) => void;
}) {
  const can = useCan();
  const now = useNow();
  const current = held.filter((one) => !isStale(one, now));
  const entries = current.slice(0, 10).map(({ id, receipt_handle }) => ({ id, receipt_handle }));
  /** Those of the ten that were done; the others are told. */
  const doneOf = ({ failed }: Answer): readonly string[] => {
    if (failed.length > 0) toast(failed.map(({ message }) => message).join('; '), 'failed');
    return entries.map(({ id }) => id).filter((id) => !failed.some((one) => one.id === id));
  };
  const deleteAll = useAct<Answer>('queues.deleteMessages', { onSuccess: (answer) => onGone(doneOf(answer)) });
  const returnAll = useAct<Answer>('queues.changeVisibilities', { onSuccess: (answer) => onGone(doneOf(answer)) });
  const error = deleteAll.error ?? returnAll.error;
  return (
    <section aria-label="Received messages" className="mt-4 grid gap-3 border-t border-line pt-4">
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="grow font-medium">Received: {held.length}</h3>
        {current.length > 1 && can('queues.deleteMessages') && (
          <>
            <Button
              small
              busy={returnAll.isPending}
              onClick={() =>
                returnAll.mutate({ id: queue.id, entries: entries.map((one) => ({ ...one, visibility_timeout: 0 })) })
              }
            >
              Give {entries.length} back
            </Button>
            <Button
              small
              className="text-bad!"
              busy={deleteAll.isPending}
              onClick={() => deleteAll.mutate({ id: queue.id, entries })}
            >
              Delete {entries.length}
            </Button>
          </>
        )}
      </div>
      {error && <ErrorNote error={error} />}
      <ul className="rounded-md border border-line">
        {held.map((message) => (
          <MessageItem
            key={message.id}
            message={message}
            open
            aside={
              isStale(message, now)
                ? 'visible again'
                : `hidden for ${shownDuration(Math.ceil((message.until - now) / 1000))}`
            }
          >
            <HeldButtons {...{ queue, message, onGone, onHidden }} stale={isStale(message, now)} />
          </MessageItem>
        ))}
      </ul>
    </section>
  );
}

function HeldButtons({
  queue,
  message: { id, receipt_handle },
  stale,
  onGone,
  onHidden,
}: {
  readonly queue: Queue;
  readonly message: Held;
  readonly stale: boolean;
  readonly onGone: (ids: readonly string[]) => void;
  readonly onHidden: (ids: readonly string[], until: number) => void;
}) {
  const can = useCan();
  const remove = useAct('queues.deleteMessage', { onSuccess: () => onGone([id]) });
  const change = useAct('queues.changeVisibility', {
    onSuccess: (_, { visibility_timeout }) =>
      visibility_timeout === 0 ? onGone([id]) : onHidden([id], performance.now() + Number(visibility_timeout) * 1000),
  });
  if (!can('queues.deleteMessage')) return null;
  const call = { id: queue.id, receipt_handle };
  const more = queue.visibility_timeout || 30;
  const error = remove.error ?? change.error;
  return (
    <div className="grid gap-2">
      {stale && (
        <p className="text-warn">Its time is up: others may receive it. Until they do, it can still be deleted here.</p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button small className="text-bad!" busy={remove.isPending} onClick={() => remove.mutate(call)}>
          <Trash2 className="size-3.5" aria-hidden />
          Delete
        </Button>
        {!stale && (
          <>
            <Button small busy={change.isPending} onClick={() => change.mutate({ ...call, visibility_timeout: more })}>
              Hide for {shownDuration(more)} from now
            </Button>
            <Button small busy={change.isPending} onClick={() => change.mutate({ ...call, visibility_timeout: 0 })}>
              Give back
            </Button>
          </>
        )}
        {stale && (
          <Button small onClick={() => onGone([id])}>
            Dismiss
          </Button>
        )}
      </div>
      {error && <ErrorNote error={error} />}
    </div>
  );
}
