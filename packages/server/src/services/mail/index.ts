import { service } from '../../kernel/service.ts';
import { createMailReconciler, type MailReconcilerDeps } from './reconcile-mail.ts';

export type { Mailer } from './mail-engine.ts';
export { createWaitingMailsService } from './waiting-mails.ts';
export { type MailToQueue, oneLine, queueMail, RESET_TOKEN } from './queue-mail.ts';

/** Mails to people: queued by other services' handlers, sent by the worker. */
export const createMailService = ({ worker }: { readonly worker?: MailReconcilerDeps }) =>
  service({
    name: 'mail',
    resource: 'mail',
    title: 'Mail',
    operations: {},
    handlers: {},
    // A mail that expired while no worker looked at it goes too, once a pass had the time to say so.
    retention: [{ table: 'mails', key: 'id', over: `expires_at < now() - interval '10 minutes'` }],
    ...(worker ? { worker: { reconcilers: [createMailReconciler(worker)] } } : {}),
  });
