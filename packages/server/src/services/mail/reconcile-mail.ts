import { recordEvent } from '../../kernel/audit.ts';
import type { Clock } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import { givenUp, gone, type Outcome, type Pass, type Reconciler } from '../../kernel/reconcile.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { type Mailer, MailRefused, type OutgoingMail } from './mail-engine.ts';
import { asksForToken, openReset } from './open-reset.ts';
import { MAIL_SEAL } from './queue-mail.ts';

export interface MailReconcilerDeps {
  /** Undefined: no mail server is set. */
  readonly mailer: Mailer | undefined;
  readonly sealer: Pick<Sealer, 'open'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'mail'>;
}

interface MailRow {
  readonly tenant_id: string | null;
  readonly sealed: string | null;
  readonly expires_at: Date;
}

/** How a mail ends. */
type End = 'sent' | 'refused' | 'expired';

/** Milliseconds for one try, from the connection to the mail server's last word. */
const TRY_MS = 30_000;
/** Milliseconds after which a mail that waits for a mail server is looked at again. */
const RESYNC_MS = 300_000;

const NO_SERVER =
  'no mail server is set: set CLOUD_SMTP_URL and CLOUD_MAIL_FROM and restart, or pass on what the mail says: cloud admin mails take';

/**
 * Sends each mail and removes its content. The mail server's acceptance and our commit cannot be one step: a worker that dies between them sends
 * the mail once more, with the same Message-ID.
 */
export function createMailReconciler({ mailer, sealer, clock, metrics }: MailReconcilerDeps): Reconciler {
  async function pass(pass: Pass): Promise<Outcome> {
    const [row] = await pass.read((sql) =>
      sql.query<MailRow>('mail.load', 'select tenant_id, sealed, expires_at from mails where id = $1', [pass.id]),
    );
    if (!row || row.sealed === null) return gone;
    if (row.expires_at.getTime() <= clock.now())
      return end(pass, row, 'expired', 'the mail server did not accept it in time');
    if (!mailer) return givenUp(NO_SERVER);
    const queued = JSON.parse(sealer.open(MAIL_SEAL, pass.id, row.sealed)) as Omit<OutgoingMail, 'id'>;
    const at = new Date(clock.now());
    const content = asksForToken(queued)
      ? await pass.commit((sql) => openReset(sql, pass.id, queued, at, 'worker'))
      : queued;
    if (!content) return end(pass, row, 'expired', 'the password reset is over');
    try {
      await mailer.send({ id: pass.id, ...content }, AbortSignal.any([pass.signal, AbortSignal.timeout(TRY_MS)]));
    } catch (error) {
      if (error instanceof MailRefused) return end(pass, row, 'refused', error.message);
      metrics.mail('delayed');
      throw error;
    }
    return end(pass, row, 'sent');
  }

  async function end(pass: Pass, row: MailRow, outcome: End, reason?: string): Promise<Outcome> {
    await pass.commit(async (sql) => {
      // The row stays for the hour in which it counts against the limits.
      await sql.query(
        'mail.end',
        `update mails set outcome = $2, sealed = null, expires_at = created_at + interval '1 hour' where id = $1`,
        [pass.id, outcome],
      );
      if (reason !== undefined)
        await recordEvent(sql, {
          id: newId(clock.now()),
          tenantId: row.tenant_id,
          actor: 'system:mail',
          type: `MAIL_${outcome.toUpperCase()}`,
          resourceType: 'mail',
          resourceId: pass.id,
          metadata: { reason },
        });
    });
    metrics.mail(outcome);
    return gone;
  }

  return { kind: 'mail', concurrency: 4, resyncMs: RESYNC_MS, pass };
}
