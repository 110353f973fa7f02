import {
  Button,
  Card,
  Checkbox,
  type Column,
  ConfirmDialog,
  Dialog,
  DialogActions,
  Empty,
  ErrorNote,
  Field,
  Input,
  type ItemProps,
  Loading,
  Reference,
  Select,
  type Subscription,
  Table,
  TextArea,
  toast,
  useAct,
  useCan,
  useList,
  useRead,
} from '@thecloud/console';
import { Plus } from 'lucide-react';
import { useState } from 'react';

const COLUMNS: readonly Column<Subscription>[] = [
  {
    key: 'endpoint',
    title: 'Queue',
    width: 'minmax(12rem, 1fr)',
    render: ({ endpoint }) => <Reference kind="queue" value={endpoint} />,
  },
  {
    key: 'raw_delivery',
    title: 'Message',
    width: '8rem',
    render: (one) => (one.raw_delivery ? 'as it is' : 'enveloped'),
  },
  {
    key: 'filter_policy',
    title: 'Filter policy',
    width: 'minmax(16rem, 2fr)',
    render: ({ filter_policy, filter_scope }) =>
      filter_policy ? (
        <span>
          <code className="font-mono text-sm">{filter_policy}</code>
          {filter_scope === 'body' && <span className="text-ink-soft"> on the body</span>}
        </span>
      ) : (
        <span className="text-ink-soft">all messages</span>
      ),
  },
];

/** The queues that get what is published; more of them, and what each gets. */
export function SubscriptionsTab({ item }: ItemProps) {
  const topic = String(item.id);
  const can = useCan();
  const list = useList<Subscription>('topics.subscriptions', { id: topic });
  const [editing, setEditing] = useState<Subscription | 'new'>();
  const [ending, setEnding] = useState<Subscription>();
  if (list.error) return <ErrorNote error={list.error} retry={() => void list.refetch()} />;
  return (
    <Card
      title="Subscriptions"
      padded={false}
      actions={
        can('topics.subscribe') && (
          <Button small onClick={() => setEditing('new')}>
            <Plus className="size-3.5" aria-hidden />
            Subscribe a queue
          </Button>
        )
      }
    >
      {list.items.length === 0 && !list.isPending ? (
        <Empty title="No queue is subscribed to this topic yet" />
      ) : (
        <Table
          label="Subscriptions"
          columns={COLUMNS}
          items={list.items}
          keyOf={({ id }) => id}
          loading={list.isPending || list.isFetchingNextPage}
          onEnd={list.readOn}
          rowActions={(one) => (
            <span className="flex gap-1">
              {can('topics.updateSubscription') && (
                <Button small onClick={() => setEditing(one)}>
                  Change
                </Button>
              )}
              {can('topics.unsubscribe') && (
                <Button small onClick={() => setEnding(one)}>
                  Unsubscribe
                </Button>
              )}
            </span>
          )}
        />
      )}
      {editing === 'new' && <Edit topic={topic} subscription={undefined} onClose={() => setEditing(undefined)} />}
      {editing && editing !== 'new' && <Change topic={topic} id={editing.id} onClose={() => setEditing(undefined)} />}
      {ending && (
        <ConfirmDialog
          title="Unsubscribe the queue?"
          verb="Unsubscribe"
          operation="topics.unsubscribe"
          input={{ id: ending.id }}
          onDone={() => {
            toast('The queue is no longer subscribed');
            setEnding(undefined);
          }}
          onClose={() => setEnding(undefined)}
        >
          <p>The queue gets no more messages of this topic. What it has stays there.</p>
        </ConfirmDialog>
      )}
    </Card>
  );
}

/** Begins with what the subscription is now, whatever the list showed. */
function Change({ topic, id, onClose }: { readonly topic: string; readonly id: string; readonly onClose: () => void }) {
  const { data, error } = useRead<Subscription>('topics.getSubscription', { id });
  if (data) return <Edit topic={topic} subscription={data} onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title="Change a subscription">
      {error ? <ErrorNote error={error} /> : <Loading />}
    </Dialog>
  );
}

function Edit({
  topic,
  subscription,
  onClose,
}: {
  readonly topic: string;
  readonly subscription: Subscription | undefined;
  readonly onClose: () => void;
}) {
  const [endpoint, setEndpoint] = useState('');
  const [isRaw, setRaw] = useState(subscription?.raw_delivery ?? false);
  const [scope, setScope] = useState(subscription?.filter_scope ?? 'attributes');
  const [policy, setPolicy] = useState(subscription?.filter_policy ?? '');
  const onSuccess = () => {
    toast(subscription ? 'The subscription is changed' : 'The queue is subscribed');
    onClose();
  };
  const add = useAct('topics.subscribe', { onSuccess });
  const change = useAct('topics.updateSubscription', { onSuccess });
  const isBusy = add.isPending || change.isPending;
  const submit = () => {
    const given = policy.trim() === '' ? undefined : policy;
    const spec = { raw_delivery: isRaw, filter_scope: scope };
    if (subscription) change.mutate({ id: subscription.id, ...spec, filter_policy: given ?? null });
    else add.mutate({ id: topic, endpoint, ...spec, ...(given ? { filter_policy: given } : {}) });
  };
  const error = add.error ?? change.error;
  return (
    <Dialog open onClose={onClose} title={subscription ? 'Change a subscription' : 'Subscribe a queue'}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) submit();
        }}
      >
        {!subscription && (
          <Field label="Queue" help="Its name, id or ARN">
            <Input required value={endpoint} onChange={(event) => setEndpoint(event.target.value)} />
          </Field>
        )}
        <Checkbox
          label="Deliver the message as it is, without an envelope"
          checked={isRaw}
          onChange={(event) => setRaw(event.target.checked)}
        />
        <Field
          label="Filter policy"
          required={false}
          help={'Such as {"colour": ["red", {"prefix": "bl"}]}; empty: all messages'}
        >
          <TextArea
            rows={4}
            spellCheck={false}
            className="font-mono text-sm"
            value={policy}
            onChange={(event) => setPolicy(event.target.value)}
          />
        </Field>
        <Field label="The policy looks at">
          <Select value={scope} onChange={(event) => setScope(event.target.value)}>
            <option value="attributes">the attributes</option>
            <option value="body">the body, as JSON</option>
          </Select>
        </Field>
        {error && <ErrorNote error={error} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={isBusy}>
            {subscription ? 'Change' : 'Subscribe'}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
