import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';
import { type Actor, PASSWORD, uniqueWord } from '../../packages/server/src/testing/test-api.ts';
import { ensureConsole } from '../../scripts/console.mjs';
import { findBarriers } from './accessibility.ts';
import { settle, wear } from './act.ts';
import { startBrowser, type Visitor } from './browser.ts';

const { api, owner } = await setUpApi({ consoleDir: await ensureConsole({ say: () => undefined }) });
const operator = await api.makeActor({ platformRole: 'admin' });
const browser = await startBrowser();
afterAll(() => browser.close());

const slugOf = async (tenantId: string): Promise<string> => {
  const { rows } = await api.owner.query<{ slug: string }>('select slug from tenants where id = $1', [tenantId]);
  return rows[0]!.slug;
};
const place = async (actor: Pick<Actor, 'tenantId'>, path: string): Promise<string> =>
  `${api.url}/console/t/${await slugOf(actor.tenantId)}${path}`;

/** A visit of somebody who is logged in. */
const visit = (actor: Pick<Actor, 'email'>, act: (visitor: Visitor) => Promise<void>): Promise<void> =>
  browser.visit(api.url, async (visitor) => {
    const answer = await visitor.context.request.post(`${api.url}/auth/login`, {
      headers: { 'x-cloud-console': '1', origin: api.url },
      data: { email: actor.email, password: PASSWORD },
    });
    expect(answer.status()).toBe(200);
    await act(visitor);
  });
const isGone = (page: Page, name: string) => page.getByRole('link', { name }).first().waitFor({ state: 'detached' });
const roleNow = async (of: Actor): Promise<string> =>
  (await api.call('members.get', { tenant: 'current', member: of.userId }, owner)).data.role as string;

describe('members in the browser', () => {
  test('are invited, accept, and lose their buttons without a reload when their role changes', async () => {
    const guest = await api.makeActor();
    await visit(owner, async ({ page }) => {
      await page.goto(await place(owner, '/members'));
      await page.getByRole('button', { name: 'Invite somebody' }).click();
      await page.getByLabel('E-mail address').fill(guest.email);
      await page.getByLabel('Role', { exact: true }).selectOption('developer');
      await page.getByRole('dialog').getByRole('button', { name: 'Invite', exact: true }).click();
      await page.getByRole('tab', { name: 'Invitations (1)', selected: true }).waitFor();
      await page.getByRole('table').getByText(guest.email).waitFor();

      await visit(guest, async ({ page: theirs }) => {
        await theirs.goto(`${api.url}/console/invitation`);
        await theirs.getByRole('button', { name: 'Accept' }).click();
        await theirs.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
        await page.getByText('Nobody is invited').waitFor();
        await theirs.goto(await place(owner, '/vpcs'));
        await theirs.getByRole('link', { name: 'Create a VPC' }).first().waitFor();
        await theirs.evaluate('globalThis.neverReloaded = true');

        await page.getByRole('tab', { name: /^Members/ }).click();
        const row = page.getByRole('row').filter({ hasText: guest.email });
        await row.getByRole('combobox').selectOption('viewer');
        await page.getByText('is viewer now').waitFor();
        expect(await roleNow(guest)).toBe('viewer');

        await isGone(theirs, 'Create a VPC');
        expect(await theirs.evaluate('globalThis.neverReloaded')).toBe(true);
      });
    });
  });

  test('include an owner: the last one stays, and the sentence of the API says why', async () => {
    const alone = await api.makeActor();
    await visit(alone, async (visitor) => {
      const { page } = visitor;
      visitor.allow(/^409: PATCH /);
      await page.goto(await place(alone, '/members'));
      await page.getByRole('combobox', { name: /^Role of/ }).selectOption('viewer');
      await page.getByRole('dialog').getByRole('button', { name: 'Become viewer' }).click();
      await page.getByText('A tenant needs an owner, and this is the last one').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      expect(await page.getByRole('combobox', { name: /^Role of/ }).inputValue()).toBe('owner');
    });
  });

  test('are removed only by who types their name', async () => {
    const leaver = await api.makeMember(owner.tenantId, 'viewer');
    await visit(owner, async ({ page }) => {
      await page.goto(await place(owner, '/members'));
      const row = page.getByRole('row').filter({ hasText: leaver.email });
      await row.getByRole('button', { name: /^Actions on/ }).click();
      await page.getByRole('menuitem', { name: 'Remove from the tenant' }).click();
      const remove = page.getByRole('dialog').getByRole('button', { name: 'Remove' });
      expect(await remove.isDisabled()).toBe(true);
      await page.getByRole('dialog').getByRole('textbox').fill(leaver.email);
      await remove.click();
      await row.waitFor({ state: 'detached' });
    });
    const left = await api.call('members.get', { tenant: 'current', member: leaver.userId }, owner);
    expect(left.status).toBe(404);
  });

  test('see no control that changes anything, and why, if their role is viewer', async () => {
    const viewer = await api.makeMember(owner.tenantId, 'viewer');
    await visit(viewer, async ({ page }) => {
      await page.goto(await place(owner, '/members'));
      await page.getByText('Your role may see the members, but not change them').waitFor();
      await page.getByRole('row').filter({ hasText: owner.email }).waitFor();
      expect(await page.getByRole('combobox').count()).toBe(0);
      expect(await page.getByRole('button', { name: 'Invite somebody' }).count()).toBe(0);
      await page.goto(await place(owner, '/members?tab=tenant'));
      await page.getByText('Only an owner decides it').waitFor();
      expect(await page.getByRole('button', { name: 'Close the tenant' }).count()).toBe(0);
      expect(await page.getByRole('button', { name: 'Save' }).count()).toBe(0);
    });
  });

  test('stay on the page when the slug of the tenant changes, and see what keeps it from being closed', async () => {
    const boss = await api.makeActor();
    const slug = `moved-${uniqueWord()}`;
    await api.call('vpcs.create', { name: 'left' }, boss);
    await visit(boss, async ({ page }) => {
      await page.goto(await place(boss, '/members?tab=tenant'));
      await page.getByText('It still contains').waitFor();
      expect(await page.getByRole('link', { name: '1 VPC' }).isVisible()).toBe(true);
      expect(await page.getByRole('button', { name: 'Close the tenant' }).isDisabled()).toBe(true);
      await page.getByLabel(/^Slug/).fill(slug);
      await page.getByRole('button', { name: 'Save' }).click();
      await page.waitForURL(`**/t/${slug}/members?tab=tenant`);
      await page.getByText('It still contains').waitFor();
    });
  });
});

