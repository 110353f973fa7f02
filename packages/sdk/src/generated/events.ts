// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { followEvents } from '../following.ts';
import type { FollowOptions, StreamedEvent } from '../following.ts';
import { listAll } from '../paging.ts';
import type { Event } from './models.ts';

export interface EventsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** Only events of this type of resource: instance, vpc … */
  readonly resource_type?: string | undefined;
  /** Only events of the resource with this id */
  readonly resource_id?: string | undefined;
  /** Only this action, such as INSTANCE_LAUNCH; with * at the end all that begin with it, such as INSTANCE_* */
  readonly action?: string | undefined;
  /** Only what this actor did: id of a user, or system:instance … */
  readonly actor?: string | undefined;
  /** Only events from this time on */
  readonly from?: string | undefined;
  /** Only events before this time */
  readonly to?: string | undefined;
}

export interface EventsStreamInput {
  /** The id of an event of this stream; by default only what comes */
  readonly after?: string | undefined;
  /** Only events of this type of resource: instance, vpc … */
  readonly resource_type?: string | undefined;
  /** Only events of the resource with this id */
  readonly resource_id?: string | undefined;
  /** Only this action, such as INSTANCE_LAUNCH; with * at the end all that begin with it, such as INSTANCE_* */
  readonly action?: string | undefined;
  /** Only what this actor did: id of a user, or system:instance … */
  readonly actor?: string | undefined;
}

export interface Events {
  /**
   * List events.
   * Newest first. You see the events of the resources that you may read. Events are kept for 30 days, and at most the newest million unless the operator says otherwise. A filter may leave a page short, or empty, while there is a next one.
   * GET /events · permission event:read
   */
  list(input?: EventsListInput, options?: CallOptions): Promise<Page<Event>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: EventsListInput, options?: CallOptions): AsyncGenerator<Event, void, undefined>;
  /**
   * Follow events.
   * Sends each event once its change is committed, as server-sent events. You see the events of the resources that you may read. Of one resource they come in the order of its changes. To go on where a connection broke, send the id of the last event as Last-Event-ID or after: nothing is left out and nothing sent twice. An id behind which events have been deleted, as after 30 days, is refused with EVENTS_EXPIRED.
   * GET /events/stream · permission event:read · errors EVENTS_EXPIRED
   */
  stream(input?: EventsStreamInput, options?: CallOptions & FollowOptions): AsyncGenerator<StreamedEvent<Event>, void, undefined>;
}

const SPECS = {
  list: {"name":"events.list","method":"GET","path":"/events"},
  stream: {"name":"events.stream","method":"GET","path":"/events/stream","answer":"events"},
} as const;

export function createEvents(transport: Transport): Events {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    stream: (input, options) => followEvents(transport, SPECS.stream, { ...input }, options),
  };
}
