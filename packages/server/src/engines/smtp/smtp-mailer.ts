import { createTransport, type Transporter } from 'nodemailer';
import { type Mailer, MailRefused, type OutgoingMail } from '../../services/mail/mail-engine.ts';

export interface SmtpSettings {
  /** `smtp://user:password@host:587`, or `smtps://…` for TLS from the first byte. */
  readonly url: string;
  /** The sender: `The Cloud <cloud@example.com>`, or the address alone. */
  readonly from: string;
}

/** Milliseconds until the server has let us in, has greeted, and between two of its words. */
const CONNECT_MS = 10_000;
const SILENCE_MS = 20_000;

/** What the server can refuse for good (RFC 5321, 4.2.1): the recipient, or the content. A login or a sender is the operator's to mend. */
const REFUSABLE = new Set(['RCPT TO', 'DATA']);

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);

/**
 * How to connect to a mail server. Without TLS nothing leaves this machine: `smtp://` demands STARTTLS and a valid certificate, except on loopback,
 * where it takes STARTTLS if the server offers it and any certificate.
 */
export function transportOptions(url: string) {
  const { protocol, hostname, port, username, password } = new URL(url);
  const isLocal = isLoopback(hostname);
  const secure = protocol === 'smtps:';
  return {
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && !isLocal,
    ...(isLocal ? { tls: { rejectUnauthorized: false } } : {}),
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    // A mail's text is never a file's name or an address to read.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** The sender's domain, in which Message-IDs are ours. */
const domainOf = (from: string): string => /@([^\s>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';

/** Hands mails to a mail server by SMTP, each over its own connection: mails are few. */
export function createSmtpMailer({ url, from }: SmtpSettings): Mailer {
  const transport: Transporter = createTransport(transportOptions(url));
  return {
    async send({ id, to, subject, text }: OutgoingMail, signal: AbortSignal) {
      try {
        await transport.sendMail({
          messageId: `<${id}@${domainOf(from)}>`,
          from,
          // An object, so that no address is parsed out of a text.
          to: { name: '', address: to },
          subject,
          text,
          // Programs that answer mails by themselves leave this one alone (RFC 3834).
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal,
        });
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

/** The library's error holds neither the mail nor the password; the server's words are kept for the operator, on one line. */
function translate(error: unknown): Error {
  const { code, command, responseCode, response, message } = error as Error & {
    code?: string;
    command?: string;
    responseCode?: number;
    response?: string;
  };
  const said = (response ?? message).replaceAll(/\s+/g, ' ').slice(0, 300);
  if (command !== undefined && REFUSABLE.has(command) && responseCode !== undefined && responseCode >= 500)
    return new MailRefused(`the mail server refused it: ${said}`);
  return new Error(`the mail server did not accept it (${code ?? 'unknown'}): ${said}`);
}