describe('the matrix of a role in the browser', () => {
  test('takes effect for who has the role, without a reload', async () => {
    const name = `net-${uniqueWord()}`;
    const { data: role } = await api.call(
      'roles.create',
      { name, permissions: ['vpc:read', 'event:read', 'role:read'] },
      owner,
    );
    const holder = await api.makeMember(owner.tenantId, name);
    await visit(holder, async ({ page: theirs }) => {
      await theirs.goto(await place(owner, '/vpcs'));
      await theirs.getByRole('heading', { level: 1 }).waitFor();
      await visit(owner, async ({ page }) => {
        await page.goto(await place(owner, `/roles/${role.id}`));
        await page.getByRole('checkbox', { name: 'VPC: create' }).check();
        await page.getByText('Adds vpc:create').waitFor();
        expect(await theirs.getByRole('link', { name: 'Create a VPC' }).count()).toBe(0);
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText(`The role ${name} is changed`).waitFor();
      });
      await theirs.getByRole('link', { name: 'Create a VPC' }).first().waitFor();
    });
    expect((await api.call('roles.get', { id: role.id }, owner)).data.permissions).toContain('vpc:create');
  });

  test('keeps what somebody else changes at the same moment', async () => {
    const name = `both-${uniqueWord()}`;
    const { data: role } = await api.call('roles.create', { name, permissions: ['vpc:read'] }, owner);
    await visit(owner, async (visitor) => {
      const { page } = visitor;
      visitor.allow(/^409: PUT /);
      let tries = 0;
      await page.route(`**/rbac/roles/${role.id}`, async (route) => {
        if (route.request().method() === 'PUT' && tries++ === 0)
          await api.call('roles.addPermission', { id: role.id, permission: 'instance:read' }, owner);
        await route.continue();
      });
      await page.goto(await place(owner, `/roles/${role.id}`));
      await page.getByRole('checkbox', { name: 'VPC: create' }).check();
      await page.getByRole('checkbox', { name: 'VPC: delete' }).check();
      await page.getByRole('button', { name: 'Save' }).click();
      await page
        .getByRole('alert')
        .filter({ hasText: /version/ })
        .waitFor();
      await page.getByRole('checkbox', { name: 'Instance: read', checked: true }).waitFor();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText(`The role ${name} is changed`).waitFor();
    });
    const { permissions } = (await api.call('roles.get', { id: role.id }, owner)).data;
    expect(permissions).toEqual(['instance:read', 'vpc:create', 'vpc:delete', 'vpc:read']);
  });

  test('does not let members grant permissions that they lack, nor change a built-in role', async () => {
    const keeper = `keeper-${uniqueWord()}`;
    const held = ['role:read', 'role:create', 'role:update', 'tenant:read', 'vpc:read', 'event:read'];
    await api.call('roles.create', { name: keeper, permissions: held }, owner);
    const person = await api.makeMember(owner.tenantId, keeper);
    await visit(person, async ({ page }) => {
      await page.goto(await place(owner, '/roles/new'));
      const create = page.getByRole('checkbox', { name: 'VPC: create' });
      expect(await create.isDisabled()).toBe(true);
      expect(await create.getAttribute('title')).toBe('You do not have vpc:create, so you cannot give it');
      await page.getByLabel('Name').fill(`${keeper}-2`);
      await page.getByRole('checkbox', { name: 'VPC: read' }).check();
      await page.getByRole('button', { name: 'Create the role' }).click();
      await page.getByRole('heading', { level: 1, name: `${keeper}-2` }).waitFor();
      await page.goto(await place(owner, '/roles/viewer'));
      await page.getByText('nobody can change it').waitFor();
      await page.getByRole('img', { name: 'VPC: read: yes' }).waitFor();
      expect(await page.getByRole('checkbox', { name: /^VPC/ }).count()).toBe(0);
    });
  });
});

