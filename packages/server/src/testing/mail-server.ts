import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { callbackify } from 'node:util';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came over the wire, with its headers. */
  readonly raw: string;
  readonly overTls: boolean;
  readonly user: string | undefined;
}

export interface MailServer {
  readonly port: number;
  readonly mails: ReceivedMail[];
  stop(): Promise<void>;
}

/** What the server answers in place of accepting: undefined accepts. */
type Answer = (about: string) => { readonly code: number; readonly text: string } | undefined;

/** A real mail server on loopback; it offers STARTTLS with a certificate that nobody signed, and takes any mail unless told otherwise. */
export async function startMailServer(
  options: SMTPServerOptions & { readonly toRecipient?: Answer; readonly toContent?: Answer } = {},
): Promise<MailServer> {
  const { toRecipient = () => undefined, toContent = () => undefined, ...rest } = options;
  const mails: ReceivedMail[] = [];
  const refusal = (answer: ReturnType<Answer>) =>
    answer && Object.assign(new Error(answer.text), { responseCode: answer.code });
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    // Without it an end of the test waits for clients.
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, done) => done(refusal(toRecipient(address))),
    onData(stream, session, done) {
      callbackify(async () => {
        const raw = await text(stream);
        const refused = refusal(toContent(raw));
        if (refused) throw refused;
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw,
          overTls: session.secure,
          user: typeof session.user === 'string' ? session.user : undefined,
        });
      })(done);
    },
    ...rest,
  });
  // A client that leaves in the middle is a part of some tests.
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
