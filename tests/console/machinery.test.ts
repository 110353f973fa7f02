import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';
import { type Actor, PASSWORD } from '../../packages/server/src/testing/test-api.ts';
import { ensureConsole } from '../../scripts/console.mjs';
import { startBrowser, type Visitor } from './browser.ts';

const { api, owner } = await setUpApi({ consoleDir: await ensureConsole() });
const browser = await startBrowser();
afterAll(() => browser.close());

/** As many as a list must show without a stutter. */
const MANY = 10_000;

const slugOf = async ({ tenantId }: Pick<Actor, 'tenantId'>): Promise<string> => {
  const { rows } = await api.owner.query<{ slug: string }>('select slug from tenants where id = $1', [tenantId]);
  return rows[0]!.slug;
};

/** Runs `act` as somebody who is logged in, at a page of the owner's tenant. */
async function visitAs(
  actor: Actor,
  path: string,
  act: (page: Page, visitor: Visitor) => Promise<void>,
  allow: readonly RegExp[] = [],
): Promise<void> {
  const base = `${api.url}/console/t/${await slugOf(actor)}`;
  await browser.visit(
    api.url,
    async (visitor) => {
      const { page } = visitor;
      await page.goto(`${base}${path}`);
      await page.getByLabel('E-mail address').fill(actor.email);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.waitForURL(`${base}${path}`);
      await act(page, visitor);
    },
    { allow: [/^401: GET \S+\/tenants/, ...allow] },
  );
}

const makeVpc = async (name: string): Promise<string> =>
  (await api.call('vpcs.create', { name }, owner)).data.id as string;
const rename = (id: string, name: string) => api.call('vpcs.update', { id, name }, owner);

describe('a long list', { timeout: 60_000 }, () => {
  const fill = async () => {
    const crowd = await api.makeActor();
    await api.owner.query(
      `insert into instances (user_id, tenant_id, name, image, status, container_id, host_id, power, observed_version, started_at, instance_type)
       select $1, $2, 'vm-' || n, 'busybox', 'RUNNING', 'tc-' || n, $3, 'running', 1, now(), 'basic-1' from generate_series(1, $4::int) n`,
      [crowd.userId, crowd.tenantId, api.hostId, MANY],
    );
    return crowd;
  };

  test('is looked through whole, sorted, and both stand in the address', async () => {
    await visitAs(await fill(), '/instances', async (page) => {
      await page.getByRole('row').nth(5).waitFor();
      // Only what is in sight is in the document.
      expect(await page.getByRole('row').count()).toBeLessThan(60);
      await page.getByLabel('Filter instances').fill('vm-999');
      await page.getByText('11 of 10,000').waitFor();
      await page.getByRole('button', { name: 'Name' }).click();
      await page.waitForURL(/\?q=vm-999&sort=name$/);
      const first = page.getByRole('row').nth(1).getByRole('link');
      expect(await first.textContent()).toBe('vm-999');
      await page.getByRole('button', { name: 'Name' }).click();
      await page.waitForURL(/sort=-name$/);
      expect(await first.textContent()).toBe('vm-9999');
      await page.reload();
      await page.getByText('11 of 10,000').waitFor();
      expect(await first.textContent()).toBe('vm-9999');
      expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('12');
    });
  });

  test('is gone through with the keyboard, and Enter opens a row', async () => {
    await visitAs(await fill(), '/instances', async (page, { allow }) => {
      // They run on no machine, so nothing is known of what they use.
      allow(/^\d+: GET \S+\/instances\/[^/]+\//);
      await page.getByLabel('Filter instances').fill('vm-');
      await page.getByText('10,000 of 10,000').waitFor();
      const focused = () => page.evaluate('document.activeElement.getAttribute("aria-rowindex")');
      await page.locator('[aria-rowindex="2"]').focus();
      for (let presses = 0; presses < 40; presses++) await page.keyboard.press('ArrowDown');
      expect(await focused()).toBe('42');
      await page.keyboard.press('End');
      await page.locator(`[aria-rowindex="${MANY + 1}"]`).waitFor();
      await expect.poll(focused).toBe(String(MANY + 1));
      await page.keyboard.press('ArrowUp');
      await expect.poll(focused).toBe(String(MANY));
      const name = await page.locator(':focus').getByRole('link').first().textContent();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: name! }).waitFor();
    });
  });
});

