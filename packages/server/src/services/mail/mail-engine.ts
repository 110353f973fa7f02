/** A mail as it is handed to the mail server. */
export interface OutgoingMail {
  /** Names the mail in its Message-ID: the same for each try, so that a mail server or a reader can tell a second copy. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

/** The mail server refuses this mail for good: trying again would not help. The message is for the operator. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
}

/** The port behind which the mail server is. */
export interface Mailer {
  /** Resolves when the mail server has accepted the mail. Throws MailRefused, or another error after which another try may succeed. */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<void>;
}
