import { describe, expect, test } from 'vitest';
import type { Visitor } from './browser.ts';
import { logIn, settle } from './act.ts';
import type { Use } from './stage.ts';

/** What of the platform may end or go away while somebody works. */
const AWAY = [/^net::ERR_/, /^50[234]: /, /^websocket: /];

/** Whatever ends in the middle of work, the page says so, and the work goes on. */
export function describeSessions(use: Use): void {
  describe('in the middle of work', () => {
    const at = (path: string): string => `${use().platform.address}/console/t/${use().world().tenant.slug}${path}`;
    const visit = (act: (visitor: Visitor) => Promise<void>): Promise<void> =>
      use().browser.visit(use().platform.address, act);

    test('a session that is ended elsewhere asks for the password, and the page keeps what was typed', async () => {
      const { developer } = use().world().people;
      await visit(async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, developer);
        await page.goto(at('/vpcs/new'));
        await page.getByLabel('Name').first().fill('typed-before');
        visitor.allow(/^401: /);
        await developer.client.ask('POST', '/auth/sessions/end-others', {});
        const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
        await dialog.waitFor();
        await dialog.getByLabel('Password').fill(developer.password);
        await dialog.getByRole('button', { name: 'Log in' }).click();
        await dialog.waitFor({ state: 'detached' });
        expect(await page.getByLabel('Name').first().inputValue()).toBe('typed-before');
        await page.getByRole('navigation').getByRole('link', { name: 'Instances' }).click();
        await page.getByRole('link', { name: 'web-1' }).waitFor();
      });
    });

    test('a key that is revoked cannot be used by a page that is open', async () => {
      const { platform } = use();
      const { developer } = use().world().people;
      await visit(async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, developer);
        await page.goto(at('/instances'));
        await page.getByRole('link', { name: 'web-1' }).waitFor();
        visitor.allow(/^401: /);
        await platform.query(
          // The page's own is the newest; other tests go on with the user's others.
          `update api_keys set revoked_at = now()
           where id = (select k.id from api_keys k join users u on u.id = k.user_id
                       where k.kind = 'session' and u.email = $1 and k.revoked_at is null order by k.created_at desc limit 1)`,
          [developer.email],
        );
        await page.getByRole('navigation').getByRole('link', { name: 'VPCs' }).click();
        await page.getByRole('dialog', { name: 'Your session has ended' }).waitFor();
      });
    });

    test('a logout in one tab ends all of them, and Back shows nothing', async () => {
      await visit(async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, use().world().people.developer);
        await page.goto(at('/instances'));
        await page.getByRole('link', { name: 'web-1' }).waitFor();
        const other = await visitor.openTab();
        await other.goto(at('/vpcs'));
        await settle(other);
        visitor.allow(/^401: /);
        await other.getByRole('button', { name: /^Your account/ }).click();
        await other.getByRole('menuitem', { name: 'Log out' }).click();
        for (const tab of [other, page]) await tab.getByRole('heading', { name: /^Log in/ }).waitFor();
        await other.goBack();
        await other.getByRole('heading', { name: /^Log in/ }).waitFor();
        for (const tab of [other, page]) expect(await tab.locator('body').innerText()).not.toMatch(/production|web-1/);
      });
    });

    test('the API restarts: a banner says so and goes by itself, and what was typed is still there', async () => {
      const { platform } = use();
      await visit(async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, use().world().people.owner);
        await page.goto(at('/vpcs/new'));
        await page.getByLabel('Name').first().fill('typed-before');
        visitor.allow(AWAY[0]!);
        visitor.allow(AWAY[1]!);
        process.kill(await platform.pid('api'), 'SIGSTOP');
        const stopped = await platform.pid('api');
        try {
          await page.locator('main button[type=submit]').click();
          process.kill(stopped, 'SIGKILL');
          await page.getByText('The platform does not answer').waitFor();
        } finally {
          await platform.pid('api');
        }
        await page.getByText('The platform does not answer').waitFor({ state: 'detached' });
        if (await page.locator('main form').isVisible()) {
          expect(await page.getByLabel('Name').first().inputValue()).toBe('typed-before');
          await page.locator('main button[type=submit]').click();
        }
        await page.getByRole('heading', { level: 1, name: /^typed-before/ }).waitFor();
      });
    });

    test('the worker is away: what waits for it says so, and comes up once it is back', async () => {
      const { platform } = use();
      const { owner } = use().world().people;
      await visit(async (visitor) => {
        const { page } = visitor;
        visitor.allow(AWAY[1]!);
        visitor.allow(AWAY[2]!);
        await logIn(visitor, owner);
        await page.goto(at('/instances/load-test'));
        await page.getByText('STOPPED').first().waitFor();
        const worker = await platform.pid('worker');
        process.kill(worker, 'SIGSTOP');
        try {
          await page.getByRole('button', { name: 'Start' }).click();
          await page.getByText('STARTING').first().waitFor();
        } finally {
          process.kill(worker, 'SIGCONT');
        }
        await page.getByText('RUNNING').first().waitFor();
      });
      await owner.client.ask('POST', '/instances/load-test/stop?wait=30');
    });
  });
}
