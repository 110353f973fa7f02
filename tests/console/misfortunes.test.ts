import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';
import { type Actor, PASSWORD } from '../../packages/server/src/testing/test-api.ts';
import { ensureConsole } from '../../scripts/console.mjs';
import { logIn, settle } from './act.ts';
import { startBrowser, type Visitor } from './browser.ts';

const { api, owner } = await setUpApi({ consoleDir: await ensureConsole() });
const browser = await startBrowser();
afterAll(() => browser.close());

const slugOf = async (tenantId: string): Promise<string> => {
  const { rows } = await api.owner.query<{ slug: string }>('select slug from tenants where id = $1', [tenantId]);
  return rows[0]!.slug;
};

/** Runs `act` as somebody who is logged in, at a page of their tenant. */
async function visitAs(
  actor: Actor,
  path: string,
  act: (page: Page, visitor: Visitor) => Promise<void>,
  allow: readonly RegExp[] = [],
): Promise<void> {
  const base = `${api.url}/console/t/${await slugOf(actor.tenantId)}`;
  await browser.visit(
    api.url,
    async (visitor) => {
      await logIn(visitor, { email: actor.email, password: PASSWORD });
      await visitor.page.goto(`${base}${path}`);
      await act(visitor.page, visitor);
    },
    { allow },
  );
}

/** Counts the requests of a page for a path while some time passes. */
async function countAsked(page: Page, path: string, ms: number): Promise<number> {
  let asked = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === path) asked++;
  });
  await page.waitForTimeout(ms);
  return asked;
}

const refusal = (status: number, code: string, message: string) => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify({ error: { code, message } }),
});

describe('what is refused', { timeout: 60_000 }, () => {
  test('is not asked for again and again: the page of a tenant that is closed to the user while it is open', async () => {
    const actor = await api.makeActor();
    const { tenantId } = actor;
    await visitAs(
      actor,
      `/tenants/${tenantId}`,
      async (page) => {
        await page.getByRole('heading', { level: 1, name: 'A tenant' }).waitFor();
        // The stream of events has begun.
        await page.waitForTimeout(1_500);
        await page.route(`**/tenants/${tenantId}`, (route) =>
          route.fulfill(refusal(403, 'FORBIDDEN', 'the tenant is suspended')),
        );
        const refused = page.waitForResponse((response) => response.status() === 403);
        await api.call('tenants.update', { id: tenantId, name: 'Renamed' }, actor);
        await refused;
        expect(await countAsked(page, `/tenants/${tenantId}`, 2_000)).toBeLessThan(4);
      },
      [/^403: /],
    );
  });

  test('is not asked for again and again: the rest of a list', async () => {
    const { tenantId, userId } = await api.makeActor();
    const actor = { ...(await api.makeMember(tenantId, 'owner')), tenantId };
    await api.owner.query(
      `insert into instances (user_id, tenant_id, name, image, status, container_id, host_id, power, observed_version, started_at, instance_type)
       select $1, $2, 'vm-' || n, 'busybox', 'RUNNING', 'tc-' || n, $3, 'running', 1, now(), 'basic-1' from generate_series(1, 300) n`,
      [userId, tenantId, api.hostId],
    );
    await visitAs(
      actor,
      '/instances',
      async (page) => {
        await page.route(/\/instances\?.*cursor=/, (route) => route.fulfill(refusal(400, 'INVALID_INPUT', 'no more')));
        await page.getByRole('row').nth(5).waitFor();
        const asking = countAsked(page, '/instances', 2_000);
        await page.locator('[aria-rowindex="2"]').focus();
        await page.keyboard.press('End');
        await page.getByText('No more').waitFor();
        expect(await asking).toBeLessThan(4);
        await page.unroute(/\/instances\?.*cursor=/);
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.keyboard.press('Escape');
        await page.locator('[aria-rowindex="200"]').focus();
        await page.getByText('300', { exact: true }).waitFor();
      },
      [/^400: /],
    );
  });
});

describe('a logout', { timeout: 60_000 }, () => {
  test('that the platform does not answer says that the session is still open', async () => {
    await visitAs(
      owner,
      '/vpcs',
      async (page) => {
        await settle(page);
        await page.route('**/auth/logout', (route) => route.abort('connectionreset'));
        const logOut = async () => {
          await page.getByRole('button', { name: /^Your account/ }).click();
          await page.getByRole('menuitem', { name: 'Log out' }).click();
        };
        await logOut();
        await page.getByText('You are still logged in').waitFor();
        expect(await page.getByRole('heading', { level: 1, name: 'VPCs' }).isVisible()).toBe(true);
        await page.unroute('**/auth/logout');
        await logOut();
        await page.getByRole('heading', { name: /^Log in/ }).waitFor();
        await page.getByText('You are still logged in').waitFor({ state: 'detached' });
      },
      // What the page still reads when the session ends.
      [/ERR_CONNECTION_RESET/, /^401: GET/],
    );
  });
});

