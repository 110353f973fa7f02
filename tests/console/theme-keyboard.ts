import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { logIn, settle, until } from './act.ts';
import type { Use } from './stage.ts';

/** Everything by the keyboard alone: no test here touches a mouse. */
export function describeKeyboard(use: Use): void {
  describe('the keyboard alone', () => {
    const at = (path: string): string => `${use().platform.address}/console/t/${use().world().tenant.slug}${path}`;
    const focused = (page: Page): Promise<string> =>
      page.evaluate(
        `(({ activeElement: e }) => e.getAttribute('aria-label') ?? (e.labels?.[0]?.textContent || e.textContent || e.tagName))(document)`,
      );

    test('logs in, in the order that the page is read', async () => {
      const { platform, browser, world } = use();
      const { email, password } = world().people.viewer;
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        visitor.allow(/^401: GET \S+\/tenants/);
        await page.goto(`${platform.address}/console/login`);
        await page.getByRole('heading', { name: /^Log in/ }).waitFor();
        expect(await focused(page)).toBe('E-mail address');
        await page.keyboard.type(email);
        await page.keyboard.press('Tab');
        expect(await focused(page)).toContain('Password');
        await page.keyboard.type(password);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      });
    });

    test('skips the navigation, and each stop of Tab is to be seen', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        await page.goto(at('/instances'));
        await settle(page);
        await page.keyboard.press('Tab');
        expect(await focused(page)).toBe('Skip to the page');
        await page.keyboard.press('Enter');
        await page.keyboard.press('Tab');
        expect(await page.evaluate(`document.querySelector('main').contains(document.activeElement)`)).toBe(true);
        for (let stop = 0; stop < 25; stop++) {
          const look = await page.evaluate<{ name: string; seen: boolean }>(
            `(() => {
              const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
              const seen = e === document.body || (box.width > 0 && box.height > 0 && style.outlineStyle !== 'none' && style.outlineWidth !== '0px');
              return { name: e.outerHTML.slice(0, 150), seen };
            })()`,
          );
          expect(look).toEqual({ name: look.name, seen: true });
          await page.keyboard.press('Tab');
        }
      });
    });

    test('finds an instance by Ctrl-K and opens it; Escape gives the focus back', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        await page.goto(at('/instances'));
        await settle(page);
        await page.getByRole('searchbox').focus();
        await page.keyboard.press('Control+k');
        await page.getByRole('dialog').waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'hidden' });
        expect(await focused(page)).toMatch(/^Filter/);
        await page.keyboard.press('Control+k');
        await page.keyboard.type('queue-work');
        await page.getByRole('dialog').getByText('queue-worker').first().waitFor();
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { level: 1, name: /^queue-worker/ }).waitFor();
      });
    });

    test('opens a menu of a row, and leaves a dialog to where it came from', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        await page.goto(at('/vpcs'));
        await settle(page);
        await page.getByRole('button', { name: 'Actions on staging' }).focus();
        await page.keyboard.press('Enter');
        // The menu takes the focus after it has opened.
        await until(page, `document.activeElement.getAttribute('role') === 'menuitem'`);
        await page.keyboard.press('End');
        await expect.poll(() => focused(page)).toBe('Delete');
        await page.keyboard.press('Enter');
        await page.getByRole('dialog').waitFor();
        expect(await page.evaluate(`document.querySelector('dialog[open]').contains(document.activeElement)`)).toBe(
          true,
        );
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'hidden' });
        await expect.poll(() => focused(page)).toBe('Actions on staging');
      });
    });

    test('shows the page as code by one key, and a letter that is typed is text', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        await page.goto(at('/vpcs'));
        await settle(page);
        await page.keyboard.press('.');
        await page.getByRole('dialog').getByText('cloud vpcs list').waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('searchbox').focus();
        await page.keyboard.type('c.');
        expect(await page.getByRole('searchbox').inputValue()).toBe('c.');
        expect(await page.getByRole('dialog').isVisible()).toBe(false);
        await page.locator('h1').focus();
        await page.keyboard.press('c');
        await page.getByRole('heading', { level: 1, name: 'Create a VPC' }).waitFor();
      });
    });
  });
}
