import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';
import { installPackages, run } from '../packages/pack.ts';

// The packed SDK on the runtimes that it promises besides Node. Deno and Bun take 200 MB to fetch, which is too much for every run of CI.
// Their versions are fixed; the browser is the distribution's.

const RUNTIMES = ['@deno/linux-x64-glibc@2.9.6', '@oven/bun-linux-x64@1.4.5'];
const BROWSER = 'chromium-headless-shell';
const obstacle = process.arch !== 'x64' ? 'they are for x64' : undefined;
if (obstacle !== undefined) console.warn(`NOT RUN, the SDK in Deno, Bun and Chromium: ${obstacle}`);

/** The same program everywhere: `check(endpoint, key)` answers what it found. */
const PROGRAM = `
import { createClient, ConflictError, NotFoundError, UnauthorizedError } from '@thecloud/sdk';

export async function check(endpoint, apiKey) {
  const cloud = createClient({ endpoint, apiKey });
  const names = [];
  const key = 'one-' + Math.random();
  const first = await cloud.vpcs.create({ name: 'made-here' }, { idempotencyKey: key });
  const again = await cloud.vpcs.create({ name: 'made-here' }, { idempotencyKey: key });
  for (let n = 0; n < 3; n++) await cloud.vpcs.create({ name: 'more-' + n });
  for await (const vpc of cloud.vpcs.listAll({ limit: 2 })) names.push(vpc.name);
  const caught = (call) => call.then(() => undefined, (error) => error);
  const missing = await caught(cloud.vpcs.get('nowhere'));
  const taken = await caught(cloud.vpcs.create({ name: 'made-here' }));
  const unknown = await caught(createClient({ endpoint, apiKey: 'thecloud_' + '0'.repeat(32) }).vpcs.list());
  const aborted = await caught(cloud.vpcs.list({}, { signal: AbortSignal.abort(new Error('enough')) }));
  const updated = await cloud.vpcs.update({ id: first.id, name: 'renamed' }, { ifMatch: first.version });
  let log = '';
  const instance = await cloud.instances.launch({ name: 'web', image: 'busybox' });
  for await (const chunk of cloud.instances.logsStream({ id: instance.id })) log += new TextDecoder().decode(chunk);
  const seen = [];
  let nth = 0;
  const happening = setInterval(() => cloud.vpcs.update({ id: first.id, name: 'renamed-' + nth++ }).catch(() => undefined), 100);
  for await (const { id, data } of cloud.events.stream({ action: 'VPC_UPDATE' })) {
    seen.push(id !== '' && data.resource_id === first.id);
    if (seen.length === 2) break;
  }
  clearInterval(happening);
  for (const name of [first.id, 'more-0', 'more-1', 'more-2']) await cloud.vpcs.delete(name);
  await cloud.instances.delete(instance.id);
  return {
    once: first.id === again.id,
    names: names.sort(),
    missing: missing instanceof NotFoundError && missing.requestId !== undefined,
    taken: taken instanceof ConflictError,
    unknown: unknown instanceof UnauthorizedError,
    aborted: aborted.message,
    updated: updated.name,
    log,
    seen,
  };
}
`;
const FOUND = {
  once: true,
  names: ['made-here', 'more-0', 'more-1', 'more-2'],
  missing: true,
  taken: true,
  unknown: true,
  aborted: 'enough',
  updated: 'renamed',
  log: 'booted',
  seen: [true, true],
};
const LIVE = {
  'instances.logs': {
    stream: async () =>
      (async function* log() {
        yield Buffer.from('booted');
      })(),
  },
};

describe.skipIf(obstacle !== undefined)('the packed SDK', () => {
  let root: string;
  let project: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'thecloud-runtimes-'));
    project = await installPackages(root, ['sdk']);
    writeFileSync(join(project, 'program.js'), PROGRAM);
    writeFileSync(
      join(project, 'main.js'),
      `import { check } from './program.js'; console.log(JSON.stringify(await check(...process.argv.slice(2))));`,
    );
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('works in Deno and in Bun', async () => {
    const { api } = await setUpApi({ live: LIVE });
    const tools = join(root, 'tools');
    await run('npm', ['install', '--prefix', tools, '--no-audit', '--no-fund', '--ignore-scripts', ...RUNTIMES], root);
    const deno = join(tools, 'node_modules/@deno/linux-x64-glibc/deno');
    const bun = join(tools, 'node_modules/@oven/bun-linux-x64/bin/bun');
    const key = async () => (await api.makeActor()).key;
    // The network is all that it needs.
    const inDeno = [
      'run',
      '--no-remote',
      '--node-modules-dir=manual',
      '--allow-net=127.0.0.1',
      'main.js',
      api.url,
      await key(),
    ];
    const env = { DENO_DIR: join(root, 'deno'), DENO_NO_UPDATE_CHECK: '1' };
    expect(JSON.parse(await run(deno, inDeno, project, env))).toEqual(FOUND);
    expect(JSON.parse(await run(bun, ['main.js', api.url, await key()], project))).toEqual(FOUND);
  });

  test('works in a page of an origin that the operator allows, and in no other', async () => {
    const page = await servePage(project);
    try {
      const open = await setUpApi({ live: LIVE, corsOrigins: [page.origin] });
      const closed = await setUpApi({ live: LIVE, corsOrigins: ['https://console.example.com'] });
      expect(await page.visit(open.api.url, open.owner.key)).toEqual(FOUND);
      // The browser tells the page no more than that.
      expect(await page.visit(closed.api.url, closed.owner.key)).toMatchObject({ failed: 'CloudConnectionError' });
      const { rows } = await closed.api.owner.query('select count(*)::int as count from vpcs');
      expect(rows).toEqual([{ count: 0 }]);
    } finally {
      await page.stop();
    }
  });
});

/** A page that runs the program in Chromium, and says what came of it to the server that it came from. */
async function servePage(project: string) {
  const { outputFiles } = await build({
    entryPoints: [join(project, 'program.js')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
  });
  let tell: (found: unknown) => void = () => undefined;
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://page');
    if (url.pathname === '/program.js')
      return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(outputFiles[0]!.text);
    if (url.pathname === '/found') {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      tell(JSON.parse(text));
      return void response.end();
    }
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><script type="module">
      import { check } from '/program.js';
      const { endpoint, key } = Object.fromEntries(new URLSearchParams(location.search));
      const found = await check(endpoint, key).catch((error) => ({ failed: error.name, message: error.message }));
      await fetch('/found', { method: 'POST', body: JSON.stringify(found) });
    </script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Removed with the project: what the browser leaves running for a moment still writes here.
  const profile = mkdtempSync(join(project, 'browser-'));
  const end = async (browser: ChildProcess) => {
    if (browser.exitCode !== null || browser.signalCode !== null) return;
    browser.kill('SIGKILL');
    await once(browser, 'exit');
  };
  return {
    origin,
    async visit(endpoint: string, key: string): Promise<unknown> {
      const found = new Promise((resolve) => (tell = resolve));
      const query = new URLSearchParams({ endpoint, key });
      const args = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${profile}`,
        '--remote-debugging-port=0',
      ];
      const browser = spawn(BROWSER, [...args, `${origin}/?${query}`], { stdio: 'ignore' });
      const late = new Promise((_, reject) =>
        setTimeout(() => reject(new Error('the page said nothing in 60 s')), 60_000).unref(),
      );
      try {
        return await Promise.race([found, late]);
      } finally {
        await end(browser);
      }
    },
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
