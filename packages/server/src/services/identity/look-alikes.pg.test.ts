import { expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { PASSWORD, uniqueWord } from '../../testing/test-api.ts';

const { api, owner } = await setUpApi();
const password = 'correct horse battery staple 7';
const register = (email: string, name = 'Ada') => api.call('auth.register', { email, password, name }, undefined);
const login = async (email: string, word = password) =>
  (await api.call('auth.login', { email, password: word }, undefined)).status;

it('an address is one in whatever form it is typed: at registration, at login and when it is added to a tenant', async () => {
  const word = uniqueWord().toLowerCase();
  const made = await register(`Re\u0301mi.${word}@Example.com`);
  expect([made.status, made.data.email]).toEqual([201, `r\u00e9mi.${word}@example.com`]);
  const forms = [
    `r\u00e9mi.${word}@example.com`,
    `re\u0301mi.${word}@example.com`,
    `Re\u0301mi.${word}@ｅｘａｍｐｌｅ．com`,
  ];
  for (const form of forms) {
    expect((await register(form)).status).toBe(409);
    expect(await login(form)).toBe(200);
  }
  const added = await api.call('members.add', { tenant: owner.tenantId, email: forms[1]!, role: 'viewer' }, owner);
  expect(added.status, added.text).toBe(200);
});

it('an address that nobody can tell from another is refused: at registration, for a change and in an invitation', async () => {
  const word = uniqueWord();
  for (const email of [`a\u200b${word}@example.com`, `\u202e${word}@example.com`, `аb${word}@example.com`]) {
    const answers = [
      await register(email),
      await api.call('auth.update', { email, password: PASSWORD }, owner),
      await api.call('invitations.create', { tenant: owner.tenantId, email, role: 'viewer' }, owner),
    ];
    expect(answers.map(({ status, code }) => [status, code])).toEqual(Array(3).fill([400, 'INVALID_INPUT']));
  }
});

it('who has such an address from before still logs in with it', async () => {
  for (const email of [`re\u0301mi-${uniqueWord()}@example.com`, `a\u200b${uniqueWord()}@example.com`]) {
    const actor = await api.makeActor();
    await api.owner.query('update users set email = $2 where id = $1', [actor.userId, email.toLowerCase()]);
    expect(await login(email, PASSWORD)).toBe(200);
  }
});

it('names of tenants and people show all that they hold', async () => {
  const name = 'Acme\u202egro.live';
  const message = 'name has the invisible character U+202E; type it again without it';
  for (const answer of [
    await api.call('tenants.create', { name }, owner),
    await api.call('tenants.update', { id: owner.tenantId, name }, owner),
    await api.call('auth.update', { name }, owner),
    await register(`${uniqueWord()}@example.com`, name),
  ])
    expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT', message });
});