describe('an operator in the browser', () => {
  test('suspends a user, whose next click says so', async () => {
    const user = await api.makeActor();
    const reason = 'Sent spam from three instances';
    await visit(user, async (visitor) => {
      const { page: theirs } = visitor;
      visitor.allow(/^40[13]: /);
      await theirs.goto(await place(user, '/vpcs'));
      await theirs.getByRole('heading', { level: 1 }).waitFor();
      await visit(operator, async ({ page }) => {
        await page.goto(await place(operator, `/admin-users/${user.email}`));
        expect(await page.getByRole('button', { name: 'Unlock' }).count()).toBe(0);
        await page.getByRole('button', { name: 'Suspend' }).click();
        await page.getByRole('dialog').getByLabel('Reason').fill(reason);
        await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click();
        await page.getByRole('button', { name: 'Resume' }).waitFor();
      });
      await theirs.getByRole('link', { name: 'Create a VPC' }).first().click();
      await theirs.getByLabel('Name').first().fill('late');
      await theirs.locator('main button[type=submit]').click();
      await theirs.getByText(reason).first().waitFor();
    });
  });

  test('sets a quota of a tenant, which its members see', async () => {
    await visit(operator, async ({ page }) => {
      await page.goto(await place(operator, `/admin-tenants/${owner.tenantId}`));
      await page.getByRole('button', { name: 'Set the quota of VPCs' }).click();
      await page.getByRole('dialog').getByLabel(/^Max/).fill('7');
      await page.getByRole('dialog').getByRole('button', { name: 'Set' }).click();
      await page.getByRole('meter', { name: 'VPCs' }).and(page.locator('[aria-valuemax="7"]')).waitFor();
    });
    await visit(owner, async ({ page }) => {
      await page.goto(await place(owner, '/quotas'));
      await page.getByRole('meter', { name: 'VPCs' }).and(page.locator('[aria-valuemax="7"]')).waitFor();
    });
  });

  test('takes a mail that nobody sends, and keeps it on the screen', async () => {
    const email = `${uniqueWord()}@example.com`;
    await api.call('invitations.create', { tenant: 'current', email, role: 'viewer' }, owner);
    await visit(operator, async ({ page }) => {
      await page.goto(await place(operator, '/admin-mails'));
      await page
        .getByRole('button', { name: /^Take the mail/ })
        .first()
        .click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Take', exact: true }).click();
      await dialog.getByText('cloud invitations accept').waitFor();
      await page.waitForTimeout(500);
      expect(await dialog.getByText(email).isVisible()).toBe(true);
    });
  });

  test('sets a setting by the control that fits, and back', async () => {
    await visit(operator, async (visitor) => {
      const { page } = visitor;
      visitor.allow(/^400: PUT /);
      await page.goto(await place(operator, '/settings'));
      await page.getByRole('button', { name: 'Set session_hours' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Value').fill('0');
      await dialog.getByRole('button', { name: 'Set', exact: true }).click();
      await dialog.getByRole('alert').waitFor();
      await dialog.getByLabel('Value').fill('12');
      await dialog.getByRole('button', { name: 'Set', exact: true }).click();
      await page.getByText(/; default: 24/).waitFor();
      await page.getByRole('button', { name: 'Set session_hours' }).click();
      await dialog.getByRole('button', { name: 'Set back to the default' }).click();
      await page.getByText(/; default: 24/).waitFor({ state: 'detached' });
    });
  });
});

describe('the pages of teams and operators', () => {
  const PAGES = [
    ['/members', '/members?tab=invitations', '/members?tab=tenant', '/roles', '/roles?tab=compare'],
    ['/roles/developer', '/roles/new', '/quotas', '/admin-users', '/admin-tenants', '/hosts', '/hosts/test-host'],
    ['/work', '/settings', '/admin-mails', '/health'],
  ].flat();

  test('keep nobody out, light and dark, and fit a phone', { timeout: 120_000 }, async () => {
    const found: string[] = [];
    await api.owner.query('update users set name = $2 where id = $1', [operator.userId, '<script>alert(1)</script>']);
    await api.makeMember(operator.tenantId, 'viewer');
    await visit(operator, async ({ page }) => {
      for (const path of PAGES) {
        await page.setViewportSize({ width: 375, height: 812 });
        await page.goto(await place(operator, path));
        await settle(page);
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        if (width > 375) found.push(`${path}: ${width} pixels wide`);
        await page.setViewportSize({ width: 1280, height: 800 });
        for (const colorScheme of ['light', 'dark'] as const) {
          await wear(page, colorScheme);
          found.push(...(await findBarriers(page)).map((line) => `${path} ${colorScheme}: ${line}`));
        }
      }
    });
    expect(found).toEqual([]);
  });
});
