import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runMachine } from '../../packages/server/src/testing/machines.ts';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';
import { PASSWORD } from '../../packages/server/src/testing/test-api.ts';
import { NAME_OF_THIS_MACHINE, startBrowser, type Visitor } from './browser.ts';

/** A console of one script, and what somebody could have smuggled into its page. */
const CONSOLE: Readonly<Record<string, string>> = {
  'index.html': `<!doctype html><html lang="en"><title>console</title>
<script src="/console/assets/own.js"></script>
<script>window.smuggled = 'inline'</script>
<img src="/nowhere" alt="" onerror="window.smuggled = 'handler'">
<script src="data:text/javascript,window.smuggled='data'"></script>
<form action="/auth/login"><button>send</button></form>`,
  'assets/own.js': 'window.own = true;',
};
const folder = mkdtempSync(join(tmpdir(), 'tc-pages-'));
mkdirSync(join(folder, 'assets'));
for (const [name, text] of Object.entries(CONSOLE)) writeFileSync(join(folder, name), text);
afterAll(() => rmSync(folder, { recursive: true }));

const { api, engine } = await setUpApi({ consoleDir: folder });
const port = new URL(api.url).port;
const foreign = createServer((_request, response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>a page elsewhere</title>'),
);
await new Promise<void>((listening) => foreign.listen(0, '127.0.0.1', listening));
const foreignPort = (foreign.address() as AddressInfo).port;
afterAll(() => {
  foreign.closeAllConnections();
  foreign.close();
});
const browser = await startBrowser();
afterAll(() => browser.close());

/** What fetch said, run in the page. */
const call = async ({ page }: Visitor, path: string, init: object): Promise<string> =>
  (await page.evaluate(
    `fetch(${JSON.stringify(api.url + path)}, ${JSON.stringify(init)}).then(
       (answer) => answer.type === 'opaque' ? 'opaque' : String(answer.status), (error) => error.name)`,
  )) as string;

/** What came of a websocket that the page opens. */
const socket = async ({ page }: Visitor, path: string, protocols: readonly string[]): Promise<string> =>
  (await page.evaluate(
    `new Promise((tell) => {
       const socket = new WebSocket(${JSON.stringify(api.url.replace('http', 'ws') + path)}, ${JSON.stringify(protocols)});
       socket.onopen = () => { tell('open'); socket.close(); };
       socket.onerror = () => tell('refused');
     })`,
  )) as string;

const headers = { 'x-cloud-console': '1', 'content-type': 'application/json' };
const ask = (method: string, body?: object) => ({
  method,
  headers,
  credentials: 'include',
  ...(body && { body: JSON.stringify(body) }),
});

/** A new user, logged in on the console's page. */
async function logIn(visitor: Visitor) {
  const actor = await api.makeActor();
  const id = await runMachine(api, engine, actor);
  await visitor.page.goto(`${api.url}/console/`);
  const body = { email: actor.email, password: PASSWORD };
  expect(await call(visitor, '/auth/login', ask('POST', body))).toBe('200');
  const terminal = `/instances/${id}/terminal?command=sh`;
  return { actor, terminal, protocols: ['thecloud.v1', `thecloud.tenant.${actor.tenantId}`] };
}

const visit = (act: (visitor: Visitor) => Promise<void>) => browser.visit(api.url, act, { allow: [/./] });

describe('a browser with a session of the console', { timeout: 60_000 }, () => {
  test('may do everything from the console, and no script finds the key', () =>
    visit(async (visitor) => {
      const { terminal, protocols } = await logIn(visitor);
      expect(await call(visitor, '/auth/me', ask('GET'))).toBe('200');
      expect(await call(visitor, '/vpcs', ask('POST', { name: 'mine' }))).toBe('201');
      expect(await socket(visitor, terminal, protocols)).toBe('open');
      const seen = await visitor.page.evaluate(
        `JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, location.href])`,
      );
      expect(seen).toBe(JSON.stringify(['', {}, {}, `${api.url}/console/`]));
      const [cookie, ...more] = await visitor.context.cookies();
      expect(more).toEqual([]);
      expect(cookie).toMatchObject({ name: 'cloud_session', path: '/', httpOnly: true, sameSite: 'Strict' });
      expect(await call(visitor, '/auth/logout', ask('POST', {}))).toBe('200');
      expect(await visitor.context.cookies()).toEqual([]);
    }));

  test.each([
    ['of another port, to which the browser sends the cookie', `http://127.0.0.1:${foreignPort}/`],
    ['of another site', `http://localhost:${foreignPort}/`],
  ])('changes and shows nothing for a page %s', (_, address) =>
    visit(async (visitor) => {
      const { actor, terminal, protocols } = await logIn(visitor);
      await visitor.page.goto(address);
      const forged = { name: 'forged' };
      // The header needs a permission that is not given; without it, the cookie is none.
      expect(await call(visitor, '/vpcs', ask('POST', forged))).toBe('TypeError');
      expect(await call(visitor, '/auth/me', ask('GET'))).toBe('TypeError');
      const plain = { method: 'POST', mode: 'no-cors', credentials: 'include', body: JSON.stringify(forged) };
      expect(await call(visitor, '/vpcs', plain)).toBe('opaque');
      expect(await socket(visitor, terminal, protocols)).toBe('refused');
      await visitor.page.setContent(
        `<form method="post" enctype="text/plain" action="${api.url}/vpcs"><input name='{"name":"' value='forged"}'></form>`,
      );
      const [answer] = await Promise.all([
        visitor.page.waitForResponse(`${api.url}/vpcs`),
        visitor.page.evaluate('document.forms[0].submit()'),
      ]);
      expect(answer.status()).toBe(401);
      await visitor.page.waitForURL(`${api.url}/vpcs`);
      expect(
        (await api.send('GET', '/vpcs', { key: actor.key })).data.map((one: { name: string }) => one.name),
      ).toEqual(expect.not.arrayContaining(['forged']));
      await visitor.page.goto(`${api.url}/console/`);
      expect(await call(visitor, '/auth/me', ask('GET'))).toBe('200');
    }),
  );

  test('shows the console in no frame of another page', () =>
    visit(async ({ page }) => {
      await page.goto(`http://127.0.0.1:${foreignPort}/`);
      const framed = page.waitForEvent('framenavigated', (frame) => frame.parentFrame() !== null);
      await page.setContent(`<iframe src="${api.url}/console/"></iframe>`);
      await framed;
      expect(page.frames().map((frame) => frame.url())).not.toContain(`${api.url}/console/`);
    }));

  test('reaches nothing under a name that was made to lead here', () =>
    visit(async (visitor) => {
      await logIn(visitor);
      const answer = await visitor.page.goto(`http://${NAME_OF_THIS_MACHINE}:${port}/console/`);
      expect(answer?.status()).toBe(421);
      expect(await answer?.text()).toContain(`not known as '${NAME_OF_THIS_MACHINE}:${port}'`);
    }));
});

test('the console runs its own scripts alone, and talks to its own host alone', () =>
  visit(async (visitor) => {
    await visitor.page.goto(`${api.url}/console/`);
    expect(await visitor.page.evaluate('[window.own, window.smuggled]')).toEqual([true, undefined]);
    const away = `fetch('http://127.0.0.1:${foreignPort}/', { mode: 'no-cors' }).then(() => 'sent', () => 'refused')`;
    expect(await visitor.page.evaluate(away)).toBe('refused');
    await visitor.page.evaluate('document.forms[0].submit()');
    await visitor.page.waitForTimeout(200);
    expect(visitor.page.url()).toBe(`${api.url}/console/`);
  }));
