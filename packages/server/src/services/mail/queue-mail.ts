import { invalidInput, rateLimited } from '../../kernel/errors.ts';
import type { Call } from '../../kernel/service.ts';

/** Hours for which a mail is tried: longer than an outage that a person mends, shorter than what most mails say is valid. */
const TRIED_HOURS = 24;
/** Most mails in an hour: of a tenant, which invites a team; of one tenant to one address; to one address of ten such tenants, or of none. */
const MOST_OF_TENANT = 100;
const MOST_OF_TENANT_TO_RECIPIENT = 3;
const MOST_OF_RECIPIENT = 30;
const HOUR_SECONDS = 3_600;

const MOST_SUBJECT = 200;
const MOST_TEXT = 20_000;

/** One address without a name, a comment or a list: RFC 5321's limits of length, and nothing that begins another header line. */
// oxlint-disable-next-line no-control-regex -- these are what must not be there
const ADDRESS = /^[^\s@<>(),:;"\\[\]\u0000-\u001f\u007f]{1,64}@[^\s@<>(),:;"\\[\]\u0000-\u001f\u007f]{1,255}$/;
// oxlint-disable-next-line no-control-regex -- these are what must not be there
const CONTROL = /[\u0000-\u001f\u007f\u2028\u2029]/;

/** Stands in a mail's text for the token of a password reset, which is made when the mail is sent. */
export const RESET_TOKEN = '{reset-token}';

export interface MailToQueue {
  /** Of its row. Default: a new one. */
  readonly id?: string;
  /** One address. */
  readonly to: string;
  /** One line, at most 200 characters. */
  readonly subject: string;
  /** Plain text, at most 20,000 characters. */
  readonly text: string;
}

/** What a sealed mail is sealed for: its own row. */
export const MAIL_SEAL = 'mail';

/** A name as a line of a mail may hold it: without the control characters that would begin another line. */
export const oneLine = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are what is replaced
  text.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim();

/**
 * Queues a mail in the handler's transaction; the worker sends it after the commit and tries for 24 hours. The content is stored sealed, and
 * removed once the mail server accepted or refused it.
 *
 * Throws INVALID_INPUT for an address, a subject or a text that cannot be sent, and RATE_LIMITED beyond 100 mails of a tenant, 3 of it to
 * one address, or 30 of all tenants to it, within an hour. Mails of no tenant are counted by themselves. An operation whose answer must not tell whether an address is known has to catch the latter.
 */
export async function queueMail(
  call: Pick<Call, 'sql' | 'now' | 'newId' | 'sealer'>,
  { id = call.newId(), to, subject, text }: MailToQueue,
): Promise<void> {
  if (!ADDRESS.test(to))
    throw invalidInput(`'${oneLine(to).slice(0, 100)}' is not an address that a mail can be sent to`);
  if (CONTROL.test(subject) || subject.length > MOST_SUBJECT || subject === '')
    throw invalidInput(`a mail's subject must be one line of 1 to ${MOST_SUBJECT} characters`);
  if (text.length > MOST_TEXT) throw invalidInput(`a mail's text must have at most ${MOST_TEXT} characters`);
  const expiresAt = new Date(call.now.getTime() + TRIED_HOURS * HOUR_SECONDS * 1_000);
  const [row] = await call.sql.query<{ outcome: 'queued' | 'own_limit' | 'tenant_limit' | 'recipient_limit' }>(
    'mail.queue',
    'select queue_mail($1, $2, $3, $4, $5, $6, $7) as outcome',
    [
      id,
      call.sealer.fingerprint(MAIL_SEAL, to.toLowerCase()),
      call.sealer.seal(MAIL_SEAL, id, JSON.stringify({ to, subject, text })),
      expiresAt,
      MOST_OF_TENANT,
      MOST_OF_RECIPIENT,
      MOST_OF_TENANT_TO_RECIPIENT,
    ],
  );
  if (row!.outcome === 'own_limit')
    throw rateLimited(
      `this tenant sent ${to} ${MOST_OF_TENANT_TO_RECIPIENT} mails within an hour; try again later`,
      HOUR_SECONDS,
    );
  if (row!.outcome === 'recipient_limit')
    throw rateLimited(`${to} was sent ${MOST_OF_RECIPIENT} mails within an hour; try again later`, HOUR_SECONDS);
  if (row!.outcome === 'tenant_limit')
    throw rateLimited(`this tenant sent ${MOST_OF_TENANT} mails within an hour; try again later`, HOUR_SECONDS);
}
