import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSmtpMailer } from '../../engines/smtp/smtp-mailer.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createMetrics } from '../../kernel/metrics.ts';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { startMailServer } from '../../testing/mail-server.ts';
import { passOver } from '../../testing/pass.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, uniqueWord } from '../../testing/test-api.ts';
import { createMailService } from '../mail/index.ts';

const { api, database } = await setUpApi();
const { workerUrl } = database;

const invite = (owner: Actor, email: string, role = 'viewer') =>
  api.call('invitations.create', { tenant: owner.tenantId, email, role }, owner);
const register = async (email: string) => {
  const password = `Tr0ub4dor&3 ${randomBytes(4).toString('hex')}`;
  const registered = await api.call('auth.register', { email, password, name: 'New Comer' }, undefined);
  expect(registered.status, registered.text).toBe(201);
  const { data } = await api.call('auth.login', { email, password }, undefined);
  return { key: data.api_key as string };
};
/** What the mail server got for this address, oldest first, after the worker has sent what was queued. */
async function mailsTo(email: string): Promise<readonly { id: string; token: string; raw: string }[]> {
  const server = await startMailServer();
  onTestFinished(() => server.stop());
  const worker = openDatabase({ connectionString: workerUrl, max: 2, min: 0 });
  onTestFinished(() => worker.close());
  const mailer = createSmtpMailer({ url: `smtp://127.0.0.1:${server.port}`, from: 'cloud@example.com' });
  const [reconciler] = createMailService({
    worker: { mailer, sealer: api.sealer, clock: systemClock, metrics: createMetrics() },
  }).worker!.reconcilers!;
  const { rows } = await api.owner.query<{ id: string; tenant_id: string }>(
    `select id, tenant_id from mails where outcome = 'waiting' order by id`,
  );
  for (const { id, tenant_id: tenantId } of rows) await reconciler!.pass(passOver(worker, { id, tenantId }));
  return server.mails
    .filter(({ to }) => to.includes(email))
    .map((mail) => {
      // Quoted-printable breaks long lines.
      const raw = mail.raw.replaceAll('=\r\n', '');
      const [, id, token] = /cloud invitations accept (\S+) --token (\S+)/.exec(raw) ?? [];
      return { id: id!, token: token!, raw };
    });
}
const statusesOf = (answers: readonly { readonly status: number }[]) => answers.map(({ status }) => status).sort();
const membersOf = async (tenantId: string) =>
  (await api.owner.query('select user_id from memberships where tenant_id = $1', [tenantId])).rows.length;

