import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBarriers } from './accessibility.ts';
import { type ConsoleBrowser, startBrowser } from './browser.ts';

/** A page of the test's own, each with one thing that must not go unseen. */
const PAGES: Readonly<Record<string, string>> = {
  '/good': '<!doctype html><html lang="en"><title>good</title><main><h1>well</h1></main></html>',
  '/nameless': '<!doctype html><html lang="en"><title>bad</title><main><h1>well</h1><button></button></main></html>',
  '/console': '<script nonce="n">console.error("said aloud")</script>',
  '/thrown': '<script nonce="n">setTimeout(() => { throw new Error("not caught here") })</script>',
  '/refused': '<script nonce="n">void Promise.reject(new Error("nobody waits"))</script>',
  '/inline': '<p style="color: red">red</p>',
  '/missing': '<img src="/nowhere.png" alt="">',
  '/elsewhere': '<script nonce="n">fetch("http://127.0.0.1:9/").catch(() => undefined)</script>',
  '/stored': `<script nonce="n">sessionStorage.setItem('key', 'thecloud_' + '0'.repeat(32))</script>`,
  '/linked': `<script nonce="n">history.replaceState({}, '', '?password=a%20long+pass%20phrase')</script>`,
  '/socket': '<script nonce="n">new WebSocket("ws://127.0.0.1:9/")</script>',
};

describe('a visitor of the tests', () => {
  let server: Server;
  let address: string;
  let browser: ConsoleBrowser;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const page = PAGES[request.url ?? ''];
      response
        .writeHead(page === undefined && request.url !== '/favicon.ico' ? 404 : 200, {
          'content-type': 'text/html',
          'content-security-policy': "default-src 'self'; script-src 'nonce-n'; connect-src *",
        })
        .end(page);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    server.closeAllConnections();
    server.close();
  });

  /** Opens the page, and gives it time to do what it does. */
  const open = (path: string, allow: RegExp[] = []): Promise<string> =>
    browser
      .visit(
        address,
        async ({ page, problems }) => {
          await page.goto(`${address}${path}`);
          for (let looks = 0; looks < 40 && problems().length === 0; looks++) await page.waitForTimeout(25);
        },
        { allow },
      )
      .then(
        () => 'passed',
        (error: Error) => error.message,
      );

  test('passes on a page without a fault', async () => {
    expect(await open('/good')).toBe('passed');
  });

  test.each([
    ['/console', 'console: said aloud'],
    ['/thrown', 'not caught: Error: not caught here'],
    ['/refused', 'not caught: Error: nobody waits'],
    ['/inline', 'content security policy: style-src-attr inline'],
    ['/missing', '404: GET'],
    ['/elsewhere', 'another origin: http://127.0.0.1:9/'],
    ['/stored', 'a secret in sessionStorage'],
    ['/linked', 'a secret in URL'],
    ['/socket', 'another origin: ws://127.0.0.1:9/'],
  ])('fails on %s, and keeps what it saw', async (path, problem) => {
    const message = await open(path);
    expect(message).toContain(problem);
    const folder = /kept: (.+)$/.exec(message)?.[1] ?? '';
    try {
      expect(readdirSync(folder).sort()).toEqual(['tab-1.html', 'tab-1.png']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('passes on a problem that the test allows, and on no other', async () => {
    expect(await open('/missing', [/^404: GET \S+nowhere\.png$/])).toBe('passed');
    const message = await open('/missing', [/^500/]);
    expect(message).toContain('404');
    rmSync(/kept: (.+)$/.exec(message)![1]!, { recursive: true });
  });

  test('finds what keeps people from using a page, and nothing on one without barriers', async () => {
    await browser.visit(address, async ({ page }) => {
      await page.goto(`${address}/good`);
      expect(await findBarriers(page)).toEqual([]);
      await page.goto(`${address}/nameless`);
      expect(await findBarriers(page)).toEqual([expect.stringMatching(/^button-name: .+<button><\/button>/)]);
    });
  });

  test('has nothing of the visitor before', async () => {
    await browser.visit(address, async ({ page, context }) => {
      await context.addCookies([{ name: 'a', value: 'b', url: address }]);
      await page.goto(`${address}/good`);
      await page.evaluate(() => localStorage.setItem('a', 'b'));
    });
    await browser.visit(address, async ({ page, context }) => {
      await page.goto(`${address}/good`);
      expect(await context.cookies()).toEqual([]);
      expect(await page.evaluate(() => localStorage.getItem('a'))).toBe(null);
    });
  });

  test('fails with the error of the test', async () => {
    const failed = browser.visit(address, async () => {
      throw new Error('as the test says');
    });
    const message = await failed.catch((error: Error) => error.message);
    expect(message).toMatch(/^as the test says\nkept: /);
    expect(existsSync(/kept: (.+)$/.exec(message!)![1]!)).toBe(true);
    rmSync(/kept: (.+)$/.exec(message!)![1]!, { recursive: true });
  });
});
