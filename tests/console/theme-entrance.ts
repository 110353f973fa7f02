import { describe, expect, test } from 'vitest';
import { createClient } from '../../packages/testkit/src/platform-api.ts';
import { codeOfStep, stepAt } from '../../packages/server/src/services/identity/totp.ts';
import { fillLogin, logIn, settle } from './act.ts';
import type { Visitor } from './browser.ts';
import type { Use } from './stage.ts';
import { enter } from './world.ts';

/** How people come in, look after their account, and get keys for their programs. */
export function describeEntrance(use: Use): void {
  describe('the entrance and the account', () => {
    const at = (path: string): string => `${use().platform.address}/console${path}`;
    const visit = (act: (visitor: Visitor) => Promise<void>): Promise<void> =>
      use().browser.visit(use().platform.address, async (visitor) => {
        visitor.allow(/^401: GET \S+\/tenants/);
        await act(visitor);
      });

    test('a second factor is enrolled by its code, and the next login asks for it', async () => {
      const person = await enter(use().platform, { name: 'Noor Haddad', email: 'noor@harbour.example' });
      await visit(async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, person);
        await page.goto(at('/account?tab=second-factor'));
        await page.getByLabel('Your password').fill(person.password);
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('img', { name: /^QR code/ }).waitFor();
        const secret = (await page.locator('main code').first().innerText()).replaceAll(' ', '');
        const step = stepAt(Date.now());
        await page.getByLabel('Code', { exact: true }).fill(codeOfStep(secret, step));
        await page.getByRole('button', { name: 'Confirm' }).click();
        const codes = page.getByRole('dialog', { name: 'Your recovery codes' });
        await codes.waitFor();
        expect(await codes.getByRole('listitem').count()).toBe(10);
        const recovery = await codes.getByRole('listitem').first().locator('code').innerText();
        await codes.getByRole('button', { name: 'I have kept them' }).click();
        await page.getByText('10 recovery codes are left').waitFor();

        await page.getByRole('button', { name: /^Your account/ }).click();
        await page.getByRole('menuitem', { name: 'Log out' }).click();
        visitor.allow(/^40[01]: POST \S+\/auth\/login/);
        await fillLogin(page, person);
        await page.getByLabel('Code', { exact: true }).fill(recovery);
        await page.getByRole('button', { name: 'Confirm' }).click();
        await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      });
    });

    test('the link of a reset leaves no token in the address, and its password is the new one', async () => {
      const { people } = use().world();
      const person = await enter(use().platform, { name: 'Ines Duarte', email: 'ines@harbour.example' });
      const { token } = await people.operator.client.ask('POST', `/operator/users/${person.email}/issue-reset`);
      await visit(async ({ page, allow }) => {
        await page.goto(at(`/reset-password#token=${token}`));
        await page.getByRole('heading', { name: 'Choose a new password' }).waitFor();
        expect(page.url()).toBe(at('/reset-password'));
        allow(/^400: POST \S+\/auth\/reset-password/);
        await page.getByLabel('New password').fill('weak weak');
        await page.getByRole('button', { name: 'Change the password' }).click();
        await page.getByText(/too easy to guess/).waitFor();
        await page.getByLabel('New password').fill('another long pass phrase');
        await page.getByRole('button', { name: 'Change the password' }).click();
        await page.getByRole('link', { name: 'Log in with the new password' }).click();
        await fillLogin(page, { email: person.email, password: 'another long pass phrase' });
        await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      });
    });

    test('somebody who is invited registers, and comes back to the invitation of the mail', async () => {
      const { people, tenant } = use().world();
      const email = 'sam@harbour.example';
      await people.owner.client.ask('POST', `/tenants/${tenant.id}/invitations`, { email, role: 'viewer' });
      const waiting = await people.operator.client.ask('GET', '/operator/mails?limit=100');
      const texts: string[] = [];
      for (const { id } of waiting)
        texts.push((await people.operator.client.ask('POST', `/operator/mails/${id}/take`)).text);
      const link = texts
        .filter((text) => text.includes("'Harbour Books'"))
        .map((text) => /http\S+\/console(\/invitation#\S+)/.exec(text)?.[1])
        .at(-1)!;
      await visit(async ({ page }) => {
        await page.goto(at(link));
        await page.getByText('You are invited to a tenant').waitFor();
        expect(page.url()).not.toContain('token');
        await page.getByRole('link', { name: 'Register' }).click();
        await page.getByLabel('Name').fill('Sam Petrov');
        await page.getByLabel('E-mail address').fill(email);
        await page.getByLabel('Password').fill('a long pass phrase');
        await page.getByRole('button', { name: 'Register' }).click();
        await page.getByRole('button', { name: 'Accept' }).click();
        await page.getByRole('button', { name: `Tenant: ${tenant.name}` }).waitFor();
        expect(page.url()).toContain(`/t/${tenant.slug}`);
      });
    });

    test('a key is limited, shown once, and works', async () => {
      const { people, tenant } = use().world();
      await visit(async (visitor) => {
        const { page, address } = visitor;
        await logIn(visitor, people.owner);
        await page.goto(at(`/t/${tenant.slug}/keys/new`));
        await page.getByLabel('Name').fill('metrics');
        await page.getByLabel('Only what you tick').check();
        await page.getByRole('button', { name: 'Only reading' }).click();
        await page.getByRole('button', { name: 'Create the key' }).click();
        await page.getByText('Copy them now').waitFor();
        const key = await page.getByText(/^thecloud_[0-9a-f]{32}$/).innerText();
        await page.getByRole('button', { name: 'AWS environment' }).click();
        await page.getByText(/AWS_ENDPOINT_URL=http/).waitFor();
        await page.getByRole('button', { name: 'I have copied it' }).click();
        await page.getByRole('link', { name: 'metrics' }).click();
        await page.getByText('export CLOUD_API_KEY=<key>').waitFor();
        expect(await page.content()).not.toContain(key);
        const program = createClient(address, key);
        expect((await program.call('GET', '/instances')).status).toBe(200);
        expect((await program.call('POST', '/vpcs', { name: 'mine' })).code).toBe('FORBIDDEN');
      });
    });

    test('a key is rotated, and the new one stays on the screen though the old one is gone', async () => {
      const { people, tenant } = use().world();
      const { id } = await people.owner.client.ask('POST', '/auth/keys', { name: 'to-rotate' });
      await visit(async (visitor) => {
        const { page, address } = visitor;
        visitor.allow(/^404: GET \S+\/auth\/keys\//);
        await logIn(visitor, people.owner);
        await page.goto(at(`/t/${tenant.slug}/keys`));
        await page.getByRole('button', { name: 'Actions on to-rotate' }).click();
        await page.getByRole('menuitem').first().waitFor();
        // The row would go with the old key.
        expect(await page.getByRole('menuitem', { name: 'Rotate' }).count()).toBe(0);
        await page.keyboard.press('Escape');
        await page.goto(at(`/t/${tenant.slug}/keys/${id}`));
        await page.getByRole('button', { name: 'Rotate' }).click();
        const gone = page.waitForResponse((answer) => answer.status() === 404);
        await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
        await gone;
        await page.waitForTimeout(500);
        const key = await page.getByText(/^thecloud_[0-9a-f]{32}$/).innerText();
        expect((await createClient(address, key).call('GET', '/instances')).status).toBe(200);
        await page.getByRole('button', { name: 'I have copied it' }).click();
        await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();
        expect(await page.content()).not.toContain(key);
      });
    });

    test('the first steps tick themselves off as they are done elsewhere', async () => {
      const { client, slug, ...person } = await enter(use().platform, {
        name: 'Olu Adeyemi',
        email: 'olu@harbour.example',
      });
      await visit(async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, person);
        await page.goto(at(`/t/${slug}/`));
        await page.getByText('0 of 4 done').waitFor();
        await client.ask('POST', '/vpcs', { name: 'main' });
        await page.getByText('1 of 4 done').waitFor();
        await page.getByRole('button', { name: 'Dismiss the first steps' }).click();
        await page.reload();
        await settle(page);
        expect(await page.getByText('First steps').count()).toBe(0);
      });
    });

    test('the palette says to screen readers what is chosen; g and a letter go to a page', async () => {
      const { people, tenant } = use().world();
      await visit(async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, people.owner);
        await page.goto(at(`/t/${tenant.slug}/`));
        await settle(page);
        await page.keyboard.press('g');
        await page.keyboard.press('v');
        await page.getByRole('heading', { level: 1, name: 'VPCs' }).waitFor();
        await page.keyboard.press('?');
        await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
        await page.keyboard.press('Escape');
        await page.keyboard.press('/');
        const box = page.getByRole('combobox', { name: /^Search/ });
        await box.fill('web-1');
        await page.getByRole('option', { name: /^web-1/ }).waitFor();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowUp');
        const chosen = page.getByRole('option', { selected: true });
        expect(await chosen.getAttribute('id')).toBe(await box.getAttribute('aria-activedescendant'));
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { level: 1, name: /^web-1/ }).waitFor();
        // What can be done here comes first.
        await page.keyboard.press('Control+k');
        await page
          .getByRole('group', { name: 'On this page' })
          .getByRole('option', { name: /Delete/ })
          .waitFor();
      });
    });
  });
}