describe('an invited person', () => {
  it('without an account gets a mail, registers, and accepts with its token', async () => {
    const owner = await api.makeActor();
    const email = `${uniqueWord()}@example.com`;
    const created = await invite(owner, email, 'developer');
    expect(created).toMatchObject({ status: 201, data: { email, role: 'developer', tenant_id: owner.tenantId } });
    expect(JSON.stringify(created.data)).not.toContain('token');
    const [mail] = await mailsTo(email);
    expect(mail!.id).toBe(created.data.id);
    expect(mail!.raw).toMatch(/^Subject: Invitation to the tenant 'A tenant' on The Cloud\r$/m);
    expect(mail!.raw).toContain(`Some Body (${owner.email}) invites you to the tenant 'A tenant'`);
    expect(mail!.raw.replaceAll('=\r\n', '').replaceAll('=3D', '=')).toContain(
      `http://127.0.0.1:8080/console/invitation#id=${mail!.id}&token=${mail!.token}\r`,
    );
    const { key } = await register(email);
    // Anybody could have registered with the address since: the token shows who reads its mails.
    expect((await api.call('invitations.mine', {}, { key })).data).toEqual([]);
    expect(await api.call('invitations.accept', { id: mail!.id }, { key })).toMatchObject({
      status: 403,
      message: expect.stringContaining('it needs the token of the mail'),
    });
    expect(await api.call('invitations.accept', { id: mail!.id, token: 'f'.repeat(64) }, { key })).toMatchObject({
      status: 404,
    });
    const accepted = await api.call('invitations.accept', { id: mail!.id, token: mail!.token }, { key });
    expect(accepted).toMatchObject({ status: 200, data: { id: owner.tenantId, role: 'developer' } });
    expect(await api.call('invitations.accept', { id: mail!.id, token: mail!.token }, { key })).toMatchObject({
      status: 404,
    });
    expect((await api.call('tenants.switch', { id: owner.tenantId }, { key })).status).toBe(200);
    expect((await api.call('vpcs.create', { name: 'shared' }, { key })).status).toBe(201);
  });

  it('with an account sees the invitation and accepts or declines it by its id', async () => {
    const [owner, person] = [await api.makeActor(), await api.makeActor()];
    const { data } = await invite(owner, person.email.toUpperCase());
    const mine = await api.call('invitations.mine', {}, person);
    expect(mine.data).toEqual([
      expect.objectContaining({ id: data.id, tenant_name: 'A tenant', role: 'viewer', invited_by: owner.email }),
    ]);
    expect((await api.call('invitations.decline', { id: data.id }, person)).data.message).toBe(
      "you have declined the invitation to 'A tenant'",
    );
    expect(await membersOf(owner.tenantId)).toBe(1);
    const { data: second } = await invite(owner, person.email);
    expect((await api.call('invitations.accept', { id: second.id }, person)).status).toBe(200);
    expect(await membersOf(owner.tenantId)).toBe(2);
    const { rows } = await api.owner.query(
      `select action, user_id from audit_logs where tenant_id = $1 and action like 'invitation.%' order by seq`,
      [owner.tenantId],
    );
    expect(rows.map(({ action }) => action)).toEqual([
      'invitation.create',
      'invitation.decline',
      'invitation.create',
      'invitation.accept',
    ]);
    expect(rows.at(-1)!.user_id).toBe(person.userId);
  });

  it('learns nothing of another’s invitation', async () => {
    const [owner, person, stranger] = [await api.makeActor(), await api.makeActor(), await api.makeActor()];
    const { data } = await invite(owner, person.email);
    for (const verb of ['accept', 'decline'])
      expect(await api.call(`invitations.${verb}`, { id: data.id }, stranger)).toMatchObject({
        status: 404,
        message: `invitation '${data.id}' does not exist`,
      });
    expect((await api.call('invitations.mine', {}, stranger)).data).toEqual([]);
  });

  it('cannot accept what has expired, was revoked, was sent again, or is of a suspended tenant', async () => {
    const [owner, person] = [await api.makeActor(), await api.makeActor()];
    const tenant = owner.tenantId;
    const { data } = await invite(owner, person.email);
    const accept = (more: object = {}) => api.call('invitations.accept', { id: data.id, ...more }, person);
    const [first] = await mailsTo(person.email);
    await api.owner.query(`update invitations set expires_at = now() - interval '1 second' where id = $1`, [data.id]);
    expect(await accept()).toMatchObject({
      status: 409,
      message: `this invitation to 'A tenant' has expired; ask ${owner.email} to send it again`,
    });
    expect((await api.call('invitations.resend', { tenant, invitation: person.email }, owner)).status).toBe(200);
    expect(await accept({ token: first!.token })).toMatchObject({ status: 404 });
    const [second] = await mailsTo(person.email);
    expect(second!.token).not.toBe(first!.token);
    await api.owner.query(`update tenants set status = 'suspended' where id = $1`, [tenant]);
    expect(await accept()).toMatchObject({ status: 403, message: expect.stringContaining('suspended') });
    await api.owner.query(`update tenants set status = 'active' where id = $1`, [tenant]);
    expect((await api.call('invitations.revoke', { tenant, invitation: data.id }, owner)).status).toBe(200);
    expect(await accept({ token: second!.token })).toMatchObject({ status: 404 });
    expect(await membersOf(tenant)).toBe(1);
  });

  it('who took the address after the mail was sent needs its token', async () => {
    const [owner, person] = [await api.makeActor(), await api.makeActor()];
    const { data } = await invite(owner, person.email);
    await api.owner.query('update users set email_changed_at = now() where id = $1', [person.userId]);
    expect((await api.call('invitations.mine', {}, person)).data).toEqual([]);
    expect(await api.call('invitations.accept', { id: data.id }, person)).toMatchObject({ status: 403 });
  });

  it('whose role is gone by then is told so', async () => {
    const [owner, person] = [await api.makeActor(), await api.makeActor()];
    await api.owner.query(`insert into tenant_roles (tenant_id, name) values ($1, 'guest')`, [owner.tenantId]);
    const { data } = await invite(owner, person.email, 'guest');
    await api.owner.query(`delete from tenant_roles where tenant_id = $1`, [owner.tenantId]);
    expect(await api.call('invitations.accept', { id: data.id }, person)).toMatchObject({
      status: 409,
      message: expect.stringContaining("the role 'guest' no longer exists"),
    });
  });
});

