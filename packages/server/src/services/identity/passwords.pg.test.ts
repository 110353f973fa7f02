import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSmtpMailer } from '../../engines/smtp/smtp-mailer.ts';
import type { Caller } from '../../kernel/caller.ts';
import { systemClock } from '../../kernel/clock.ts';
import { newId, sha256Hex } from '../../kernel/ids.ts';
import { createMetrics } from '../../kernel/metrics.ts';
import { proveBy } from '../../kernel/proof.ts';
import { openDatabase } from '../../kernel/sql/pool.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { startMailServer } from '../../testing/mail-server.ts';
import { passOver } from '../../testing/pass.ts';
import { callerOf, show } from '../../testing/seed.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, PASSWORD, uniqueWord } from '../../testing/test-api.ts';
import { createMailService } from '../mail/index.ts';
import { issuePasswordReset, resetSecondFactor, unlockUser } from './index.ts';

const { api, database } = await setUpApi({ trustedProxies: ['127.0.0.1'] });

const NEW = 'Tr0ub4dor&3 and more';
const login = (actor: Pick<Actor, 'email'>, password: string) =>
  api.call('auth.login', { email: actor.email, password }, undefined);
const sessionOf = async (actor: Actor, password = PASSWORD) => ({
  key: (await login(actor, password)).data.api_key as string,
});
const works = async (who: { key: string }) => (await api.call('auth.me', {}, who)).status === 200;
const change = (who: { key: string }, old_password = PASSWORD, new_password = NEW) =>
  api.call('auth.changePassword', { old_password, new_password }, who);
const reset = (token: string, new_password = NEW) => api.call('auth.resetPassword', { token, new_password }, undefined);
const forgot = (email: string, ip = '192.0.2.1') =>
  api.call('auth.forgotPassword', { email }, undefined, { headers: { 'x-forwarded-for': ip } });

/** As the operator's operations run. */
const operator = openDatabase({ connectionString: database.operatorUrl, max: 2, min: 0 });
const somebody = await api.makeActor({ platformRole: 'admin' });
const asOperator = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
  operator.transaction({}, async (sql) => {
    await show(
      sql,
      proveBy({ ...(callerOf(somebody) as Caller & { kind: 'user' }), keyId: somebody.keyId }, somebody.key),
    );
    return work(sql);
  });
const issue = async (userId: string) =>
  (await asOperator((sql) => issuePasswordReset({ sql, now: new Date(), newId: () => newId() }, userId)))!;

