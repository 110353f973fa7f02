import { describe, expect, test } from 'vitest';
import type { Page, WebSocketRoute } from 'playwright-core';
import { TINY } from '../acceptance/instances.ts';
import { logIn, until } from './act.ts';
import type { Use } from './stage.ts';

/** The rows that the terminal shows, without those that are empty. */
const ROWS = `[...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.trimEnd())`;

/** The hand-written pages of instances and VPCs: launching, power, terminal, log, metrics, the picture of a network. */
export function describeInstance(use: Use): void {
  describe('an instance on its page', () => {
    const at = (path: string): string => `${use().platform.address}/console/t/${use().world().tenant.slug}${path}`;
    const connected = (page: Page) => page.getByText('Connected', { exact: true }).waitFor();
    const shows = (page: Page, line: string) => until(page, `${ROWS}.some((row) => ${line})`);

    test('is launched by the form, typed into, read, measured, stopped and deleted', { timeout: 120_000 }, async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        // A reading that was asked for while it was being stopped.
        visitor.allow(/^409: GET \S+\/stats$/);
        await logIn(visitor, world().people.owner);
        await page.goto(at('/instances/new'));
        // Two instances of this kind are there already.
        expect(await page.getByLabel('Name').first().inputValue()).toBe('web-3');
        await page.getByRole('radio', { name: new RegExp(`^${TINY.id}`) }).check();
        await page.getByLabel('VPC', { exact: true }).selectOption({ label: 'staging (10.1.0.0/16)' });
        await page.getByText('More: variables').click();
        await page
          .getByRole('group', { name: /^Environment/ })
          .getByRole('button', { name: 'Add' })
          .click();
        await page.getByRole('textbox', { name: 'Name 1' }).fill('TOKEN');
        await page.getByRole('textbox', { name: 'Value 1' }).fill('only-when-asked');
        await page.getByLabel(/^Command/).fill(`sh -c 'while true; do echo "$TOKEN" | wc -c; sleep 1; done'`);
        await page.getByText('The same with code').click();
        await page.getByText(/cloud instances launch web-3/).waitFor();
        await page.evaluate('globalThis.neverReloaded = true');
        await page.getByLabel('Name').first().press('Enter');
        await page.getByRole('heading', { level: 1, name: /^web-3/ }).waitFor();
        await page.getByRole('heading', { level: 1, name: /RUNNING/ }).waitFor();

        // What it uses now, and what may hold credentials only when somebody asks.
        await page.getByText(/^\d+\.\d %$/).waitFor();
        expect(await page.content()).not.toContain('only-when-asked');
        await page.getByRole('button', { name: 'Show' }).click();
        await page.getByText('only-when-asked').waitFor();

        await page.getByRole('tab', { name: 'Terminal' }).click();
        await connected(page);
        await page.keyboard.type('hostname\n');
        await shows(page, `row === 'web-3'`);
        await page.keyboard.type(`printf '\\033[48;2;30;90;200mdeep\\033[0m\\n'; stty size\n`);
        await until(
          page,
          `[...document.querySelectorAll('.xterm-rows span')].some((one) => getComputedStyle(one).backgroundColor === 'rgb(30, 90, 200)')`,
        );
        await shows(page, `/^\\d+ \\d+$/.test(row)`);
        const sizeOf = `${ROWS}.filter((row) => /^\\d+ \\d+$/.test(row)).at(-1)`;
        const before = await page.evaluate<string>(sizeOf);
        await page.setViewportSize({ width: 800, height: 700 });
        // The program learns of it: each answer is the size that it has then.
        await expect
          .poll(
            async () => {
              await page.keyboard.type('clear; stty size\n');
              await page.waitForTimeout(300);
              return Number((await page.evaluate<string | undefined>(sizeOf))?.split(' ')[1]);
            },
            { timeout: 10_000 },
          )
          .toBeLessThan(Number(before.split(' ')[1]) - 10);
        await page.keyboard.press('Control+Shift+X');
        expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Shell');

        await page.getByRole('tab', { name: 'Log' }).click();
        const lines = `document.querySelectorAll('[role=log] [data-index]').length`;
        await until(page, `${lines} > 0`);
        expect(await page.locator('[role=log] [data-index]').first().textContent()).toBe('16');
        const seen = await page.evaluate<number>(lines);
        await until(page, `${lines} > ${seen}`);
        await page.getByLabel('Search the log').fill('16');
        await page
          .getByText(/^\d+ lines?$/)
          .first()
          .waitFor();
        await page.locator('[role=log] mark').first().waitFor();

        await page.getByRole('tab', { name: 'Metrics' }).click();
        await page.getByRole('img', { name: /^Memory of web-3: .+iB now/ }).waitFor();
        expect(await page.locator('.uplot canvas').count()).toBe(4);

        await page.getByRole('button', { name: 'Stop' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
        await page.getByRole('heading', { level: 1, name: /STOPPED/ }).waitFor({ timeout: 30_000 });
        await page.getByRole('button', { name: 'Stop', description: 'It is stopped' }).waitFor();
        await page.getByRole('tab', { name: 'Terminal' }).click();
        await page.getByText('The instance does not run').waitFor();
        await page.getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('dialog').getByRole('textbox').fill('web-3');
        await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('heading', { level: 1, name: 'Instances' }).waitFor();
        expect(await page.evaluate('globalThis.neverReloaded')).toBe(true);
      });
    });

    test('opens its terminal again by itself when the connection breaks', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        const sockets: WebSocketRoute[] = [];
        await page.routeWebSocket(/\/terminal/, (socket) => {
          socket.connectToServer();
          sockets.push(socket);
        });
        await page.goto(at(`/instances/${world().instances['web-1']}?tab=terminal`));
        await connected(page);
        await page.keyboard.type('first=yes; echo "is $first"\n');
        await shows(page, `row === 'is yes'`);
        // What is pasted is text: neither its Ctrl-C nor its escape sequence acts.
        await page.evaluate(`(() => {
          const clipboardData = new DataTransfer();
          clipboardData.setData('text/plain', 'echo "was \\u0003pasted\\u001b"\\n');
          document.querySelector('.xterm-helper-textarea')
            .dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
        })()`);
        await shows(page, `row === 'was pasted'`);
        // A program that is cut off leaves its own screen, and the mouse to itself.
        await page.keyboard.type(`printf '\\033[?1049h\\033[?1000h'\n`);
        await page.locator('.xterm.enable-mouse-events').waitFor({ state: 'attached' });
        await sockets[0]!.close({ code: 4503, reason: 'cut' });
        await page.getByText(/Connecting again, with a new session/).waitFor();
        await connected(page);
        expect(sockets.length).toBe(2);
        await page.locator('.xterm.enable-mouse-events').waitFor({ state: 'detached' });
        await shows(page, `row === 'was pasted'`);
        await page.keyboard.type('echo "is $first again"\n');
        await shows(page, `row === 'is  again'`);
      });
    });

    test('says at the field what the platform refuses', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        visitor.allow(/^409: POST \S+\/instances$/);
        await logIn(visitor, world().people.owner);
        await page.goto(at('/instances/new'));
        await page.getByRole('radio', { name: new RegExp(`^${TINY.id}`) }).check();
        await page.getByLabel('Name').first().fill('not a name');
        await page.getByLabel('Name').first().press('Enter');
        await page.getByRole('alert').filter({ hasText: 'Must be letters' }).waitFor();
        await page.getByLabel('Name').first().fill('web-1');
        await page.getByRole('button', { name: 'Launch' }).click();
        await page.getByRole('alert').filter({ hasText: 'web-1' }).waitFor();
        expect(page.url()).toMatch(/\/instances\/new$/);
      });
    });

    test('stands in the picture of its VPC, with the way to its page', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        await page.goto(at(`/vpcs/${world().vpcs.production}`));
        await page.getByText(/^In use: \d+$/).waitFor();
        await page.getByText('Router and NAT').waitFor();
        // In the picture and in the table.
        await until(
          page,
          `[...document.querySelectorAll('a')].filter((one) => one.textContent === 'api-1').length === 2`,
        );
        // What is launched elsewhere takes its place by itself.
        const { client } = world().people.owner;
        const late = { name: 'late', image: 'busybox', instance_type: TINY.id, vpc_id: world().vpcs.production };
        await client.ask('POST', '/instances?wait=30', late);
        await until(
          page,
          `[...document.querySelectorAll('a')].filter((one) => one.textContent === 'late').length === 2`,
        );
        await client.ask('DELETE', '/instances/late');
        await page.getByRole('link', { name: 'late', exact: true }).first().waitFor({ state: 'detached' });
        await page.setViewportSize({ width: 375, height: 812 });
        await until(page, 'document.documentElement.scrollWidth <= document.documentElement.clientWidth');
        await page.getByRole('link', { name: 'api-1' }).first().click();
        await page.getByRole('heading', { level: 1, name: /^api-1/ }).waitFor();
      });
    });
  });
}
