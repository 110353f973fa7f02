import { describe, expect, test } from 'vitest';
import { logIn } from './act.ts';
import type { Use } from './stage.ts';

/** The hand-written page of a secret: its value for ten seconds with the audit row of that, new values, and its versions. */
export function describeSecret(use: Use): void {
  describe('a secret on its page', () => {
    test('is created, revealed for ten seconds, given a new value, compared and taken back', {
      timeout: 120_000,
    }, async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        const at = (path: string): string => `${platform.address}/console/t/${world().tenant.slug}${path}`;
        await page.goto(at('/secrets/new'));
        await page.getByLabel('Name').first().fill('prod/db');
        await page.getByLabel('Value').first().fill('first-value');
        await page.getByLabel('Value').first().press('Enter');
        await page.getByRole('heading', { level: 1, name: /^prod\/db/ }).waitFor();
        const html = () => page.content();
        expect(await html()).not.toContain('first-value');

        await page.getByRole('button', { name: 'Reveal for 10 seconds' }).click();
        await page.getByText('first-value', { exact: true }).waitFor();
        await page.getByText(/^hidden again in \d+ s$/).waitFor();
        await page.getByText('The row that your last read has left:').waitFor();
        await page.getByText('secret.access').first().waitFor();
        // The value is gone by itself, from the whole document.
        await page.getByRole('button', { name: 'Reveal for 10 seconds' }).waitFor({ timeout: 15_000 });
        expect(await html()).not.toContain('first-value');

        await page.getByRole('button', { name: 'Make a random password' }).click();
        const typed = page.getByRole('textbox', { name: 'Value' });
        await expect.poll(() => typed.inputValue()).toMatch(/^.{32}$/);
        await typed.fill('second-value');
        await page.getByRole('button', { name: 'Store', exact: true }).click();
        await page.getByText('The new value of prod/db is stored').first().waitFor();
        expect(await typed.inputValue()).toBe('');

        await page.getByRole('tab', { name: 'Versions' }).click();
        await page.getByText('AWSPREVIOUS').first().waitFor();
        await page.getByText('11 bytes → 12 bytes').waitFor();
        await page.getByRole('button', { name: 'Make current' }).click();
        await page.getByText('The current version has changed').first().waitFor();
        await page.getByRole('tab', { name: 'Overview' }).click();
        await page.getByRole('button', { name: 'Reveal for 10 seconds' }).click();
        await page.getByText('first-value', { exact: true }).waitFor();
        await page.getByRole('button', { name: 'Hide' }).click();
        expect(await html()).not.toContain('first-value');
      });
    });

    test('is not there for a viewer', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        visitor.allow(/^403: GET/);
        await logIn(visitor, world().people.viewer);
        await visitor.page.goto(`${platform.address}/console/t/${world().tenant.slug}`);
        await visitor.page
          .getByRole('link', { name: 'Queues' })
          .or(visitor.page.getByRole('link', { name: 'VPCs' }))
          .first()
          .waitFor();
        expect(await visitor.page.getByRole('link', { name: 'Secrets' }).count()).toBe(0);
      });
    });
  });
}
