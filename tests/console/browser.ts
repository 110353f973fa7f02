import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PASSWORD } from '../../packages/testkit/src/platform-client.ts';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's; playwright-core brings none. */
const PROGRAM = '/usr/bin/chromium-headless-shell';
/** Where a failed test leaves what the browser showed. */
const KEPT = resolve(import.meta.dirname, '../../.cache/console-failures');
/** Longest wait for anything on a page. */
const WAIT_MS = 15_000;

/** A key of the API, or the password of every user of the tests. */
const SECRET = new RegExp(`thecloud_[0-9a-f]{32}|${PASSWORD.replaceAll(' ', '( |%20|[+])')}`);

/** A name that leads to this machine, as a page's owner can make any name do. */
export const NAME_OF_THIS_MACHINE = 'rebound.example.com';

const ARGS = [
  // The browser's own sandbox needs a user other than root. It only ever shows pages of the platform under test.
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--force-color-profile=srgb',
  '--hide-scrollbars',
  `--host-resolver-rules=MAP ${NAME_OF_THIS_MACHINE} 127.0.0.1`,
];

/** One visitor of the console: cookies, storage and tabs that nobody else has. */
export interface Visitor {
  readonly address: string;
  readonly context: BrowserContext;
  /** The first tab. */
  readonly page: Page;
  /** One more tab of the same session. */
  openTab(): Promise<Page>;
  /** From here on, a problem that matches is none: a test that stops the API sees its requests fail. */
  allow(problem: RegExp): void;
  /** What the browser complained about so far, without what is allowed. */
  problems(): readonly string[];
}

export interface VisitOptions extends Pick<BrowserContextOptions, 'colorScheme' | 'viewport'> {
  /** Problems that are none for this visitor. */
  readonly allow?: readonly RegExp[];
}

export interface ConsoleBrowser {
  /**
   * Runs `act` as a new visitor. Fails if the browser saw a problem: an error in its console, one that a page did not catch, a violation of
   * the content security policy, a failed request, a request to another origin, or a secret in a URL or in what the browser stores for the page.
   * Then it keeps a picture and the HTML of each tab.
   */
  visit(address: string, act: (visitor: Visitor) => Promise<void>, options?: VisitOptions): Promise<void>;
  close(): Promise<void>;
}

/** Starts a browser for the tests of a file. The caller closes it, also after a failure. */
export async function startBrowser(): Promise<ConsoleBrowser> {
  const browser = await chromium.launch({ executablePath: PROGRAM, args: ARGS, timeout: 30_000 });
  return {
    visit: (address, act, options = {}) => visit(browser, address, act, options),
    close: () => browser.close(),
  };
}

async function visit(
  browser: Browser,
  address: string,
  act: (visitor: Visitor) => Promise<void>,
  { allow = [], ...options }: VisitOptions,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  try {
    context.setDefaultTimeout(WAIT_MS);
    const allowed = [...allow];
    const seen: string[] = [];
    await watch(context, new URL(address).origin, (problem) => {
      if (!allowed.some((one) => one.test(problem)) && !seen.includes(problem)) seen.push(problem);
    });
    const visitor: Visitor = {
      address,
      context,
      page: await context.newPage(),
      openTab: () => context.newPage(),
      allow: (problem) => void allowed.push(problem),
      problems: () => seen,
    };
    try {
      await act(visitor);
      for (const page of context.pages()) seen.push(...(await findSecrets(page)));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error([message, ...complaintsOf(seen), `kept: ${await keep(context)}`].join('\n'), { cause: error });
    }
    if (seen.length > 0) throw new Error([...complaintsOf(seen), `kept: ${await keep(context)}`].join('\n'));
  } finally {
    await context.close();
  }
}

const complaintsOf = (seen: readonly string[]): string[] =>
  seen.length > 0 ? ['the browser complained:', ...seen] : [];

/** What a page stores that others could read later. The session's cookie is out of its reach. */
async function findSecrets(page: Page): Promise<string[]> {
  if (!page.url().startsWith('http')) return [];
  const stored = await page.evaluate<Record<string, string>>(`({
    localStorage: Object.keys(localStorage).map((key) => key + '=' + localStorage.getItem(key)).join(),
    sessionStorage: Object.keys(sessionStorage).map((key) => key + '=' + sessionStorage.getItem(key)).join(),
    cookies: document.cookie,
    'state of the history': JSON.stringify(history.state),
    URL: location.href,
  })`);
  return Object.entries(stored).flatMap(([where, text]) =>
    SECRET.test(text) ? [`a secret in ${where}: ${text}`] : [],
  );
}

/** Tells each problem of every page of the context, in one line. */
async function watch(context: BrowserContext, origin: string, tell: (problem: string) => void): Promise<void> {
  await context.exposeBinding('tellViolation', (_source, text: string) => tell(`content security policy: ${text}`));
  await context.addInitScript({
    content: `document.addEventListener('securitypolicyviolation', (event) =>
      tellViolation([event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber].join(' ')))`,
  });
  const isOurs = (url: string): boolean =>
    ['data:', 'blob:', 'about:'].includes(new URL(url).protocol) || new URL(url).host === new URL(origin).host;
  context.on('console', (message) => {
    // What is said of a failed request is told below, with its status.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      tell(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => tell(`not caught: ${error.error().stack ?? error.error().message}`));
  context.on('request', (request) => {
    if (!isOurs(request.url())) tell(`another origin: ${request.url()}`);
    if (SECRET.test(request.url())) tell(`a secret in a URL: ${request.url()}`);
  });
  context.on('response', (response) => {
    if (response.status() >= 400) tell(`${response.status()}: ${response.request().method()} ${response.url()}`);
  });
  context.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? 'no reason';
    // A page that is left, or a query that nobody waits for any more, ends its requests.
    if (reason !== 'net::ERR_ABORTED') tell(`${reason}: ${request.method()} ${request.url()}`);
  });
  context.on('page', (page) =>
    page.on('websocket', (socket) => {
      if (!isOurs(socket.url())) tell(`another origin: ${socket.url()}`);
      if (SECRET.test(socket.url())) tell(`a secret in a URL: ${socket.url()}`);
      socket.on('socketerror', (error) => tell(`websocket: ${error} ${socket.url()}`));
    }),
  );
}

let kept = 0;
/** A picture and the HTML of each tab. Answers where they are. */
async function keep(context: BrowserContext): Promise<string> {
  const folder = join(KEPT, `${process.pid}-${++kept}`);
  mkdirSync(folder, { recursive: true });
  for (const [index, page] of context.pages().entries()) {
    const path = join(folder, `tab-${index + 1}`);
    try {
      writeFileSync(`${path}.html`, `<!-- ${page.url()} -->\n${await page.content()}`);
      await page.screenshot({ path: `${path}.png`, fullPage: true, timeout: 5_000 });
    } catch (error) {
      // A tab that shows nothing must not hide why the test failed.
      writeFileSync(`${path}.txt`, String(error));
    }
  }
  return folder;
}
