import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../kernel/ids.ts';
import { runMachine } from '../../testing/machines.ts';
import { openEvents } from '../../testing/open-events.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, type Answer, PASSWORD, type RequestOptions, type TestApi } from '../../testing/test-api.ts';
import { openTestSocket } from '../../testing/test-socket.ts';

const { api, owner, engine } = await setUpApi({ corsOrigins: ['https://pages.example.com'] });
const proxied = await setUpApi({ hosts: ['cloud.example.com'], trustedProxies: ['127.0.0.1'] });

const CONSOLE = { 'x-cloud-console': '1' };
const HOST = new URL(api.url).host;

const setCookies = ({ headers }: Answer): readonly string[] => [headers['set-cookie'] ?? []].flat();
const bareCookie = (answer: Answer): string => setCookies(answer)[0]!.split(';')[0]!;

const logIn = (actor: Pick<Actor, 'email'>, headers: Record<string, string> = CONSOLE, at: TestApi = api) =>
  at.send('POST', '/auth/login', { headers, body: { email: actor.email, password: PASSWORD } });

/** Somebody with a session of the console. */
async function visitor(at: TestApi = api) {
  const actor = await at.makeActor();
  const cookie = bareCookie(await logIn(actor, CONSOLE, at));
  const ask = (method: string, path: string, { headers, ...rest }: RequestOptions = {}) =>
    at.send(method, path, { headers: { ...CONSOLE, cookie, ...headers }, ...rest });
  return { actor, cookie, key: cookie.split('=')[1]!, ask };
}

describe('a login of the console', () => {
  it('puts the key into a cookie that no script reads, until it expires, and nowhere else', async () => {
    const actor = await api.makeActor();
    const answer = await logIn(actor, { ...CONSOLE, origin: api.url, 'sec-fetch-site': 'same-origin' });
    expect(answer).toMatchObject({ status: 200, data: { user: { email: actor.email } } });
    expect(answer.text).not.toContain('thecloud_');
    const [cookie, ...more] = setCookies(answer);
    expect(more).toEqual([]);
    const [, key, seconds] =
      /^cloud_session=(thecloud_[0-9a-f]{32}); Path=\/; Max-Age=(\d+); HttpOnly; SameSite=Strict$/.exec(cookie!)!;
    const left = (Date.parse(answer.data.expires_at) - Date.now()) / 1000;
    expect(Math.abs(Number(seconds) - left)).toBeLessThan(5);
    expect(api.logLines.join('')).not.toContain(key);
  });

  it('is of a new session each time, whatever cookie was there before', async () => {
    const actor = await api.makeActor();
    const planted = `cloud_session=thecloud_${'0'.repeat(32)}`;
    const first = bareCookie(await logIn(actor, { ...CONSOLE, cookie: planted }));
    const second = bareCookie(await logIn(actor, { ...CONSOLE, cookie: first }));
    expect(new Set([planted, first, second]).size).toBe(3);
  });

  it('of a program, without the header, answers the key and sets no cookie', async () => {
    for (const headers of [{}, { 'x-cloud-console': 'yes' }] as Record<string, string>[]) {
      const answer = await logIn(await api.makeActor(), headers);
      expect(answer.data.api_key).toMatch(/^thecloud_/);
      expect(setCookies(answer)).toEqual([]);
    }
  });

  it('that is refused sets none', async () => {
    const { email } = await api.makeActor();
    const answer = await api.send('POST', '/auth/login', { headers: CONSOLE, body: { email, password: 'wrong' } });
    expect([answer.status, setCookies(answer)]).toEqual([401, []]);
  });
});

