import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';

// A browser's own view of this is in tests/long/runtimes.test.ts.

const PAGE = 'https://console.example.com';
const STRANGER = 'https://evil.example.com';
const { api, owner } = await setUpApi({ corsOrigins: [PAGE, 'http://localhost:5173'] });

const corsOf = (headers: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

describe('a page of an origin in CLOUD_CORS_ORIGINS', () => {
  it('may send any method and header that the API takes, as its preflight tells', async () => {
    const asked = {
      origin: PAGE,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'content-type,idempotency-key,if-match,x-api-key,x-tenant-id',
    };
    const answer = await api.send('OPTIONS', '/vpcs/web', { headers: asked });
    expect([answer.status, answer.headers.vary]).toEqual([204, 'Origin']);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'DELETE, GET, PATCH, POST, PUT',
      'access-control-max-age': '600',
    });
    const allowed = String(answer.headers['access-control-allow-headers']).split(', ');
    expect(allowed).toEqual(expect.arrayContaining(asked['access-control-request-headers'].split(',')));
    // No cookie and no password of the browser is ever sent along.
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it('may read answers and refusals, with the headers that a client acts on', async () => {
    const headers = { origin: PAGE };
    const made = await api.send('POST', '/vpcs', { key: owner.key, headers, body: { name: 'main' } });
    const missing = await api.send('GET', '/vpcs/nowhere', { key: owner.key, headers });
    const unknown = await api.send('GET', '/vpcs', { headers });
    expect([made.status, missing.status, unknown.status]).toEqual([201, 404, 401]);
    for (const answer of [made, missing, unknown]) {
      expect(answer.headers['access-control-allow-origin']).toBe(PAGE);
      const shown = String(answer.headers['access-control-expose-headers']).split(', ');
      expect(shown).toEqual(expect.arrayContaining(['etag', 'retry-after', 'ratelimit-remaining', 'x-request-id']));
    }
  });
});

describe('a page of another origin', () => {
  it('may send and read nothing', async () => {
    for (const origin of [STRANGER, 'null', `${PAGE}.evil.example.com`, 'http://console.example.com']) {
      const headers = { origin, 'access-control-request-method': 'GET' };
      const preflight = await api.send('OPTIONS', '/vpcs', { headers });
      const read = await api.send('GET', '/vpcs', { key: owner.key, headers: { origin } });
      expect([preflight.status, read.status, preflight.headers.vary]).toEqual([204, 200, 'Origin']);
      expect([corsOf(preflight.headers), corsOf(read.headers)]).toEqual([{}, {}]);
    }
  });

  it('is every page, as long as the setting is empty', async () => {
    const { api: closed } = await setUpApi();
    const headers = { origin: PAGE, 'access-control-request-method': 'GET' };
    const answer = await closed.send('OPTIONS', '/vpcs', { headers });
    expect([answer.status, corsOf(answer.headers), answer.headers.vary]).toEqual([204, {}, undefined]);
  });
});
