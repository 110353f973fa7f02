import {
  Button,
  Card,
  Empty,
  ErrorNote,
  type ItemProps,
  Loading,
  type Queue,
  type QueueMessage,
  ShowCall,
  useCan,
  useRead,
} from '@thecloud/console';
import { RefreshCw } from 'lucide-react';
import { MessageItem } from './message.tsx';
import { Receiver } from './receiver.tsx';

/** Most messages that a look shows. */
const SHOWN = 50;

/** In flight or delayed, by the clock of the browser. */
const isHidden = ({ visible_at }: QueueMessage): boolean =>
  visible_at !== undefined && Date.parse(visible_at) > Date.now();

/** Looking at messages, which changes nothing, and receiving them, which does. */
export function MessagesTab({ item }: ItemProps) {
  const queue = item as unknown as Queue;
  const can = useCan();
  return (
    <div className="grid grid-cols-1 gap-4">
      <Peek queue={queue} />
      {can('queues.receive') && <Receiver key={queue.id} queue={queue} />}
    </div>
  );
}

function Peek({ queue }: { readonly queue: Queue }) {
  const input = { id: queue.id, limit: SHOWN };
  const read = useRead<readonly QueueMessage[]>('queues.peek', input);
  return (
    <Card
      title="Look without taking"
      padded={false}
      actions={
        <Button small busy={read.isFetching} onClick={() => void read.refetch()}>
          <RefreshCw className="size-3.5" aria-hidden />
          Look again
        </Button>
      }
    >
      <p className="border-b border-line px-4 py-2 text-sm text-ink-soft">
        The {SHOWN} messages that become visible first, as they were a moment ago. Nothing changes: receivers still get
        them.
      </p>
      {read.error ? (
        <div className="p-3">
          <ErrorNote error={read.error} retry={() => void read.refetch()} />
        </div>
      ) : read.data === undefined ? (
        <Loading />
      ) : read.data.length === 0 ? (
        <Empty title="The queue is empty">A message that somebody sends stands here at the next look.</Empty>
      ) : (
        <ul aria-label="Messages in the queue">
          {read.data.map((message) => (
            <MessageItem key={message.id} message={message} aside={isHidden(message) ? 'hidden' : undefined} />
          ))}
        </ul>
      )}
      <div className="border-t border-line px-4 py-2">
        <ShowCall operation="queues.peek" input={input} />
      </div>
    </Card>
  );
}