describe('the session of the console', () => {
  it('may do what its user may, in the tenant that is named, and counts as its key', async () => {
    const { actor, ask, key } = await visitor();
    expect((await ask('GET', '/auth/me')).data).toMatchObject({ email: actor.email });
    expect((await ask('POST', '/vpcs', { body: { name: 'main' } })).status).toBe(201);
    const headers = { 'x-tenant-id': actor.tenantId };
    expect((await ask('GET', '/vpcs', { headers })).data).toMatchObject([{ name: 'main' }]);
    expect((await ask('GET', `/tenants/${actor.tenantId}/members`)).status).toBe(200);
    expect((await ask('GET', '/vpcs', { headers: { 'x-tenant-id': owner.tenantId } })).status).toBe(403);
    const sessions = (await ask('GET', '/auth/sessions')).data as { current: boolean }[];
    expect(sessions.map(({ current }) => current)).toEqual([true]);
    const left = async (options: RequestOptions) =>
      Number((await api.send('GET', '/auth/me', options)).headers['ratelimit-remaining']);
    const before = await left({ key });
    expect(await left({ headers: { ...CONSOLE, cookie: `cloud_session=${key}` } })).toBeLessThanOrEqual(before);
  });

  it('is limited as its key is: both count together', async () => {
    const slow = await setUpApi({ rates: { perSecond: 0.01, burst: 6 } });
    const { ask, key } = await visitor(slow.api);
    for (let i = 0; i < 3; i++) expect((await ask('GET', '/auth/me')).status).toBe(200);
    for (let i = 0; i < 3; i++) expect((await slow.api.send('GET', '/auth/me', { key })).status).toBe(200);
    expect(await ask('GET', '/auth/me')).toMatchObject({ status: 429, message: expect.stringContaining('this key') });
  });

  it('stands back behind a key in a header', async () => {
    const { ask, cookie } = await visitor();
    const byKey = await ask('GET', '/auth/me', { key: owner.key });
    const byBearer = await ask('GET', '/auth/me', { headers: { authorization: `Bearer ${owner.key}` } });
    for (const { data } of [byKey, byBearer]) expect(data.email).toBe(owner.email);
    const bad = await ask('GET', '/auth/me', { key: `thecloud_${'0'.repeat(32)}` });
    // The key was wrong, not the cookie.
    expect([bad.status, setCookies(bad)]).toEqual([401, []]);
    expect((await api.send('GET', '/auth/me', { key: owner.key, headers: { cookie } })).data.email).toBe(owner.email);
  });

  it('ends by logging out, which takes the cookie away', async () => {
    const { ask, key } = await visitor();
    const out = await ask('POST', '/auth/logout', { body: {} });
    expect(out.status).toBe(200);
    expect(setCookies(out)).toEqual(['cloud_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict']);
    expect((await api.send('GET', '/auth/me', { key })).status).toBe(401);
    const again = await ask('POST', '/auth/logout', { body: {} });
    expect(again.status).toBe(401);
  });

  it.each([
    ['ended elsewhere', 'revoked_at'],
    ['expired', 'expires_at'],
  ])('that has %s is answered 401, which takes the cookie away', async (_, column) => {
    const { ask, key } = await visitor();
    await api.owner.query(`update api_keys set ${column} = now() where key = $1`, [sha256Hex(key)]);
    const answer = await ask('POST', '/vpcs', { body: { name: 'late' } });
    expect(answer.status).toBe(401);
    expect(setCookies(answer)).toEqual(['cloud_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict']);
  });

  it('stays when something else is wrong: a password, a permission, a name', async () => {
    const { ask } = await visitor();
    const body = { old_password: 'wrong', new_password: 'another good password 1' };
    const wrong = [
      await ask('POST', '/auth/change-password', { body }),
      await ask('GET', '/operator/users'),
      await ask('GET', '/vpcs/nowhere'),
    ];
    expect(wrong.map(({ status }) => status)).toEqual([401, 403, 404]);
    expect(wrong.flatMap(setCookies)).toEqual([]);
    expect((await ask('GET', '/auth/me')).status).toBe(200);
  });

  it('of nonsense is no session', async () => {
    for (const value of ['', 'x', `thecloud_${'g'.repeat(32)}`, '"thecloud"', '%00']) {
      const answer = await api.send('GET', '/auth/me', { headers: { ...CONSOLE, cookie: `cloud_session=${value}` } });
      expect(answer.status).toBe(401);
    }
  });
});

describe('over TLS, ended by a proxy', () => {
  const page = { ...CONSOLE, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'cloud.example.com' };

  it('the cookie is for TLS and this host alone, and no other is taken', async () => {
    const actor = await proxied.api.makeActor();
    const answer = await logIn(actor, { ...page, origin: 'https://cloud.example.com' }, proxied.api);
    expect(setCookies(answer)).toEqual([
      expect.stringMatching(
        /^__Host-cloud_session=thecloud_\w+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/,
      ),
    ]);
    const cookie = bareCookie(answer);
    const ask = async (headers: Record<string, string>) =>
      (await proxied.api.send('GET', '/auth/me', { headers: { ...page, ...headers } })).status;
    expect(await ask({ cookie })).toBe(200);
    expect(await ask({ cookie: `cloud_session=x; ${cookie}`, origin: 'https://cloud.example.com' })).toBe(200);
    // What a neighbouring domain or a page without TLS may have set.
    expect(await ask({ cookie: cookie.replace('__Host-', '') })).toBe(401);
    expect(await ask({ cookie, origin: 'http://cloud.example.com' })).toBe(403);
    expect(await ask({ cookie, origin: 'https://cloud.example.com:8443' })).toBe(403);
    const out = await proxied.api.send('POST', '/auth/logout', { headers: { ...page, cookie }, body: {} });
    expect(setCookies(out)).toEqual(['__Host-cloud_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure']);
  });

  it('a proxy that is not named is enough if it passes Host on: the page says that it came by TLS', async () => {
    const host = 'cloud.example.com';
    const { api: plain } = await setUpApi({ hosts: [host] });
    const origin = `https://${host}`;
    const answer = await logIn(await plain.makeActor(), { ...CONSOLE, host, origin }, plain);
    expect(bareCookie(answer)).toMatch(/^__Host-/);
    const headers = { ...CONSOLE, host, cookie: bareCookie(answer) };
    expect((await plain.send('GET', '/auth/me', { headers })).status).toBe(200);
    // Without TLS, somebody on the line can write a page of this name.
    const written = { ...headers, origin: `http://${host}` };
    expect((await plain.send('GET', '/auth/me', { headers: written })).status).toBe(401);
    const socket = await openTestSocket(`${plain.url}/instances/any/terminal`, written, ['thecloud.v1']);
    expect(socket.status).toBe(401);
  });
});

