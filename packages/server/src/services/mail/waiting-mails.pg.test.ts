import { describe, expect, it } from 'vitest';
import { PASSWORD, uniqueWord } from '../../testing/test-api.ts';
import { setUpApi } from '../../testing/set-up-api.ts';

const { api } = await setUpApi();
const operator = await api.makeActor({ platformRole: 'admin' });

describe('a mail that waits, since no mail server is set', () => {
  it('is passed on by the operator: shown once, no longer sent, and told in the trail without its text', async () => {
    const owner = await api.makeActor();
    const email = `${uniqueWord()}@example.com`;
    await api.call('invitations.create', { tenant: owner.tenantId, email, role: 'viewer' }, owner);
    const [waiting] = (await api.call('admin-mails.list', {}, operator)).data;
    expect(waiting).toMatchObject({ tenant_id: owner.tenantId, id: expect.any(String) });
    expect(JSON.stringify(waiting)).not.toContain(email);

    const taken = await api.call('admin-mails.take', { id: waiting.id }, operator);
    expect(taken).toMatchObject({ status: 200, data: { to: email, subject: expect.stringContaining('Invitation') } });
    expect(await api.call('admin-mails.take', { id: waiting.id }, operator)).toMatchObject({ status: 404 });
    expect((await api.call('admin-mails.list', {}, operator)).data).toEqual([]);
    const { rows } = await api.owner.query('select outcome, sealed from mails where id = $1', [waiting.id]);
    expect(rows).toEqual([{ outcome: 'taken', sealed: null }]);

    // Who gets it can accept.
    await api.call('auth.register', { email, password: PASSWORD, name: 'Bea' }, undefined);
    const login = await api.call('auth.login', { email, password: PASSWORD }, undefined);
    const [, id, token] = /cloud invitations accept (\S+) --token (\S+)/.exec(taken.data.text)!;
    const accepted = await api.call('invitations.accept', { id, token }, { key: login.data.api_key });
    expect(accepted).toMatchObject({ status: 200, data: { id: owner.tenantId } });

    const trail = await api.call('audit.list', { action: 'mail.take' }, owner);
    expect(trail.data).toMatchObject([{ resource_id: waiting.id, outcome: 'allowed' }]);
    expect(trail.text).not.toContain(token);
    expect(api.logLines.join('')).not.toContain(token);
  });

  it('is taken by one of two operators at once', async () => {
    const owner = await api.makeActor();
    const invitation = { tenant: owner.tenantId, email: `${uniqueWord()}@example.com`, role: 'viewer' };
    await api.call('invitations.create', invitation, owner);
    const [{ id }] = (await api.call('admin-mails.list', {}, operator)).data;
    const answers = await Promise.all([1, 2, 3].map(() => api.call('admin-mails.take', { id }, operator)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404]);
  });

  it('is seen and taken by nobody else, its tenant included', async () => {
    const owner = await api.makeActor();
    const invitation = { tenant: owner.tenantId, email: `${uniqueWord()}@example.com`, role: 'viewer' };
    await api.call('invitations.create', invitation, owner);
    const [{ id }] = (await api.call('admin-mails.list', {}, operator)).data;
    expect(await api.call('admin-mails.list', {}, owner)).toMatchObject({ status: 403 });
    expect(await api.call('admin-mails.take', { id }, owner)).toMatchObject({ status: 403 });
  });
});
