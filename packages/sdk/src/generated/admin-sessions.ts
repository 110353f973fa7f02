// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import type { OperatedSession } from './models.ts';

export interface AdminSessionsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** Id or e-mail address */
  readonly user?: string | undefined;
}

export interface AdminSessionsEndInput {
  readonly id: string;
}

export interface AdminSessionsEndOutput {
  readonly id: string;
  readonly user_id: string;
}

export interface AdminSessions {
  /**
   * List users' sessions.
   * GET /operator/sessions · scope operator · errors NOT_FOUND
   */
  list(input?: AdminSessionsListInput, options?: CallOptions): Promise<Page<OperatedSession>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: AdminSessionsListInput, options?: CallOptions): AsyncGenerator<OperatedSession, void, undefined>;
  /**
   * End a session.
   * The session's key stops working within a second.
   * DELETE /operator/sessions/:id · scope operator · errors NOT_FOUND
   */
  end(input: AdminSessionsEndInput | string, options?: CallOptions): Promise<AdminSessionsEndOutput>;
}

const SPECS = {
  list: {"name":"admin-sessions.list","method":"GET","path":"/operator/sessions"},
  end: {"name":"admin-sessions.end","method":"DELETE","path":"/operator/sessions/:id"},
} as const;

export function createAdminSessions(transport: Transport): AdminSessions {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    end: (input, options) => transport.call(SPECS.end, typeof input === 'string' ? { id: input } : { ...input }, options),
  };
}