describe('a page elsewhere', () => {
  const foreign: readonly (readonly [string, Record<string, string>])[] = [
    ['another origin', { origin: 'https://evil.example.com' }],
    ['an origin that may call the API', { origin: 'https://pages.example.com' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
    ['another scheme without its port', { origin: `https://${HOST.split(':')[0]}` }],
    ['a name that begins alike', { origin: `http://${HOST}.evil.example.com` }],
    ['an opaque origin', { origin: 'null' }],
    ['an extension', { origin: 'chrome-extension://abcdefghijklmnop' }],
    ['the same site', { 'sec-fetch-site': 'same-site' }],
    ['the same site, with our origin', { origin: api.url, 'sec-fetch-site': 'same-site' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['the address line', { 'sec-fetch-site': 'none' }],
  ];

  it.each(foreign)('uses no session of the console and begins none: %s', async (_, headers) => {
    const { ask, actor } = await visitor();
    const refused = [
      await ask('POST', '/vpcs', { headers, body: { name: 'forged' } }),
      await ask('GET', '/auth/me', { headers }),
      await logIn(actor, { ...CONSOLE, ...headers }),
    ];
    expect(refused.map(({ status, code }) => [status, code])).toEqual(Array(3).fill([403, 'FORBIDDEN']));
    expect(refused[0]!.message).toContain(`not from a page of ${HOST}`);
    expect(refused.flatMap(setCookies)).toEqual([]);
    expect((await ask('GET', '/vpcs')).data).toEqual([]);
  });

  it('without the header is a stranger, however the browser comes: a link, an image, a form', async () => {
    const { cookie, ask } = await visitor();
    const requests: readonly (readonly [string, string, RequestOptions])[] = [
      ['GET', '/auth/me', { headers: { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' } }],
      ['GET', '/vpcs', { headers: { 'sec-fetch-site': 'same-origin' } }],
      ['POST', '/vpcs', { body: { name: 'forged' } }],
      ['POST', '/vpcs', { body: '{"name":"forged"}', headers: { 'content-type': 'text/plain' } }],
      ['POST', '/vpcs', { body: 'name=forged', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ];
    for (const [method, path, { headers, ...rest }] of requests) {
      const answer = await api.send(method, path, { headers: { cookie, ...headers }, ...rest });
      expect([method, path, answer.status]).toEqual([method, path, 401]);
      expect(setCookies(answer)).toEqual([]);
    }
    expect((await ask('GET', '/vpcs')).data).toEqual([]);
  });

  it('is never permitted to send the header, nor to send cookies along', async () => {
    for (const origin of ['https://pages.example.com', 'https://evil.example.com', 'null']) {
      const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-cloud-console' };
      const { headers } = await api.send('OPTIONS', '/vpcs', { headers: { origin, ...asked } });
      expect(String(headers['access-control-allow-headers'] ?? '')).not.toContain('x-cloud-console');
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
    }
  });
});

describe('a terminal of the console', () => {
  it('opens for a page of this host alone, and ends within a second of the session', async () => {
    const { ask, actor, cookie } = await visitor();
    const id = await runMachine(api, engine, actor);
    const open = (headers: Record<string, string>) =>
      openTestSocket(`${api.url}/instances/${id}/terminal?command=sh`, headers, [
        'thecloud.v1',
        `thecloud.tenant.${actor.tenantId}`,
      ]);
    for (const headers of [
      {},
      CONSOLE,
      { origin: 'https://evil.example.com' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { origin: api.url, 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      const refused = await open({ cookie, ...headers });
      expect([headers, refused.status]).toEqual([headers, 401]);
    }
    const opened = await open({ cookie, origin: api.url });
    expect([opened.status, opened.text]).toEqual([101, '']);
    const began = performance.now();
    await ask('POST', '/auth/logout', { body: {} });
    for await (const _ of opened.messages);
    expect((await opened.closed).code).toBe(4401);
    expect(performance.now() - began).toBeLessThan(1_500);
  });
});

describe('a stream of events of the console', () => {
  it('opens with the session and ends within a second of it', async () => {
    const { ask, cookie } = await visitor();
    const refused = await openEvents(`${api.url}/events/stream`, '', { cookie });
    expect(refused.status).toBe(401);
    const stream = await openEvents(`${api.url}/events/stream`, '', { ...CONSOLE, cookie });
    expect(stream.status).toBe(200);
    const began = performance.now();
    await ask('POST', '/auth/logout', { body: {} });
    expect(await stream.ended).toBe('its end');
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(stream.frames().at(-1)).toMatchObject({ event: 'error', data: expect.stringContaining('UNAUTHORIZED') });
  });
});
