// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import type { Session } from './models.ts';

export interface SessionsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface SessionsEndInput {
  readonly id: string;
}

export interface SessionsEndOthersOutput {
  /** Number of sessions that ended */
  readonly ended: number;
}

export interface Sessions {
  /**
   * List your sessions.
   * Each login is a session. The newest 50 are kept.
   * GET /auth/sessions · scope user
   */
  list(input?: SessionsListInput, options?: CallOptions): Promise<Page<Session>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: SessionsListInput, options?: CallOptions): AsyncGenerator<Session, void, undefined>;
  /**
   * End a session.
   * Its key stops working within a second.
   * DELETE /auth/sessions/:id · scope user
   */
  end(input: SessionsEndInput | string, options?: CallOptions & VersionOption): Promise<void>;
  /**
   * End your other sessions.
   * Ends all your sessions but the one that sends this request. Sent with an API key, it ends all sessions.
   * POST /auth/sessions/end-others · scope user
   */
  endOthers(options?: CallOptions): Promise<SessionsEndOthersOutput>;
}

const SPECS = {
  list: {"name":"sessions.list","method":"GET","path":"/auth/sessions"},
  end: {"name":"sessions.end","method":"DELETE","path":"/auth/sessions/:id"},
  endOthers: {"name":"sessions.endOthers","method":"POST","path":"/auth/sessions/end-others"},
} as const;

export function createSessions(transport: Transport): Sessions {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    end: (input, options) => transport.call(SPECS.end, typeof input === 'string' ? { id: input } : { ...input }, options),
    endOthers: (options) => transport.call(SPECS.endOthers, {}, options),
  };
}
