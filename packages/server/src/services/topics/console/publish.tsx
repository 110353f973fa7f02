import {
  Button,
  Card,
  type Column,
  Empty,
  ErrorNote,
  Field,
  Input,
  type ItemProps,
  Mono,
  type Published,
  type PublishedTo,
  ShowCall,
  Status,
  Table,
  TextArea,
  useAct,
} from '@thecloud/console';
import { Send } from 'lucide-react';
import { useState } from 'react';
import { attributesIn } from './typed-attributes.ts';

const COLUMNS: readonly Column<PublishedTo>[] = [
  { key: 'outcome', title: 'Outcome', width: '8rem', render: ({ outcome }) => <Status value={outcome} /> },
  {
    key: 'subscription_id',
    title: 'Subscription',
    width: 'minmax(18rem, 1fr)',
    render: (to) => <Mono text={to.subscription_id} />,
  },
  {
    key: 'message_id',
    title: 'Message in the queue',
    width: 'minmax(18rem, 1fr)',
    render: ({ message_id, error }) => (message_id ? <Mono text={message_id} /> : error),
  },
];

/** Publishes a message, and shows where it went. */
export function PublishTab({ item }: ItemProps) {
  const id = String(item.id);
  const [message, setMessage] = useState('');
  const [subject, setSubject] = useState('');
  const [attributes, setAttributes] = useState('');
  const [flaw, setFlaw] = useState<unknown>();
  const act = useAct<Published>('topics.publish');
  const input = () => {
    const given = attributesIn(attributes);
    return { id, message, ...(subject === '' ? {} : { subject }), ...(given ? { attributes: given } : {}) };
  };
  const submit = () => {
    try {
      setFlaw(undefined);
      act.mutate(input());
    } catch (error) {
      setFlaw(error);
    }
  };
  const error = flaw ?? act.error;
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
      <Card title="Publish a message">
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            if (!act.isPending) submit();
          }}
        >
          <Field label="Message">
            <TextArea
              required
              rows={8}
              spellCheck={false}
              className="font-mono text-sm"
              value={message}
              onChange={(event) => setMessage(event.target.value)}
            />
          </Field>
          <Field label="Subject" required={false} help="Shown in the envelope">
            <Input maxLength={100} value={subject} onChange={(event) => setSubject(event.target.value)} />
          </Field>
          <Field label="Attributes" required={false} help={'As JSON, such as {"colour": "red", "size": 3}'}>
            <Input value={attributes} onChange={(event) => setAttributes(event.target.value)} />
          </Field>
          {error !== undefined && error !== null && <ErrorNote error={error} />}
          <div>
            <Button look="primary" type="submit" busy={act.isPending}>
              <Send className="size-3.5" aria-hidden />
              Publish
            </Button>
          </div>
          <ShowCall operation="topics.publish" input={{ id, message }} />
        </form>
      </Card>
      {act.data && (
        <Card title="Where it went" padded={false}>
          {act.data.deliveries.length === 0 ? (
            <Empty title="No queue is subscribed to this topic" />
          ) : (
            <Table
              label="Where it went"
              columns={COLUMNS}
              items={act.data.deliveries}
              keyOf={({ subscription_id }) => subscription_id}
            />
          )}
        </Card>
      )}
    </div>
  );
}
