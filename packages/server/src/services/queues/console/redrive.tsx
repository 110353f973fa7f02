import {
  Button,
  Card,
  Empty,
  ErrorNote,
  type ItemProps,
  Loading,
  type Queue,
  type QueueMoveTask,
  Reference,
  SchemaForm,
  Status,
  Time,
  toast,
  useAct,
  useCan,
  useRead,
  useSchemas,
} from '@thecloud/console';
import { useState } from 'react';

/** Milliseconds between looks while a task runs, and while none does. */
const RUNNING_MS = 1_000;
const QUIET_MS = 15_000;
/** Tasks that are shown. */
const SHOWN = 20;

const isRunning = ({ status }: QueueMoveTask): boolean => ['RUNNING', 'CANCELLING'].includes(status);

/** Moving messages back out of a dead-letter queue: the form, the task that runs, and those that ran. */
export function RedriveTab({ item }: ItemProps) {
  const queue = item as unknown as Queue;
  const can = useCan();
  const [running, setRunning] = useState(false);
  const read = useRead<readonly QueueMoveTask[]>(
    'queues.redriveTasks',
    { id: queue.id, limit: SHOWN },
    { refetchMs: running ? RUNNING_MS : QUIET_MS },
  );
  const tasks = read.data ?? [];
  const isBusy = tasks.some(isRunning);
  if (isBusy !== running) setRunning(isBusy);
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
      {can('queues.redrive') && <Start queue={queue} isBusy={isBusy} />}
      <Card title="Tasks" padded={false}>
        {read.error ? (
          <div className="p-3">
            <ErrorNote error={read.error} retry={() => void read.refetch()} />
          </div>
        ) : read.isPending ? (
          <Loading />
        ) : tasks.length === 0 ? (
          <Empty title="No messages were moved out of this queue yet" />
        ) : (
          <ul aria-label="Tasks that move messages">
            {tasks.map((task) => (
              <Task key={task.id} queue={queue} task={task} />
            ))}
          </ul>
        )}
      </Card>
    </div>
  );
}

function Start({ queue, isBusy }: { readonly queue: Queue; readonly isBusy: boolean }) {
  const schemas = useSchemas('queues.redrive');
  const [times, setTimes] = useState(0);
  const act = useAct('queues.redrive', {
    onSuccess: () => {
      toast('The messages are being moved');
      setTimes((before) => before + 1);
    },
  });
  if (!schemas) return <Loading />;
  return (
    <Card title="Move the messages back">
      <SchemaForm
        // Begins once more when a task was started.
        key={times}
        operation="queues.redrive"
        schema={schemas.input}
        members={['destination_id', 'max_per_second']}
        fixed={{ id: queue.id }}
        intro={
          <p className="text-ink-soft">
            Moves what is in this queue now to the queue that you choose; if you choose none, each message goes back to
            the queue from which it came. {isBusy && 'A task is running: cancel it, or wait until it has ended.'}
          </p>
        }
        submitLabel="Move"
        busy={act.isPending}
        error={act.error}
        onSubmit={(input) => act.mutate(input)}
      />
    </Card>
  );
}

function Task({ queue, task }: { readonly queue: Queue; readonly task: QueueMoveTask }) {
  const can = useCan();
  const cancel = useAct('queues.cancelRedrive', {
    onSuccess: () => toast('The task ends; what was moved stays moved'),
  });
  const { status, moved, to_move, created_at, destination_queue_id, failure_reason } = task;
  const most = Math.max(to_move, moved, 1);
  const words = `${moved.toLocaleString('en')} of ${to_move.toLocaleString('en')} moved`;
  return (
    <li className="grid gap-2 border-b border-line px-4 py-3 last:border-0">
      <div className="flex flex-wrap items-center gap-2">
        <Status value={status} />
        <span className="tabular-nums">{words}</span>
        <span className="min-w-0 grow text-sm text-ink-soft">
          <Time value={created_at} />
          {destination_queue_id && (
            <>
              {' to '}
              <Reference kind="queue" value={destination_queue_id} />
            </>
          )}
        </span>
        {status === 'RUNNING' && can('queues.cancelRedrive') && (
          <Button small busy={cancel.isPending} onClick={() => cancel.mutate({ id: queue.id, task: task.id })}>
            Cancel
          </Button>
        )}
      </div>
      {isRunning(task) && (
        <div
          role="progressbar"
          aria-label={words}
          aria-valuemin={0}
          aria-valuemax={most}
          aria-valuenow={moved}
          className="h-2 overflow-hidden rounded-full bg-raised ring-1 ring-line ring-inset"
        >
          <div className="h-full rounded-full bg-accent" style={{ width: `${(moved / most) * 100}%` }} />
        </div>
      )}
      {failure_reason && <p className="text-sm text-bad">{failure_reason}</p>}
      {cancel.error && <ErrorNote error={cancel.error} />}
    </li>
  );
}
