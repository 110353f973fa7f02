// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import type { TakenMail, WaitingMail } from './models.ts';

export interface AdminMailsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface AdminMailsTakeInput {
  readonly id: string;
}

export interface AdminMails {
  /**
   * List mails that wait for a mail server.
   * Without what they say. A mail waits for 24 hours.
   * GET /operator/mails · scope operator
   */
  list(input?: AdminMailsListInput, options?: CallOptions): Promise<Page<WaitingMail>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: AdminMailsListInput, options?: CallOptions): AsyncGenerator<WaitingMail, void, undefined>;
  /**
   * Take a mail out of the queue, to pass it on.
   * Shows once what the mail says, and does not send it. A mail can hold a token that lets its reader in, so give it only to the person whom it is for.
   * POST /operator/mails/:id/take · scope operator · errors NOT_FOUND
   */
  take(input: AdminMailsTakeInput | string, options?: CallOptions): Promise<TakenMail>;
}

const SPECS = {
  list: {"name":"admin-mails.list","method":"GET","path":"/operator/mails"},
  take: {"name":"admin-mails.take","method":"POST","path":"/operator/mails/:id/take"},
} as const;

export function createAdminMails(transport: Transport): AdminMails {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    take: (input, options) => transport.call(SPECS.take, typeof input === 'string' ? { id: input } : { ...input }, options),
  };
}