describe('an invitation', () => {
  it('gives no more than its sender may give when it is accepted', async () => {
    const [owner, person] = [await api.makeActor(), await api.makeActor()];
    const tenant = owner.tenantId;
    const sender = await api.makeMember(tenant, 'owner');
    const { data } = await invite(sender, person.email, 'owner');
    const accept = () => api.call('invitations.accept', { id: data.id }, person);
    const refused = {
      status: 403,
      message: `${sender.email} may no longer invite somebody to 'A tenant' with the role 'owner'; ask another member to send the invitation again`,
    };
    for (const role of ['viewer', 'admin']) {
      await api.call('members.update', { tenant, member: sender.email, role }, owner);
      expect(await accept(), role).toMatchObject(refused);
    }
    await api.call('members.remove', { tenant, member: sender.email }, owner);
    expect(await accept()).toMatchObject(refused);
    expect(await membersOf(tenant)).toBe(1);
    expect((await api.call('invitations.resend', { tenant, invitation: data.id }, owner)).status).toBe(200);
    expect((await accept()).data).toMatchObject({ role: 'owner' });
  });

  it('follows its role to a new name, and ends with it: a role of that name made later is another', async () => {
    const [owner, first, second] = [await api.makeActor(), await api.makeActor(), await api.makeActor()];
    const makeRole = (...permissions: string[]) => api.call('roles.create', { name: 'guest', permissions }, owner);
    await makeRole('vpc:read');
    const renamed = (await invite(owner, first.email, 'guest')).data.id as string;
    await api.call('roles.update', { id: 'guest', name: 'visitor' }, owner);
    await makeRole('vpc:read');
    const ended = (await invite(owner, second.email, 'guest')).data.id as string;
    expect((await api.call('roles.delete', { id: 'guest' }, owner)).status).toBe(204);
    expect((await makeRole('vpc:read', 'vpc:delete')).status).toBe(201);
    expect((await api.call('invitations.accept', { id: renamed }, first)).data).toMatchObject({ role: 'visitor' });
    expect(await api.call('invitations.accept', { id: ended }, second)).toMatchObject({
      status: 409,
      message: expect.stringContaining('has expired'),
    });
  });
});

describe('inviting', () => {
  it('is refused twice and for a member, with the way out', async () => {
    const owner = await api.makeActor();
    const email = `${uniqueWord()}@example.com`;
    await invite(owner, email);
    expect(await invite(owner, email)).toMatchObject({
      status: 409,
      message: expect.stringContaining(`cloud invitations resend ${email}`),
    });
    const member = await api.makeMember(owner.tenantId, 'viewer');
    expect(await invite(owner, member.email)).toMatchObject({
      status: 409,
      message: expect.stringContaining('already a member'),
    });
  });

  it('refuses an address that would write a header, and queues nothing', async () => {
    const owner = await api.makeActor();
    for (const email of ['a@example.com,b@example.com', 'A<a@example.com>', '"a"@example.com'])
      expect(await invite(owner, email), email).toMatchObject({ status: 400 });
    const { rows } = await api.owner.query('select 1 from invitations where tenant_id = $1', [owner.tenantId]);
    expect(rows).toEqual([]);
  });
});

