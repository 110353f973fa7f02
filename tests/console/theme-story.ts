import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { PASSWORD } from '../../packages/testkit/src/platform-client.ts';
import { until } from './act.ts';
import type { Use } from './stage.ts';
import { OPERATOR } from './world.ts';

/** From a platform that nobody has used to an instance, and back, in one browser and without the command line. */
export function describeStory(use: Use): void {
  describe('the first visit', () => {
    test('from nobody to an instance with a terminal, its log, its end', { timeout: 180_000 }, async () => {
      const { platform, browser } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        // Nobody is logged in yet.
        visitor.allow(/^401: GET \S+\/tenants/);
        const press = (name: string | RegExp) => page.getByRole('button', { name }).click();
        const follow = (name: string | RegExp) => page.getByRole('link', { name }).first().click();
        const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();

        await page.goto(platform.address);
        await heading('Welcome to your cloud');
        await page.getByLabel('Name').fill(OPERATOR.name);
        await page.getByLabel('E-mail address').fill(OPERATOR.email);
        await page.getByLabel('Password').fill(PASSWORD);
        await page.locator('button[type=submit]').click();
        await heading('Overview');

        await page.getByRole('button', { name: /^Tenant: / }).click();
        await page.getByRole('menuitem', { name: 'New tenant' }).click();
        await page.getByLabel('Name').first().fill('First light');
        await page.locator('main button[type=submit]').click();
        await page.getByText('First light').first().waitFor();
        await page.goto(`${platform.address}/console/t/first-light/`);

        await page.getByRole('navigation').getByRole('link', { name: 'VPCs' }).click();
        await follow('Create a VPC');
        await page.getByLabel('Name').first().fill('net');
        await page.locator('main button[type=submit]').click();
        await heading(/^net/);
        await page.getByText('active').first().waitFor();

        await page.getByRole('navigation').getByRole('link', { name: 'Instances' }).click();
        await follow('Launch an instance');
        await page.getByLabel('Name').first().fill('web');
        await page.locator('main button[type=submit]').click();
        await heading(/^web/);
        // It comes up in front of the visitor, who reloads nothing.
        await page.getByText('RUNNING').first().waitFor();

        await page.getByRole('tab', { name: 'Terminal' }).click();
        await page.locator('.xterm').click();
        await expectTerminal(page, /[#$] *$/m);
        await page.keyboard.type('hostname; echo to-the-log > /dev/console\n');
        await expectTerminal(page, /^web$/m);

        await page.getByRole('tab', { name: 'Log' }).click();
        await page.getByText('to-the-log').last().waitFor();

        await press('Stop');
        await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
        await page.getByText('STOPPED').first().waitFor();

        await press('Delete');
        const dialog = page.getByRole('dialog');
        expect(await dialog.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
        await dialog.getByRole('textbox').fill('web');
        await dialog.getByRole('button', { name: 'Delete' }).click();
        await heading('Instances');
        await page.getByText('No instances yet').waitFor();
      });
    });
  });
}

/** Waits until a line of the terminal is as wanted. xterm.js keeps each line in an element. */
const expectTerminal = (page: Page, wanted: RegExp): Promise<void> =>
  until(
    page,
    `${wanted}.test([...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.replaceAll('\\u00a0', ' ').trimEnd()).join('\\n').trimEnd())`,
  );