describe('changing a password', () => {
  it('needs the old one, holds at once, and ends the other sessions, not this one nor API keys', async () => {
    const actor = await api.makeActor();
    const [mine, other] = [await sessionOf(actor), await sessionOf(actor)];
    expect(await change(mine, 'not it')).toMatchObject({ status: 401, message: 'the password is wrong' });
    expect(await change(mine)).toMatchObject({ status: 200, data: { id: actor.userId } });
    expect([await works(mine), await works(other), await works(actor)]).toEqual([true, false, true]);
    expect((await login(actor, PASSWORD)).status).toBe(401);
    expect((await login(actor, NEW)).status).toBe(200);
    const { rows } = await api.owner.query(`select * from audit_logs where user_id = $1`, [actor.userId]);
    expect(rows.map((row) => row.action)).toContain('user.change_password');
    expect(JSON.stringify(rows)).not.toContain(NEW);
  });

  it('wants a strong one that is another', async () => {
    const actor = await api.makeActor();
    expect((await change(actor, PASSWORD, 'aaaaaaaaaaaa')).message).toContain('too easy to guess');
    expect((await change(actor, PASSWORD, PASSWORD)).message).toContain('is the old one');
  });

  it('counts wrong old ones as a login does', async () => {
    const actor = await api.makeActor();
    for (let i = 0; i < 5; i++) expect((await change(actor, `wrong ${i}`)).message).toBe('the password is wrong');
    expect((await change(actor)).message).toContain('locked');
  });

  it('of two at once with the same old one changes it once', async () => {
    const actor = await api.makeActor();
    const answers = await Promise.all([change(actor, PASSWORD, `${NEW} 1`), change(actor, PASSWORD, `${NEW} 2`)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  it('leaves no login that compared the old one before', async () => {
    const actor = await api.makeActor();
    await Promise.all([change(actor), ...Array.from({ length: 4 }, () => login(actor, PASSWORD))]);
    const { rows } = await api.owner.query(
      `select 1 from api_keys k join users u on u.id = k.user_id
       where k.user_id = $1 and k.kind = 'session' and k.revoked_at is null and k.created_at > u.updated_at`,
      [actor.userId],
    );
    expect(rows).toEqual([]);
  });
});

describe('a reset token', () => {
  it('sets a new password once, ends all sessions, and lets the user in from a locked address', async () => {
    const actor = await api.makeActor();
    const session = await sessionOf(actor);
    for (let i = 0; i < 5; i++) await login(actor, `wrong ${i}`);
    expect((await login(actor, PASSWORD)).status).toBe(401);
    const [token, unused] = [await issue(actor.userId), await issue(actor.userId)];
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect((await reset(token, 'weak weak')).message).toContain('too easy');
    expect((await reset(token)).status).toBe(200);
    expect([await works(session), await works(actor)]).toEqual([false, true]);
    expect((await login(actor, NEW)).status).toBe(200);
    for (const spent of [token, unused, '0'.repeat(64)])
      expect(await reset(spent)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    const { rows } = await api.owner.query('select token_hash from password_resets where user_id = $1', [actor.userId]);
    expect(rows).toEqual([{ token_hash: sha256Hex(token) }]);
    expect(api.logLines.join()).not.toContain(token);
  });

  it('used many times at once works once', async () => {
    const actor = await api.makeActor();
    const token = await issue(actor.userId);
    const statuses = await Promise.all(
      Array.from({ length: 6 }, async (_, nth) => (await reset(token, `${NEW} ${nth}`)).status),
    );
    expect(statuses.sort()).toEqual([200, 400, 400, 400, 400, 400]);
  });

  it('expires after an hour', async () => {
    const actor = await api.makeActor();
    const token = await issue(actor.userId);
    const age = (by: string) =>
      api.owner.query(`update password_resets set expires_at = expires_at - $2::interval where user_id = $1`, [
        actor.userId,
        by,
      ]);
    await age('59 minutes 50 seconds');
    expect((await reset(token)).status).toBe(200);
    const late = await issue(actor.userId);
    await age('1 hour');
    expect((await reset(late)).status).toBe(400);
  });

  it('that went to an address is void once the user has another', async () => {
    const actor = await api.makeActor();
    const token = await issue(actor.userId);
    const email = `${uniqueWord()}@example.com`;
    expect((await api.call('auth.update', { name: 'Somebody' }, actor)).status).toBe(200);
    expect((await api.call('auth.update', { email, password: PASSWORD }, actor)).status).toBe(200);
    expect(await reset(token)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    const later = await issue(actor.userId);
    expect((await api.call('auth.update', { name: 'Somebody else' }, actor)).status).toBe(200);
    expect((await reset(later)).status).toBe(200);
  });

  it('is no way into a closed account', async () => {
    const actor = await api.makeActor();
    const token = await issue(actor.userId);
    await api.owner.query('update users set closed_at = now() where id = $1', [actor.userId]);
    expect((await reset(token)).status).toBe(400);
    expect(await issue(actor.userId)).toBeUndefined();
  });
});

describe('a forgotten password', () => {
  it('gets the same answer in the same time, whether there is a user or not', async () => {
    const actor = await api.makeActor();
    const timed = async (email: string) => {
      const began = performance.now();
      const { status, data } = await forgot(email);
      return { status, data, ms: performance.now() - began };
    };
    const [known, unknown] = await Promise.all([timed(actor.email), timed(`${uniqueWord()}@example.com`)]);
    expect([known.status, known.data]).toEqual([200, unknown.data]);
    for (const { ms } of [known, unknown]) expect(ms).toBeGreaterThanOrEqual(495);
    expect(Math.abs(known.ms - unknown.ms)).toBeLessThan(100);
  });

  it('gives a user three tokens an hour and an address twenty, also when asked all at once', async () => {
    const actor = await api.makeActor();
    const count = async (of: string, value: string) =>
      (await api.owner.query(`select 1 from password_resets where ${of} = $1`, [value])).rows.length;
    const asked = await Promise.all(Array.from({ length: 6 }, () => forgot(actor.email, '198.51.100.1')));
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await count('user_id', actor.userId)).toBe(3);
    const others = await Promise.all(Array.from({ length: 22 }, () => api.makeActor()));
    await Promise.all(others.map(({ email }) => forgot(email, '2001:db8:9::1')));
    expect(await count('source', '2001:db8:9:0::/64')).toBe(20);
  });

  it('is mended by the mail: asked for, sent by SMTP, and its token used', async () => {
    const actor = await api.makeActor();
    const server = await startMailServer();
    onTestFinished(() => server.stop());
    expect((await forgot(actor.email.toUpperCase())).status).toBe(200);
    const { rows } = await api.owner.query<{ id: string; sealed: string }>(
      `select id, sealed from mails where outcome = 'waiting' order by created_at desc limit 1`,
    );
    expect(rows[0]!.sealed).not.toContain(actor.email);
    const worker = openDatabase({ connectionString: database.workerUrl, max: 2, min: 0 });
    onTestFinished(() => worker.close());
    const mailer = createSmtpMailer({ url: `smtp://127.0.0.1:${server.port}`, from: 'cloud@example.com' });
    const [reconciler] = createMailService({
      worker: { mailer, sealer: api.sealer, clock: systemClock, metrics: createMetrics() },
    }).worker!.reconcilers;
    await reconciler!.pass(passOver(worker, { id: rows[0]!.id, tenantId: null as never }));
    expect(server.mails).toHaveLength(1);
    expect(server.mails[0]!.to).toEqual([actor.email]);
    const text = server.mails[0]!.raw.replaceAll('=\r\n', '').replaceAll('=3D', '=');
    // In the fragment, which a browser sends to no server.
    const [, token = ''] = /^ +http:\/\/127\.0\.0\.1:8080\/console\/reset-password#token=([0-9a-f]{64})\r$/m.exec(
      text,
    )!;
    expect(text).toMatch(new RegExp(`^ +${token}\\r$`, 'm'));
    expect((await reset(token)).status).toBe(200);
    expect((await login(actor, NEW)).status).toBe(200);
  });
});

describe('the token of a forgotten password', () => {
  interface Sent {
    readonly to: string;
    readonly text: string;
  }
  const waitingMail = async (): Promise<string> =>
    (
      await api.owner.query<{ id: string }>(
        `select id from mails where outcome = 'waiting' order by created_at desc limit 1`,
      )
    ).rows[0]!.id;
  /** Tries to send a mail; the first `fails` tries break. */
  async function send(id: string, fails = 0): Promise<readonly Sent[]> {
    const worker = openDatabase({ connectionString: database.workerUrl, max: 2, min: 0 });
    onTestFinished(() => worker.close());
    const sent: Sent[] = [];
    const mailer = {
      async send(mail: Sent) {
        sent.push(mail);
        if (sent.length <= fails) throw new Error('the connection broke after the mail was accepted');
      },
    };
    const [reconciler] = createMailService({
      worker: { mailer, sealer: api.sealer, clock: systemClock, metrics: createMetrics() },
    }).worker!.reconcilers;
    for (let turn = 0; turn <= fails; turn++)
      await reconciler!.pass(passOver(worker, { id, tenantId: null as never })).catch(() => undefined);
    return sent;
  }
  const tokenIn = ({ text }: Sent): string => /#token=([0-9a-f]{64})$/m.exec(text)![1]!;

  it('is made when the mail is sent, each time, and is nowhere before', async () => {
    const actor = await api.makeActor();
    await forgot(actor.email);
    const hashes = async () =>
      (await api.owner.query('select token_hash from password_resets where user_id = $1', [actor.userId])).rows;
    expect(await hashes()).toEqual([{ token_hash: null }]);
    const [first, second] = (await send(await waitingMail(), 1)).map(tokenIn);
    expect(first).not.toBe(second);
    // A mail server may have accepted the first try.
    expect((await reset(first!)).status).toBe(200);
    expect((await reset(second!)).status).toBe(400);
  });

  it('goes to the address of the user, whatever the mail in the queue says', async () => {
    const actor = await api.makeActor();
    await forgot(actor.email);
    const id = await waitingMail();
    const content = { to: 'thief@example.com', subject: 'x', text: '#token={reset-token}' };
    await api.owner.query('update mails set sealed = $2 where id = $1', [
      id,
      api.sealer.seal('mail', id, JSON.stringify(content)),
    ]);
    expect((await send(id)).map(({ to }) => to)).toEqual([actor.email]);
  });

  it('is in no mail once the account is closed', async () => {
    const actor = await api.makeActor();
    await forgot(actor.email);
    await api.owner.query('update users set closed_at = now() where id = $1', [actor.userId]);
    expect(await send(await waitingMail())).toEqual([]);
  });

  it('is made for the operator, who passes the mail on', async () => {
    const [actor, operator] = [await api.makeActor(), await api.makeActor({ platformRole: 'admin' })];
    await forgot(actor.email);
    const { data } = await api.call('admin-mails.take', { id: await waitingMail() }, operator);
    expect(data.to).toBe(actor.email);
    expect((await reset(tokenIn(data))).status).toBe(200);
  });
});

describe('the operator', () => {
  it('unlocks a user and removes their second factor', async () => {
    const actor = await api.makeActor();
    for (let i = 0; i < 5; i++) await login(actor, `wrong ${i}`);
    expect((await login(actor, PASSWORD)).status).toBe(401);
    await asOperator((sql) => unlockUser(sql, actor.userId));
    expect((await login(actor, PASSWORD)).status).toBe(200);
    await api.owner.query(
      `insert into second_factors (user_id, secret_sealed, created_at, confirmed_at) values ($1, $2, now(), now())`,
      [actor.userId, randomBytes(4).toString('hex')],
    );
    expect((await login(actor, PASSWORD)).code).toBe('SECOND_FACTOR_REQUIRED');
    const remove = () => asOperator((sql) => resetSecondFactor(sql, actor.userId));
    expect([await remove(), await remove()]).toEqual([true, false]);
    expect((await login(actor, PASSWORD)).status).toBe(200);
    await operator.close();
  });
});