describe('another user', { timeout: 60_000 }, () => {
  test('who has the session now sees nothing of who had it before', async () => {
    await api.call('vpcs.create', { name: 'of-the-one-before' }, owner);
    const next = await api.makeActor();
    await visitAs(
      owner,
      '/vpcs',
      async (page, visitor) => {
        await page.getByRole('link', { name: 'of-the-one-before' }).waitFor();
        // Without the page that would tell the other tabs.
        await logIn(visitor, { email: next.email, password: PASSWORD });
        await page.getByRole('navigation').getByRole('link', { name: 'Roles' }).click();
        await page.waitForURL(`${api.url}/console/t/${await slugOf(next.tenantId)}`);
        await settle(page);
        await page.getByRole('button', { name: `Your account: ${next.email}` }).waitFor();
        await page.getByRole('navigation').getByRole('link', { name: 'VPCs' }).click();
        await page.getByText('No vpcs yet').waitFor();
        expect(await page.getByText('of-the-one-before').count()).toBe(0);
      },
      [/^40[34]: GET/],
    );
  });
});

describe('a secret that was shown once', { timeout: 60_000 }, () => {
  test('is kept nowhere once its page is left', async () => {
    await visitAs(owner, '/keys/new', async (page) => {
      await page.getByLabel('Name').fill('seen-once');
      await page.locator('main button[type=submit]').click();
      await page.getByText('nobody can show them again').waitFor();
      /** What the mutations of the page have kept: the client is found as React's developer tools would. */
      const kept = (): Promise<string> =>
        page.evaluate<string>(`(() => {
          const root = document.getElementById('root');
          let fiber = root[Object.keys(root).find((key) => key.startsWith('__reactContainer'))];
          while (!fiber.memoizedProps?.client?.getMutationCache) fiber = fiber.child;
          return JSON.stringify(fiber.memoizedProps.client.getMutationCache().getAll().map(({ state }) => state));
        })()`);
      expect(await kept()).toMatch(/thecloud_/);
      await page.getByRole('button', { name: 'I have copied it' }).click();
      await page.getByRole('link', { name: 'seen-once' }).waitFor();
      await expect.poll(kept).not.toMatch(/thecloud_/);
    });
  });
});

describe('a dialog with a form', { timeout: 60_000 }, () => {
  test('stays on a click beside it, with what was typed', async () => {
    const { data } = await api.call('vpcs.create', { name: 'clicked-beside' }, owner);
    await visitAs(owner, `/vpcs/${data.id as string}`, async (page) => {
      await page.getByRole('button', { name: 'Update' }).click();
      const name = page.getByRole('dialog').getByLabel('Name');
      await name.fill('typed-before');
      await page.mouse.click(5, 5);
      expect(await name.inputValue()).toBe('typed-before');
      await page.keyboard.press('Escape');
      await name.waitFor({ state: 'detached' });
    });
  });
});

describe('a number that was there', { timeout: 60_000 }, () => {
  test('is not left out without a word when it is taken away, or is none any more', async () => {
    const operator = await api.makeActor();
    await api.owner.query(`update users set role = 'admin' where id = $1`, [operator.userId]);
    await visitAs(operator, `/hosts/${api.hostId}`, async (page) => {
      await page.getByRole('button', { name: 'Set limits' }).click();
      const dialog = page.getByRole('dialog');
      const [first, other] = [dialog.getByLabel(/^Overcommit CPU/i), dialog.getByLabel(/^Limit memory/i)];
      await other.fill('77');
      await first.fill('8');
      await first.press('End');
      await page.keyboard.type('-9');
      await dialog.getByRole('button', { name: 'Set' }).click();
      await dialog.getByText('Must be a number').waitFor();
      await first.fill('');
      await dialog.getByRole('button', { name: 'Set' }).click();
      await dialog.getByText('Cannot be emptied').waitFor();
      await first.fill('8');
      await dialog.getByRole('button', { name: 'Set' }).click();
      await dialog.waitFor({ state: 'detached' });
    });
  });
});

describe('the palette', { timeout: 60_000 }, () => {
  test('does not offer what was found for an earlier text as what fits a later one', async () => {
    await api.call('vpcs.create', { name: 'harbour' }, owner);
    // Where no list of VPCs has been read.
    await visitAs(owner, '/keys', async (page) => {
      await settle(page);
      await page.keyboard.press('Control+k');
      const dialog = page.getByRole('dialog', { name: 'Search or do something' });
      await dialog.getByRole('combobox').fill('harb');
      await dialog.getByRole('option', { name: /^harbour/ }).waitFor();
      let asked = false;
      let answer = (): void => undefined;
      const held = new Promise<void>((resolve) => (answer = resolve));
      await page.route(/\/search\?/, async (route) => {
        asked = true;
        await held;
        await route.continue();
      });
      await dialog.getByRole('combobox').fill('zzz-nothing');
      await expect.poll(() => asked).toBe(true);
      await page.waitForTimeout(100);
      expect(await dialog.getByRole('option', { name: /^harbour/ }).count()).toBe(0);
      answer();
      await dialog.getByText('Nothing here is called').waitFor();
    });
  });
});

describe('a part of the console that did not come', { timeout: 60_000 }, () => {
  test('comes by "Try again"', async () => {
    await visitAs(
      owner,
      '/',
      async (page) => {
        await settle(page);
        const parts = /\/console\/assets\/.*page.*\.js/;
        await page.route(parts, (route) => route.abort('connectionreset'));
        await page.getByRole('navigation').getByRole('link', { name: 'Members', exact: true }).click();
        await page.getByRole('heading', { level: 1, name: 'Something is missing' }).waitFor();
        await page.unroute(parts);
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.getByRole('heading', { level: 1, name: 'Members' }).waitFor();
      },
      [/ERR_CONNECTION_RESET/, /^console: TypeError: Failed to fetch dynamically imported module/],
    );
  });
});