describe('at the same moment', () => {
  it('an invitation that is accepted twice makes one member', async () => {
    for (let round = 0; round < 5; round++) {
      const [owner, person] = [await api.makeActor(), await api.makeActor()];
      const { data } = await invite(owner, person.email);
      const accept = () => api.call('invitations.accept', { id: data.id }, person);
      const answers = await Promise.all([accept(), accept(), accept()]);
      expect(statusesOf(answers)).toEqual([200, 404, 404]);
      expect(await membersOf(owner.tenantId)).toBe(2);
    }
  });

  it('adding and accepting make one member, and leave no invitation', async () => {
    for (let round = 0; round < 5; round++) {
      const [owner, person] = [await api.makeActor(), await api.makeActor()];
      const { data } = await invite(owner, person.email);
      const [added, accepted] = await Promise.all([
        api.call('members.add', { tenant: owner.tenantId, email: person.email, role: 'developer' }, owner),
        api.call('invitations.accept', { id: data.id }, person),
      ]);
      expect([`${added.status} ${accepted.status}`], `${added.text} ${accepted.text}`).toEqual([
        expect.stringMatching(/^(200 404|409 200)$/),
      ]);
      expect(await membersOf(owner.tenantId)).toBe(2);
      const { rows } = await api.owner.query('select 1 from invitations where id = $1', [data.id]);
      expect(rows).toEqual([]);
    }
  });

  it('accepting and the end of the tenant leave no member in a closed one', async () => {
    for (let round = 0; round < 5; round++) {
      const [owner, person] = [await api.makeActor(), await api.makeActor()];
      const { data } = await invite(owner, person.email);
      const [closed, accepted] = await Promise.all([
        api.call('tenants.close', { id: owner.tenantId, confirm: 'A tenant' }, owner),
        api.call('invitations.accept', { id: data.id }, person),
      ]);
      expect(closed.status, closed.text).toBe(200);
      expect([200, 404]).toContain(accepted.status);
      expect(await membersOf(owner.tenantId)).toBe(0);
    }
  });

  it('accepting and renaming the role give the member a role that exists', async () => {
    for (let round = 0; round < 10; round++) {
      const [owner, person] = [await api.makeActor(), await api.makeActor()];
      await api.call('roles.create', { name: 'guest', permissions: ['vpc:read'] }, owner);
      const { data } = await invite(owner, person.email, 'guest');
      const [renamed, accepted] = await Promise.all([
        api.call('roles.update', { id: 'guest', name: 'visitor' }, owner),
        api.call('invitations.accept', { id: data.id }, person),
      ]);
      expect([renamed.status, accepted.status], `${renamed.text} ${accepted.text}`).toEqual([200, 200]);
      const { rows } = await api.owner.query('select role from memberships where tenant_id = $1 and user_id = $2', [
        owner.tenantId,
        person.userId,
      ]);
      expect(rows).toEqual([{ role: 'visitor' }]);
    }
  });

  it('accepting stays within the quota of members', async () => {
    const owner = await api.makeActor();
    await api.owner.query(`update quotas set max = 2 where tenant_id = $1 and resource = 'members'`, [owner.tenantId]);
    const people = await Promise.all(Array.from({ length: 4 }, () => api.makeActor()));
    const ids = await Promise.all(people.map(async ({ email }) => (await invite(owner, email)).data.id));
    const answers = await Promise.all(
      people.map((person, nth) => api.call('invitations.accept', { id: ids[nth] }, person)),
    );
    expect(statusesOf(answers)).toEqual([200, 429, 429, 429]);
    expect(await membersOf(owner.tenantId)).toBe(2);
  });
});