describe('a form', { timeout: 60_000 }, () => {
  test('says at its field what the API refuses, gives it the focus, and keeps what was typed', async () => {
    await visitAs(
      owner,
      '/tenants/new',
      async (page) => {
        await page.getByLabel('Name').fill('from a form');
        await page.getByLabel(/^Slug/).fill('---');
        await page.locator('main button[type=submit]').click();
        expect(await page.getByRole('alert').textContent()).toBe(
          "'---' has no letter from a to z and no digit; choose another slug",
        );
        const field = page.getByLabel(/^Slug/);
        expect(await field.getAttribute('aria-invalid')).toBe('true');
        expect(await page.evaluate('document.activeElement.id')).toBe(await field.getAttribute('id'));
        expect(await page.getByLabel('Name').inputValue()).toBe('from a form');
      },
      [/^400: POST \S+\/tenants/],
    );
  });

  test('that was not answered makes one thing, however often it is sent', async () => {
    await visitAs(
      owner,
      '/invitations/new',
      async (page) => {
        let sent = 0;
        await page.route('**/invitations', async (route) => {
          if (route.request().method() !== 'POST') return route.continue();
          // The platform does it, and its first answers are lost.
          sent++;
          await route.fetch();
          return sent <= 3 ? route.abort('connectionreset') : route.continue();
        });
        await page.getByLabel('Email').fill('lost@example.com');
        await page.getByLabel('Role').fill('viewer');
        const send = page.locator('main button[type=submit]');
        await send.click();
        await page.getByRole('alert').waitFor();
        await send.click();
        await page.getByText('lost@example.com was created').waitFor();
        expect(sent).toBeGreaterThan(3);
      },
      [/ERR_CONNECTION_RESET/],
    );
    const { data } = await api.call('invitations.list', { tenant: 'current' }, owner);
    expect(data.filter(({ email }: { email: string }) => email === 'lost@example.com')).toHaveLength(1);
  });

  test('for something that somebody else has just changed shows the change, and goes on', async () => {
    const id = await makeVpc('before');
    await visitAs(
      owner,
      `/vpcs/${id}`,
      async (page) => {
        await page.getByRole('heading', { level: 1, name: 'before' }).waitFor();
        await page.getByRole('button', { name: 'Update' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('Name').fill('mine');
        await rename(id, 'theirs');
        await dialog.getByRole('button', { name: 'Update' }).click();
        await dialog.getByText('It was changed while you edited it').waitFor();
        expect(await dialog.getByRole('listitem').textContent()).toBe('Name: before → theirs');
        expect(await dialog.getByLabel('Name').inputValue()).toBe('mine');
        await dialog.getByRole('button', { name: 'Go on from the newest' }).click();
        await dialog.getByRole('button', { name: 'Update' }).click();
        await page.getByRole('heading', { level: 1, name: 'mine' }).waitFor();
      },
      [/^409: PATCH/],
    );
    expect((await api.call('vpcs.get', { id }, owner)).data.name).toBe('mine');
  });
});

describe('what others do', { timeout: 90_000 }, () => {
  test('comes to seven tabs by one stream, and each of them still calls', async () => {
    const id = await makeVpc('shared');
    await visitAs(owner, '/vpcs', async (page, visitor) => {
      const tabs = [page];
      await page.getByRole('link', { name: 'shared' }).waitFor();
      while (tabs.length < 7) {
        const tab = await visitor.openTab();
        await tab.goto(page.url());
        // A connection must be left for it.
        await tab.getByRole('link', { name: 'shared' }).waitFor();
        tabs.push(tab);
      }
      await rename(id, 'known-to-all');
      for (const tab of tabs) await tab.getByRole('link', { name: 'known-to-all' }).waitFor();
    });
  });

  test('a hundred times a second is read about once a second', async () => {
    const id = await makeVpc('busy');
    await visitAs(owner, '/vpcs', async (page) => {
      await page.getByRole('link', { name: 'busy' }).waitFor();
      await page.waitForTimeout(1_500);
      let calls = 0;
      page.on('request', (request) => {
        if (new URL(request.url()).pathname === '/vpcs') calls++;
      });
      const began = performance.now();
      for (let second = 0; second < 5; second++) {
        await api.owner.query(
          `with made as (insert into events (id, tenant_id, actor, event_type, resource_id, resource_type, metadata, changes)
             select gen_random_uuid(), $1, 'system:vpc', 'VPC_UPDATE', $2, 'vpc', '{}',
               jsonb_build_object('name', jsonb_build_object('from', 'busy', 'to', 'busy-' || $3::int || '-' || n))
             from generate_series(1, 100) n returning 1)
           select pg_notify('cloud_events', $1::text || ' ' || $2::text) from (select count(*) from made) counted`,
          [owner.tenantId, id, second],
        );
        await page.waitForTimeout(1_000);
      }
      const seconds = (performance.now() - began) / 1_000;
      expect(calls).toBeGreaterThan(1);
      expect(calls).toBeLessThan(seconds + 3);
    });
  });

  test('a role that is taken away takes its buttons along, and gives them back', async () => {
    const member = await api.makeMember(owner.tenantId, 'admin');
    const give = async (role: string) =>
      expect((await api.call('members.update', { tenant: 'current', member: member.userId, role }, owner)).status).toBe(
        200,
      );
    await visitAs(member, '/vpcs', async (page) => {
      const create = page.getByRole('link', { name: /^Create a VPC/ });
      await create.waitFor();
      await give('viewer');
      await create.waitFor({ state: 'detached' });
      await give('admin');
      await create.waitFor();
    });
  });

  test('a deletion is told where the item is open, with the way on', async () => {
    const { data: role } = await api.call('roles.create', { name: 'short-lived' }, owner);
    await visitAs(
      owner,
      `/roles/${role.id as string}`,
      async (page) => {
        await page.getByRole('heading', { level: 1, name: 'short-lived' }).waitFor();
        await page.waitForTimeout(1_000);
        await api.call('roles.delete', { id: role.id }, owner);
        await page.getByRole('heading', { level: 1, name: 'short-lived was deleted' }).waitFor();
        await page.getByRole('button', { name: 'All roles' }).click();
        await page.getByRole('heading', { level: 1, name: 'Roles' }).waitFor();
      },
      [/^404: GET/],
    );
  });
});

describe('the pages of activity', { timeout: 60_000 }, () => {
  test('events come on top, wait while the page is paused, and say what changed', async () => {
    const id = await makeVpc('calm');
    await visitAs(owner, '/events', async (page) => {
      const rows = page.getByRole('row');
      await rows.filter({ hasText: 'calm' }).first().waitFor();
      await rename(id, 'lively');
      await rows.nth(1).filter({ hasText: 'Name: calm → lively' }).waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      await rename(id, 'quiet');
      await page.getByRole('button', { name: 'Go on (1 new)' }).click();
      await rows.nth(1).filter({ hasText: 'lively → quiet' }).waitFor();
      await page.getByRole('button', { name: /^Filters/ }).click();
      await page.getByLabel('Action').fill('VPC_CREATE');
      await page.waitForURL(/action=VPC_CREATE/);
      await rows.nth(1).filter({ hasText: 'VPC create' }).waitFor();
      expect(await rows.filter({ hasText: 'VPC update' }).count()).toBe(0);
    });
  });

  test('the audit trail is filtered, and downloaded without a secret in an address', async () => {
    const viewer = await api.makeMember(owner.tenantId, 'viewer');
    await api.call('vpcs.create', { name: 'not-allowed' }, viewer);
    await visitAs(owner, '/audit?outcome=refused', async (page) => {
      const refused = page.getByRole('row').filter({ hasText: 'vpc.create' }).first();
      await refused.waitFor();
      expect(
        await page.getByRole('row').filter({ hasText: 'allowed' }).filter({ hasNotText: 'not-allowed' }).count(),
      ).toBe(0);
      await page.getByRole('button', { name: 'Export' }).click();
      const waiting = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download' }).click();
      const file = await waiting;
      expect(file.url()).toMatch(/^blob:/);
      const lines = readFileSync(await file.path(), 'utf8')
        .trim()
        .split('\n');
      expect(JSON.parse(lines[0]!)).toMatchObject({ type: 'export', tenant_id: owner.tenantId });
      expect(JSON.parse(lines.at(-1)!)).toEqual({
        type: 'end',
        rows: lines.filter((line) => line.startsWith('{"type":"row"')).length,
      });
    });
  });
});
