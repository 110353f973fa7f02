import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { MailRefused, type OutgoingMail } from '../../services/mail/mail-engine.ts';
import { startMailServer } from '../../testing/mail-server.ts';
import { createSmtpMailer, transportOptions } from './smtp-mailer.ts';

const mail: OutgoingMail = {
  id: '0198c0de-0000-7000-8000-000000000001',
  to: 'ada@example.com',
  subject: 'Grüße from the cloud',
  text: 'Hello.\n.\nA line with a dot alone is above.\n',
};
const never = () => new AbortController().signal;
const started = async (options: Parameters<typeof startMailServer>[0] = {}) => {
  const server = await startMailServer(options);
  onTestFinished(() => server.stop());
  const mailer = (login = '') =>
    createSmtpMailer({ url: `smtp://${login}127.0.0.1:${server.port}`, from: 'The Cloud <cloud@example.com>' });
  return { ...server, mailer };
};

test('a mail arrives with its sender, recipient, subject, text and Message-ID, over STARTTLS where it is offered', async () => {
  const { mails, mailer } = await started();
  await mailer().send(mail, never());
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({
    from: 'cloud@example.com',
    to: ['ada@example.com'],
    overTls: true,
    user: undefined,
  });
  const { raw } = mails[0]!;
  expect(raw).toMatch(/^Message-ID: <0198c0de-0000-7000-8000-000000000001@example\.com>\r$/m);
  expect(raw).toMatch(/^From: The Cloud <cloud@example\.com>\r$/m);
  expect(raw).toMatch(/^To: ada@example\.com\r$/m);
  expect(raw).toMatch(/^Subject: =\?UTF-8\?/m);
  expect(raw).toMatch(/^Content-Type: text\/plain; charset=utf-8\r$/m);
  expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(raw).toContain('Hello.\r\n.\r\nA line with a dot alone is above.');
});

test('a server on loopback without STARTTLS gets it in the clear', async () => {
  const { mails, mailer } = await started({ disabledCommands: ['STARTTLS'] });
  await mailer().send(mail, never());
  expect(mails[0]).toMatchObject({ overTls: false });
});

test('the login is used, over TLS; a wrong one may be mended, so it is not for good', async () => {
  const { mails, mailer } = await started({
    authOptional: false,
    onAuth: ({ username, password }, _session, done) =>
      username === 'us@er' && password === 'p:a/ss' ? done(null, { user: username }) : done(new Error('no')),
  });
  await mailer('us%40er:p%3Aa%2Fss@').send(mail, never());
  expect(mails[0]).toMatchObject({ user: 'us@er', overTls: true });
  const refused = mailer('us%40er:wrong-secret@').send(mail, never());
  await expect(refused).rejects.toThrow(/EAUTH.*535/);
  await expect(refused).rejects.not.toBeInstanceOf(MailRefused);
  await expect(refused).rejects.not.toThrow('wrong-secret');
  // Without a login the server refuses the sender: the operator's matter too.
  await expect(mailer().send(mail, never())).rejects.not.toBeInstanceOf(MailRefused);
  expect(mails).toHaveLength(1);
});

test('a refusal of the recipient or the content for good says so; one for now does not', async () => {
  const { mails, mailer } = await started({
    toRecipient: (address) =>
      address.startsWith('nobody')
        ? { code: 550, text: 'no such mailbox' }
        : address.startsWith('busy')
          ? { code: 450, text: 'try later' }
          : undefined,
    toContent: (raw) =>
      raw.includes('spam')
        ? { code: 554, text: 'not this' }
        : raw.includes('full')
          ? { code: 452, text: 'disk full' }
          : undefined,
  });
  const send = (more: Partial<OutgoingMail>) => mailer().send({ ...mail, ...more }, never());
  await expect(send({ to: 'nobody@example.com' })).rejects.toThrow(
    new MailRefused('the mail server refused it: 550 no such mailbox'),
  );
  await expect(send({ text: 'spam' })).rejects.toBeInstanceOf(MailRefused);
  for (const more of [{ to: 'busy@example.com' }, { text: 'full' }]) {
    const failed = send(more);
    await expect(failed).rejects.toThrow(/did not accept it.*45[02]/);
    await expect(failed).rejects.not.toBeInstanceOf(MailRefused);
  }
  expect(mails).toEqual([]);
});

test('a server that is away, and one that says nothing until the deadline, are no refusals', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const mailer = createSmtpMailer({ url: `smtp://127.0.0.1:${port}`, from: 'cloud@example.com' });
  const begun = performance.now();
  const slow = mailer.send(mail, AbortSignal.timeout(300));
  await expect(slow).rejects.toThrow(/did not accept it/);
  await expect(slow).rejects.not.toBeInstanceOf(MailRefused);
  expect(performance.now() - begun).toBeLessThan(5_000);
  await new Promise((resolve) => silent.close(resolve));
  const away = mailer.send(mail, never());
  await expect(away).rejects.toThrow(/ECONNREFUSED|ESOCKET|ECONNECTION/);
  await expect(away).rejects.not.toBeInstanceOf(MailRefused);
});

test('away from loopback TLS is demanded, with a valid certificate', () => {
  expect(transportOptions('smtp://mail.example.com')).toMatchObject({ port: 587, secure: false, requireTLS: true });
  expect(transportOptions('smtps://u:p%20w@mail.example.com')).toMatchObject({
    port: 465,
    secure: true,
    auth: { user: 'u', pass: 'p w' },
  });
  expect(transportOptions('smtp://127.0.0.1.example.com')).toMatchObject({ requireTLS: true });
  for (const url of ['smtp://mail.example.com', 'smtps://mail.example.com:1', 'smtp://10.0.0.1'])
    expect(transportOptions(url)).not.toHaveProperty('tls');
  for (const url of ['smtp://localhost', 'smtp://127.0.0.9:25', 'smtp://[::1]:25'])
    expect(transportOptions(url)).toMatchObject({ requireTLS: false, tls: { rejectUnauthorized: false } });
  expect(transportOptions('smtp://[::1]:25')).toMatchObject({ host: '::1', port: 25 });
});
