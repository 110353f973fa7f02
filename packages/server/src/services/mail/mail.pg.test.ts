import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createSmtpMailer } from '../../engines/smtp/smtp-mailer.ts';
import { systemClock } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import { createMetrics } from '../../kernel/metrics.ts';
import { prune } from '../../kernel/retention.ts';
import { createSealer } from '../../kernel/seal.ts';
import { startMailServer } from '../../testing/mail-server.ts';
import { passOver } from '../../testing/pass.ts';
import { eventually, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { startLoop } from '../../testing/worker-loop.ts';
import { createMailService, type Mailer, type MailToQueue, queueMail } from './index.ts';
import { createMailReconciler } from './reconcile-mail.ts';

let db: Seeded;
let hostId: string;
let tenant: Tenant;
const sealer = createSealer(new Map([[1, randomBytes(32)]]));
beforeAll(async () => {
  db = await seedDatabase();
  hostId = await db.makeHost();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

const aMail = (more: Partial<MailToQueue> = {}): MailToQueue => ({
  to: `${uniqueWord()}@example.com`,
  subject: 'Hello',
  text: 'The secret word is sesame.',
  ...more,
});
/** Queues as a handler does. Answers the id. */
const queue = async (mail: MailToQueue, of: Tenant | 'nobody' = tenant): Promise<string> => {
  const id = newId();
  await db.api.transaction(of === 'nobody' ? {} : of, (sql) =>
    queueMail({ sql, now: new Date(), newId: () => id, sealer }, mail),
  );
  return id;
};
interface Row {
  readonly outcome: string;
  readonly sealed: string | null;
  readonly tenant_id: string | null;
}
const rowOf = async (id: string): Promise<Row | undefined> =>
  (await db.owner.query<Row>('select outcome, sealed, tenant_id from mails where id = $1', [id])).rows[0];
const eventsOf = async (id: string) =>
  (await db.owner.query('select event_type, tenant_id, metadata from events where resource_id = $1', [id])).rows;

function work(mailer: Mailer | undefined) {
  const metrics = createMetrics();
  const reconciler = createMailReconciler({ mailer, sealer, clock: systemClock, metrics });
  const counted = async (outcome: string) =>
    Number(
      new RegExp(`thecloud_mails_total\\{outcome="${outcome}"\\} (\\d+)`).exec(
        await metrics.prometheus.metrics(),
      )?.[1] ?? 0,
    );
  return { reconciler, counted };
}
/** One pass, as the loop makes it. */
const passFor = (mailer: Mailer | undefined, id: string) => {
  const { reconciler, counted } = work(mailer);
  return { outcome: reconciler.pass(passOver(db.worker, { id, tenantId: tenant.tenantId })), counted };
};
const smtp = async (options: Parameters<typeof startMailServer>[0] = {}) => {
  const server = await startMailServer(options);
  onTestFinished(() => server.stop());
  return { ...server, mailer: createSmtpMailer({ url: `smtp://127.0.0.1:${server.port}`, from: 'cloud@example.com' }) };
};

describe('a queued mail', () => {
  it('is sealed, sent by the worker once its transaction has committed, and its content is then removed', async () => {
    const { mails, mailer } = await smtp();
    const { reconciler, counted } = work(mailer);
    const loop = startLoop(db, hostId, reconciler.pass, { kind: 'mail' });
    onTestFinished(() => loop.worker.stop(1_000));
    const mail = aMail();
    const id = await db.api.transaction(tenant, async (sql) => {
      const made = newId();
      await queueMail({ sql, now: new Date(), newId: () => made, sealer }, mail);
      return made;
    });
    await eventually('sent', async () => (await rowOf(id))?.outcome === 'sent');
    expect(mails).toHaveLength(1);
    expect(mails[0]!.to).toEqual([mail.to]);
    expect(mails[0]!.raw).toContain('The secret word is sesame.');
    expect(await rowOf(id)).toEqual({ outcome: 'sent', sealed: null, tenant_id: tenant.tenantId });
    await eventually('no more work', async () => (await loop.state(id)) === undefined);
    expect(await eventsOf(id)).toEqual([]);
    expect(await counted('sent')).toBe(1);
  });

  it('is nowhere when its transaction rolls back', async () => {
    const id = newId();
    const undone = db.api.transaction(tenant, async (sql) => {
      await queueMail({ sql, now: new Date(), newId: () => id, sealer }, aMail());
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await rowOf(id)).toBeUndefined();
    expect((await db.owner.query('select 1 from reconcile where id = $1', [id])).rows).toEqual([]);
  });

  it('holds nothing that can be read in the database, and may belong to no tenant', async () => {
    const mail = aMail();
    const id = await queue(mail, 'nobody');
    const { rows } = await db.owner.query('select * from mails where id = $1', [id]);
    expect(rows[0].tenant_id).toBeNull();
    for (const part of [mail.to, mail.text, mail.subject]) expect(JSON.stringify(rows)).not.toContain(part);
  });

  it('waits for a mail server that is away or busy, with back-off, and is sent once', async () => {
    let busy = true;
    const { mails, mailer } = await smtp({ toRecipient: () => (busy ? { code: 451, text: 'greylisted' } : undefined) });
    const { reconciler, counted } = work(mailer);
    const loop = startLoop(db, hostId, reconciler.pass, { kind: 'mail' });
    onTestFinished(() => loop.worker.stop(1_000));
    const mail = aMail();
    const id = await queue(mail);
    await eventually('tried twice', async () => ((await loop.state(id))?.attempts ?? 0) >= 2);
    await eventually('noted', async () => Boolean((await loop.state(id))?.last_error?.includes('451 greylisted')));
    expect((await rowOf(id))?.outcome).toBe('waiting');
    busy = false;
    await eventually('sent', async () => (await rowOf(id))?.outcome === 'sent');
    expect(mails.filter(({ to }) => to.includes(mail.to))).toHaveLength(1);
    expect(await counted('delayed')).toBeGreaterThanOrEqual(2);
    expect(loop.logLines.join('')).not.toContain('sesame');
  });

  it('that the server refuses for good is given up, with an event', async () => {
    const { mailer } = await smtp({ toRecipient: () => ({ code: 550, text: 'no such mailbox' }) });
    const id = await queue(aMail());
    const { outcome, counted } = passFor(mailer, id);
    expect(await outcome).toEqual({ kind: 'gone' });
    expect(await rowOf(id)).toMatchObject({ outcome: 'refused', sealed: null });
    expect(await eventsOf(id)).toEqual([
      {
        event_type: 'MAIL_REFUSED',
        tenant_id: tenant.tenantId,
        metadata: { reason: 'the mail server refused it: 550 no such mailbox' },
      },
    ]);
    expect(await counted('refused')).toBe(1);
  });

  it('waits while no mail server is set, and the operator sees why', async () => {
    const { reconciler } = work(undefined);
    const loop = startLoop(db, hostId, reconciler.pass, { kind: 'mail' });
    onTestFinished(() => loop.worker.stop(1_000));
    const id = await queue(aMail());
    await eventually('noted', async () => (await loop.state(id))?.last_error?.includes('set CLOUD_SMTP_URL') === true);
    expect((await rowOf(id))?.outcome).toBe('waiting');
    // As `cloud admin work` lists what is stuck.
    expect((await loop.state(id))!.attempts).toBeGreaterThanOrEqual(5);
    expect(loop.logLines.join('')).toContain('no mail server is set');
    expect(loop.logLines.join('')).not.toContain('sesame');
  });

  it('that nobody took in time expires, with an event', async () => {
    const id = await queue(aMail());
    await db.owner.query(`update mails set expires_at = now() - interval '1 second' where id = $1`, [id]);
    const { outcome, counted } = passFor(undefined, id);
    expect(await outcome).toEqual({ kind: 'gone' });
    expect(await rowOf(id)).toMatchObject({ outcome: 'expired', sealed: null });
    expect(await eventsOf(id)).toMatchObject([{ event_type: 'MAIL_EXPIRED' }]);
    expect(await counted('expired')).toBe(1);
  });

  it('whose commit fails after the server accepted it comes once more, with the same Message-ID', async () => {
    const { mails, mailer } = await smtp();
    const id = await queue(aMail());
    const { reconciler } = work(mailer);
    const pass = passOver(db.worker, { id, tenantId: tenant.tenantId });
    const dying = reconciler.pass({ ...pass, commit: () => Promise.reject(new Error('the worker died')) });
    await expect(dying).rejects.toThrow('the worker died');
    expect(await reconciler.pass(pass)).toEqual({ kind: 'gone' });
    expect(await reconciler.pass(pass)).toEqual({ kind: 'gone' });
    expect(mails).toHaveLength(2);
    const messageIds = mails.map(({ raw }) => /^Message-ID: (.*)\r$/m.exec(raw)![1]);
    expect(messageIds).toEqual([`<${id}@example.com>`, `<${id}@example.com>`]);
  });

  it('and what is left of it are pruned', async () => {
    const [sent, waiting] = [await queue(aMail()), await queue(aMail())];
    await db.owner.query(
      `update mails set outcome = 'sent', sealed = null, expires_at = now() - interval '11 minutes' where id = $1`,
      [sent],
    );
    await prune(db.worker, createMailService({}).retention);
    expect(await rowOf(sent)).toBeUndefined();
    expect(await rowOf(waiting)).toMatchObject({ outcome: 'waiting' });
  });
});

describe('queueMail refuses', () => {
  it.each([
    'ada@example.com\r\nBcc: eve@example.com',
    'ada@example.com, eve@example.com',
    'Ada <ada@example.com>',
    'ada@example.com\u0000',
    'ada',
    '@example.com',
    '"a b"@example.com',
    `${'a'.repeat(65)}@example.com`,
  ])('the address %j', async (to) => {
    await expect(queue(aMail({ to }))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it.each(['Hello\r\nBcc: eve@example.com', 'Hello\nX: y', 'Hello\u2028', '', 'x'.repeat(201)])(
    'the subject %j',
    async (subject) => {
      await expect(queue(aMail({ subject }))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    },
  );

  it('a fourth mail of a tenant to one address within an hour, exactly, and keeps no other tenant from it', async () => {
    const to = `${uniqueWord()}@example.com`;
    const [greedy, other] = [await db.makeTenant(), await db.makeTenant()];
    const answers = await Promise.allSettled(
      Array.from({ length: 12 }, (_, nth) => queue(aMail({ to: nth % 2 ? to.toUpperCase() : to }), greedy)),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    for (const answer of answers)
      if (answer.status === 'rejected')
        expect(answer.reason).toMatchObject({
          code: 'RATE_LIMITED',
          retryAfter: 3600,
          message: expect.stringContaining('this tenant sent'),
        });
    await queue(aMail({ to }), other);
    await queue(aMail(), greedy);
    await db.owner.query(`update mails set created_at = created_at - interval '61 minutes'`);
    await queue(aMail({ to }), greedy);
  });

  it('more than 30 mails of all tenants to one address within an hour, exactly, and keeps no new password from it', async () => {
    const to = `${uniqueWord()}@example.com`;
    const tenants = await Promise.all(Array.from({ length: 11 }, () => db.makeTenant()));
    const answers = await Promise.allSettled(
      tenants.flatMap((of) => Array.from({ length: 3 }, () => queue(aMail({ to }), of))),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(30);
    for (const answer of answers)
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 3600 });
    await queue(aMail({ to }), 'nobody');
  });

  it('no mail of an API that an earlier version started, up to as many as that allowed', async () => {
    const of = await db.makeTenant();
    const recipient = sealer.fingerprint('mail', `${uniqueWord()}@example.com`);
    const outcomes: unknown[] = [];
    for (let nth = 0; nth < 11; nth++)
      outcomes.push(
        ...(await db.api.transaction(of, (sql) =>
          sql.query('test.old_call', `select queue_mail($1, $2, 'x', now() + interval '1 day', 100, 10) as outcome`, [
            newId(),
            recipient,
          ]),
        )),
      );
    expect(outcomes).toEqual([
      ...Array.from({ length: 10 }, () => ({ outcome: 'queued' })),
      { outcome: 'recipient_limit' },
    ]);
  });

  it('more than a hundred mails of a tenant within an hour', async () => {
    const busy = await db.makeTenant();
    await db.owner.query(
      `insert into mails (id, tenant_id, recipient, outcome, expires_at) select gen_random_uuid(), $1, 'x', 'sent', now() from generate_series(1, 99)`,
      [busy.tenantId],
    );
    await queue(aMail(), busy);
    await expect(queue(aMail(), busy)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await queue(aMail());
  });
});
