import { describe, expect, test } from 'vitest';
import { fillLogin, logIn, settle } from './act.ts';
import type { Use } from './stage.ts';

/** The address says where somebody is, and what others do comes to them by itself. */
export function describeLive(use: Use): void {
  describe('tabs and addresses', () => {
    const at = (path: string): string => `${use().platform.address}/console/t/${use().world().tenant.slug}${path}`;

    test('what is done in one tab is seen in the other, without a reload', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        await page.goto(at('/vpcs'));
        await page.getByRole('link', { name: 'production' }).waitFor();
        await page.evaluate('globalThis.neverReloaded = true');
        const other = await visitor.openTab();
        await other.goto(at('/vpcs/new'));
        await other.getByLabel('Name').first().fill('from-the-other');
        await other.locator('main button[type=submit]').click();
        await other.getByRole('heading', { level: 1, name: /^from-the-other/ }).waitFor();
        await page.getByRole('link', { name: 'from-the-other' }).waitFor();
        await other.getByRole('button', { name: 'Delete' }).click();
        await other.getByRole('dialog').getByRole('textbox').fill('from-the-other');
        await other.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('link', { name: 'from-the-other' }).waitFor({ state: 'detached' });
        expect(await page.evaluate('globalThis.neverReloaded')).toBe(true);
      });
    });

    test('Back and Forward go through pages and tabs of a page, and Reload stays', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
        await logIn(visitor, world().people.owner);
        await page.goto(at('/'));
        await heading('Overview');
        await page.getByRole('navigation').getByRole('link', { name: 'Instances' }).click();
        // The overview names it, too.
        await heading('Instances');
        await page.getByRole('link', { name: 'web-2' }).click();
        await heading(/^web-2/);
        await page.getByRole('tab', { name: 'Events' }).click();
        const there = page.url();
        expect(there).toMatch(/\/instances\/[^/]+\?tab=events$/);
        await page.reload();
        await page.getByRole('tab', { name: 'Events', selected: true }).waitFor();
        await page.goBack();
        await heading('Instances');
        await page.goBack();
        await heading('Overview');
        await page.goForward();
        await heading('Instances');
        await page.goForward();
        await heading(/^web-2/);
        expect(page.url()).toBe(there);
      });
    });

    test('a link to a page deep inside leads there after the login', async () => {
      const { platform, browser, world } = use();
      const link = at(`/instances/${world().instances['web-1']}?tab=events`);
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        visitor.allow(/^401: GET \S+\/tenants/);
        await page.goto(link);
        await page.getByRole('heading', { name: /^Log in/ }).waitFor();
        await fillLogin(page, world().people.viewer);
        await page.getByRole('heading', { level: 1, name: /^web-1/ }).waitFor();
        expect(page.url()).toBe(link);
        // The login is not in the history: Back leaves the console.
        await settle(page);
        await page.goBack();
        expect(page.url()).not.toContain('/login');
      });
    });

    test('a page that there is not says so, and leads on', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        visitor.allow(/^404: /);
        await logIn(visitor, world().people.owner);
        for (const path of ['/nothing', '/instances/nothing', '/instances/web-1/nothing/at/all']) {
          await page.goto(at(path));
          await settle(page);
          expect(await page.locator('body').innerText()).toMatch(/there is no|no such|not found/i);
        }
      });
    });
  });
}
