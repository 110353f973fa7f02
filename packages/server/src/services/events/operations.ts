import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';
import { Event } from './event.ts';

const text = (description: string, maxLength = 255) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description }));
const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

const filter = {
  resource_type: text('Only events of this type of resource: instance, vpc …', 100),
  resource_id: text('Only events of the resource with this id'),
  action: text(
    'Only this action, such as INSTANCE_LAUNCH; with * at the end all that begin with it, such as INSTANCE_*',
    100,
  ),
  actor: text('Only what this actor did: id of a user, or system:instance …'),
};

const SEEN = 'You see the events of the resources that you may read.';

export const eventOperations = {
  list: operation({
    summary: 'List events',
    description: `Newest first. ${SEEN} Events are kept for 30 days, and at most the newest million unless the operator says otherwise. A filter may leave a page short, or empty, while there is a next one.`,
    effect: 'list',
    http: { method: 'GET', path: '/events' },
    input: Type.Object(
      {
        ...pageInput,
        ...filter,
        from: time('Only events from this time on'),
        to: time('Only events before this time'),
      },
      { additionalProperties: false },
    ),
    output: Event,
    cli: { columns: ['created_at', 'action', 'resource_type', 'resource_id', 'actor', 'changes'] },
  }),
  stream: operation({
    summary: 'Follow events',
    description: `Sends each event once its change is committed, as server-sent events. ${SEEN} Of one resource they come in the order of its changes. To go on where a connection broke, send the id of the last event as Last-Event-ID or after: nothing is left out and nothing sent twice. An id behind which events have been deleted, as after 30 days, is refused with EVENTS_EXPIRED.`,
    effect: 'read',
    http: { method: 'GET', path: '/events/stream' },
    input: Type.Object(
      { after: text('The id of an event of this stream; by default only what comes', 4_000), ...filter },
      { additionalProperties: false },
    ),
    output: Event,
    answer: 'events',
    errors: ['EVENTS_EXPIRED'],
    cli: { columns: ['created_at', 'action', 'resource_type', 'resource_id', 'actor', 'changes'] },
    console: 'custom',
  }),
};
